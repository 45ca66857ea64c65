import assert from 'node:assert/strict';
import {join} from 'node:path';
import {test} from 'node:test';
import {isProblem} from '../../../../src/errors.ts';
import {pythonLibrary} from '../../../../src/runtimes/python/program.ts';
import {servePython} from '../../../../src/runtimes/python/start/serve.ts';
import type {ServeSources, ServeValues} from '../../../../src/runtimes/serve.ts';
import {directoryWith} from '../../../support/directory.ts';
import {noPath, venv} from './place.ts';

const values: ServeValues = {workers: 3, reload: false};
const pyproject =
  '[tool.entrypoint]\nmodule = "shop.server:app"  # WSGI\nasgi_module = \'shop.server:asgi_app\'\n[tool.other]\nmodule = "no"\n';
const shop = directoryWith({'pyproject.toml': pyproject, ...venv('gunicorn', 'uwsgi')});

interface Surroundings {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  readonly rest?: readonly string[];
  readonly sources?: ServeSources;
}

function served(given: ServeValues, {cwd = shop, env = {}, rest = [], sources = {}}: Surroundings): readonly string[] {
  const command = servePython({cwd, env: {...noPath, ...env}, rest}, given, sources);
  assert.ok('words' in command);
  return command.words;
}

/** Without the directory in memory, which not every machine has. */
function words(given: ServeValues = {}, surroundings: Surroundings = {}): readonly string[] {
  const all = served({...values, ...given}, surroundings);
  const at = all.indexOf('--worker-tmp-dir');
  return at === -1 ? all : all.toSpliced(at, 2);
}

const variable = (name: string): {from: 'variable'; name: string} => ({from: 'variable', name});

const after = (list: readonly string[], flag: string): string | undefined =>
  list.includes(flag) ? list[list.indexOf(flag) + 1] : undefined;

test('gunicorn of the virtual environment gets every setting by its own flag', () => {
  const given = {
    workerClass: 'gthread',
    threads: 8,
    timeout: 60,
    maxRequests: 1000,
    maxRequestsJitter: 50,
    maxConnections: 200,
    backlog: 100,
    accessLog: true,
    reload: true,
  };
  assert.deepEqual(words(given), [
    '.venv/bin/gunicorn',
    '--bind',
    '0.0.0.0:3000',
    '--workers',
    '3',
    '--worker-class',
    'gthread',
    '--threads',
    '8',
    '--timeout',
    '60',
    '--graceful-timeout',
    '25',
    '--keep-alive',
    '75',
    '--worker-connections',
    '200',
    '--backlog',
    '100',
    '--max-requests',
    '1000',
    '--max-requests-jitter',
    '50',
    '--access-logfile',
    '-',
    '--reload',
    '--pythonpath',
    pythonLibrary(),
    '--logger-class',
    'entrypoint_logging.JsonLogger',
    'shop.server:app',
  ]);
});

test('heartbeats are in memory if the machine has such a directory', () => {
  assert.equal(after(served(values, {}), '--worker-tmp-dir'), process.platform === 'linux' ? '/dev/shm' : undefined);
});

test('every setting reaches gunicorn by the flag that means it', () => {
  const flags = {
    bind: '--bind',
    backlog: '--backlog',
    workers: '--workers',
    threads: '--threads',
    timeout: '--timeout',
    gracefulTimeout: '--graceful-timeout',
    keepAlive: '--keep-alive',
    maxConnections: '--worker-connections',
    maxRequests: '--max-requests',
    maxRequestsJitter: '--max-requests-jitter',
  } as const;
  for (const [name, flag] of Object.entries(flags)) {
    const value = name === 'bind' ? '127.0.0.1:1' : 41;
    assert.equal(after(words({[name]: value}), flag), String(value), name);
  }
  assert.equal(after(words({accessLog: true}), '--access-logfile'), '-');
  assert.ok(words({reload: true}).includes('--reload'));
});

test('settings that are not given are left to gunicorn', () => {
  for (const flag of ['--threads', '--timeout', '--max-requests', '--backlog', '--access-logfile', '--reload'])
    assert.ok(!words().includes(flag), flag);
});

test('one variable chooses the ASGI application and its worker', () => {
  assert.equal(words().at(-1), 'shop.server:app');
  const uvicorn = words({workerClass: 'uvicorn'});
  assert.equal(after(uvicorn, '--worker-class'), 'uvicorn_worker.UvicornWorker');
  assert.equal(uvicorn.at(-1), 'shop.server:asgi_app');
  assert.equal(words({workerClass: 'asgi'}).at(-1), 'shop.server:asgi_app');
  assert.equal(words({workerClass: 'gevent'}).at(-1), 'shop.server:app');
});

test('uWSGI serves the same application, drains at SIGTERM and logs JSON', () => {
  const list = words({
    appServer: 'uwsgi',
    workerClass: 'uvicorn',
    timeout: 60,
    threads: 2,
    maxRequests: 9,
    maxRequestsJitter: 3,
    backlog: 7,
  });
  assert.equal(list[0], '.venv/bin/uwsgi');
  const expected = {
    '--http-socket': '0.0.0.0:3000',
    '--processes': '3',
    '--threads': '2',
    '--harakiri': '60',
    '--worker-reload-mercy': '25',
    '--max-requests': '9',
    '--max-requests-delta': '3',
    '--listen': '7',
    '--module': 'shop.server:app',
    '--hook-master-start': 'unix_signal:15 gracefully_kill_them_all',
  };
  for (const [flag, value] of Object.entries(expected)) assert.equal(after(list, flag), value, flag);
  assert.ok(list.includes('--disable-logging'));
  assert.ok(!words({appServer: 'uwsgi', accessLog: true}).includes('--disable-logging'));
  assert.equal(after(words({appServer: 'uwsgi', reload: true}), '--py-autoreload'), '1');
});

test('gthread has four threads by default, an IPv6 address its brackets, and a fraction is rounded up', () => {
  assert.equal(after(words({workerClass: 'gthread'}), '--threads'), '4');
  assert.equal(after(words({host: '::'}), '--bind'), '[::]:3000');
  assert.equal(after(words({bind: ['unix:/tmp/s'], port: 1}), '--bind'), 'unix:/tmp/s');
  assert.equal(after(words({timeout: 1.5}), '--timeout'), '2');
});

const valuesOf = (list: readonly string[], flag: string): readonly (string | undefined)[] =>
  list.flatMap((word, at) => (word === flag ? [list[at + 1]] : []));

test('several addresses are passed on one by one, and only those of the strongest source', () => {
  const bind = ['0.0.0.0:80', '[::1]:80', 'unix:/tmp/s'];
  assert.deepEqual(valuesOf(words({bind}), '--bind'), bind);
  assert.deepEqual(valuesOf(words({bind, appServer: 'uwsgi'}), '--http-socket'), ['0.0.0.0:80', '[::1]:80', '/tmp/s']);
  const env = {APP_SERVER_CMD_ARGS: '--preload --bind=:1 -b :2 -b:3 --bind :4 --backlog=5'};
  assert.deepEqual(valuesOf(words({}, {env}), '--bind'), [':4']);
  const sources = {bind: {from: 'flag', flag: '--bind'}} as const;
  const list = words({bind: [':9']}, {env, sources});
  assert.deepEqual(valuesOf(list, '--bind'), ['0.0.0.0:9']);
  assert.deepEqual(
    list.filter((word) => /^-b|^:|--preload|--backlog/.test(word)),
    ['--preload', '--backlog=5'],
  );
  assert.deepEqual(valuesOf(words({}, {rest: ['--bind', ':7']}), '--bind'), [':7']);
});

test('words of APP_SERVER_CMD_ARGS come after variables and before the command line', () => {
  const env = {
    WEB_CONCURRENCY: '2',
    ENTRYPOINT_RUN_TIMEOUT: '5',
    APP_SERVER_CMD_ARGS: " --preload  --workers 7 --name 'a b' ",
  };
  const list = words(
    {workers: 2, timeout: 6},
    {
      env,
      rest: ['--workers', '8'],
      sources: {workers: variable('WEB_CONCURRENCY'), timeout: {from: 'flag', flag: '--timeout'}},
    },
  );
  assert.deepEqual(list.slice(-10), [
    '--preload',
    '--workers',
    '7',
    '--name',
    'a b',
    '--timeout',
    '6',
    '--workers',
    '8',
    'shop.server:app',
  ]);
  assert.equal(after(list, '--workers'), '2');
});

test('a flag overrides APP_SERVER_CMD_ARGS, even if a variable has the same value', () => {
  const env = {WEB_CONCURRENCY: '2', APP_SERVER_CMD_ARGS: '--workers 7'};
  const list = words({workers: 2}, {env, sources: {workers: {from: 'flag', flag: '--workers'}}});
  assert.deepEqual(list.slice(-5), ['--workers', '7', '--workers', '2', 'shop.server:app']);
});

test('a port on the command line overrides an address in a variable', () => {
  const env = {ENTRYPOINT_RUN_BIND: '127.0.0.1:1', PORT: '2'};
  const sources = {bind: variable('ENTRYPOINT_RUN_BIND'), port: variable('PORT')};
  assert.equal(after(words({bind: ['127.0.0.1:1'], port: 2}, {env, sources}), '--bind'), '127.0.0.1:1');
  assert.equal(
    after(words({bind: ['127.0.0.1:1'], port: 4}, {env, sources: {bind: sources.bind}}), '--bind'),
    '127.0.0.1:4',
  );
});

test('async is the ASGI worker if there is such an application, else gevent, and is refused without both', () => {
  assert.equal(after(words({workerClass: 'async'}), '--worker-class'), 'asgi');
  const gevent = directoryWith({
    'app.py': 'app = 1\n',
    '.venv/lib/python3.13/site-packages/gevent/__init__.py': '',
    ...venv('gunicorn'),
  });
  assert.equal(after(words({workerClass: 'async'}, {cwd: gevent}), '--worker-class'), 'gevent');
  const neither = directoryWith({'app.py': 'app = 1\n', ...venv('gunicorn')});
  assert.throws(
    () => words({workerClass: 'async'}, {cwd: neither}),
    (error) => isProblem(error) && error.code === 'no_async_worker' && error.exitCode === 69,
  );
});

/** The errors for settings that are refused. */
function wrong(given: Partial<ServeValues>): string {
  try {
    words(given);
  } catch (error) {
    if (isProblem(error) && error.exitCode === 64) return [error.message, ...error.details].join('\n');
    throw error;
  }
  return '';
}

test('all wrong values, and all settings without an equivalent in the server, are reported at once', () => {
  const text = wrong({workers: 0, timeout: -1, maxRss: 100, dispatch: 'rr'});
  for (const part of [
    '--workers must be a whole number from 1 to 1024, not 0',
    '--timeout must be a number from 0 to 86400, not -1',
    'gunicorn has no equivalent of --max-rss',
    'gunicorn has no equivalent of --dispatch',
  ])
    assert.ok(text.includes(part), part);
  assert.match(wrong({appServer: 'uwsgi', keepAlive: 5}), /keep-alive/);
  assert.equal(wrong({drainDelay: 0, dispatch: 'shared'}), '');
});

test('sizes and the other settings of uWSGI come in its units', () => {
  const list = words({
    appServer: 'uwsgi',
    maxBodySize: '10m',
    maxHeaderSize: '64k',
    maxRss: 300,
    bind: ['unix:/tmp/s'],
    dispatch: 'reuseport',
  });
  assert.deepEqual(
    ['--limit-post', '--buffer-size', '--reload-on-rss', '--http-socket'].map((flag) => after(list, flag)),
    ['10485760', '65536', '300', '/tmp/s'],
  );
  assert.ok(list.includes('--reuse-port'));
  assert.equal(after(words({appServer: 'uwsgi'}), '--buffer-size'), '32768');
});

test('the worker class of pyproject.toml holds unless another one is given', () => {
  const cwd = directoryWith({
    'pyproject.toml': '[tool.entrypoint]\nmodule = "a:b"\nworker_class = "asgi"\n',
    ...venv('gunicorn'),
  });
  assert.equal(after(words({}, {cwd}), '--worker-class'), 'asgi');
  assert.equal(after(words({workerClass: 'sync'}, {cwd}), '--worker-class'), 'sync');
});

test('without settings, the application is found in a usual file, and src/ can be imported from', () => {
  const cwd = directoryWith({
    'wsgi.py': 'x = 1\napplication = make()\n',
    'src/shop/__init__.py': '',
    ...venv('gunicorn'),
  });
  const list = words({}, {cwd});
  assert.equal(list.at(-1), 'wsgi:application');
  assert.equal(after(list, '--pythonpath'), `${join(cwd, 'src')},${pythonLibrary()}`);
  assert.equal(words({module: 'other:app'}, {cwd}).at(-1), 'other:app');
  const plain = directoryWith({'app.py': 'async def app(scope, receive, send):\n', ...venv('gunicorn')});
  assert.equal(words({}, {cwd: plain}).at(-1), 'app:app');
});

const manage = (settings: string): string => `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "${settings}")\n`;

test('the application of a Django project is the one beside its settings', () => {
  const mysite = {'mysite/wsgi.py': '', 'mysite/asgi.py': '', ...venv('gunicorn')};
  const cwd = directoryWith({'manage.py': manage('mysite.settings'), ...mysite});
  assert.equal(words({}, {cwd}).at(-1), 'mysite.wsgi:application');
  assert.equal(words({workerClass: 'asgi'}, {cwd}).at(-1), 'mysite.asgi:application');
  const nested = directoryWith({'manage.py': manage('mysite.settings.production'), ...mysite});
  assert.equal(words({}, {cwd: nested}).at(-1), 'mysite.wsgi:application');
});

test('it reloads on a laptop, with few workers, and not in an image', () => {
  const laptop = words({reload: undefined, workers: undefined});
  assert.ok(laptop.includes('--reload'));
  assert.ok(Number(after(laptop, '--workers')) <= 2);
  assert.ok(!words({reload: undefined}, {env: {ENTRYPOINT_RUN_RELOAD: 'false'}}).includes('--reload'));
});

test('a missing application and a missing server are errors with a fix', () => {
  const without = directoryWith({'pyproject.toml': '', ...venv('gunicorn')});
  assert.throws(
    () => words({}, {cwd: without}),
    (error) => isProblem(error) && error.code === 'no_server_module' && error.exitCode === 65,
  );
  assert.throws(
    () => words({appServer: 'uwsgi'}, {cwd: without}),
    (error) =>
      isProblem(error) && error.code === 'no_server' && error.exitCode === 69 && /pyuwsgi/.test(error.fix ?? ''),
  );
});

test('short names count as for Node: with a warning, and not if their value means something else', () => {
  const env = {
    ...noPath,
    HOST: 'my-laptop',
    TIMEOUT: '5',
    MAX_RSS: '100',
    APP_SERVER: 'uwsgi',
    APP_MODULE: 'shop.other:app',
  };
  const found = servePython({cwd: shop, env, rest: []}, {}, {});
  assert.ok('words' in found);
  assert.equal(found.words[0], '.venv/bin/uwsgi');
  assert.equal(after(found.words, '--harakiri'), '5');
  assert.equal(after(found.words, '--http-socket'), '0.0.0.0:3000');
  assert.equal(found.words.at(-1), 'shop.other:app');
  assert.match(
    found.warning ?? '',
    /^deprecated environment variables: APP_MODULE, APP_SERVER, HOST \(ignored: not an IP address\), TIMEOUT, MAX_RSS\nfix: /,
  );
  const gunicorn = servePython({cwd: shop, env: {...noPath, MAX_RSS: '100'}, rest: []}, values, {});
  assert.match(gunicorn.warning ?? '', /MAX_RSS \(ignored: gunicorn has no equivalent\)/);
});

test('the reload engine and the extra files are passed on', () => {
  const list = words({reload: true, reloadEngine: 'poll', reloadExtraFile: ['a.html', 'b.yaml']});
  assert.equal(after(list, '--reload-engine'), 'poll');
  const at = list.indexOf('--reload-extra-file');
  assert.deepEqual(list.slice(at, at + 4), ['--reload-extra-file', 'a.html', '--reload-extra-file', 'b.yaml']);
  assert.equal(after(words({appServer: 'uwsgi', reloadExtraFile: ['a.html']}), '--touch-reload'), 'a.html');
});

import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {isProblem} from '../../../../src/errors.ts';
import {pythonLibrary} from '../../../../src/runtimes/python/program.ts';
import {servePython} from '../../../../src/runtimes/python/start/serve.ts';
import type {ServeValues} from '../../../../src/runtimes/serve.ts';
import {directoryWith} from '../../../support/directory.ts';
import {noPath, venv} from './place.ts';

type Files = Readonly<Record<string, string>>;

const site = '.venv/lib/python3.13/site-packages';
const flask = {'app.py': 'from flask import Flask\napp = Flask(__name__)\n', ...venv('granian')};
const fastapi = {'main.py': 'from fastapi import FastAPI\napp = FastAPI()\n', ...venv('granian', 'uvicorn')};
const watchfiles = {[`${site}/watchfiles/__init__.py`]: ''};
const usual: ServeValues = {workers: 2, reload: false};

const serve = (files: Files, values: ServeValues = {}, env: Files = {}, rest: readonly string[] = []) =>
  servePython({cwd: directoryWith(files), env: {...noPath, ...env}, rest}, {...usual, ...values}, {});

function words(files: Files, values: ServeValues = {}, env: Files = {}, rest: readonly string[] = []) {
  const served = serve(files, values, env, rest);
  assert.ok('words' in served);
  return served.words;
}

function printed(files: Files, env: Files = {}): string {
  const served = serve(files, {printConfig: true}, env);
  assert.ok('text' in served);
  return served.text;
}

const after = (list: readonly string[], flag: string): string | undefined =>
  list.includes(flag) ? list[list.indexOf(flag) + 1] : undefined;
const logs = ['--log-config', `${pythonLibrary()}/granian_logging.json`];

const refusal = (values: ServeValues, files: Files = flask): string => {
  try {
    words(files, values);
  } catch (error) {
    if (isProblem(error)) return [error.exitCode, error.message, ...error.details, error.fix].join('\n');
  }
  return '';
};

/** The interface, the threads and the module of a command line. */
const ways = (list: readonly string[]): readonly (string | undefined)[] => [
  after(list, '--interface'),
  after(list, '--blocking-threads'),
  list.at(-1),
];

describe('granian', () => {
  test('serves a WSGI application in a few threads, and survives a worker that dies', () => {
    const served = serve(flask);
    assert.ok('words' in served);
    assert.deepEqual(served.words, [
      '.venv/bin/granian',
      '--interface',
      'wsgi',
      '--host',
      '0.0.0.0',
      '--port',
      '3000',
      '--workers',
      '2',
      '--blocking-threads',
      '4',
      '--workers-kill-timeout',
      '25',
      '--http1-header-read-timeout',
      '60000',
      '--no-access-log',
      '--respawn-failed-workers',
      ...logs,
      'app:app',
    ]);
    assert.deepEqual(served.env, {PYTHONPATH: pythonLibrary()});
  });

  test('serves an ASGI application in its event loop, before uvicorn, which frameworks bring', () => {
    assert.deepEqual(words(fastapi), [
      '.venv/bin/granian',
      '--interface',
      'asgi',
      '--host',
      '0.0.0.0',
      '--port',
      '3000',
      '--workers',
      '2',
      '--workers-kill-timeout',
      '25',
      '--http1-header-read-timeout',
      '60000',
      '--no-access-log',
      '--respawn-failed-workers',
      ...logs,
      'main:app',
    ]);
    assert.equal(words({...flask, ...venv('gunicorn')})[0], '.venv/bin/gunicorn');
  });

  test('calls a factory, and takes every setting by the flag that means it', () => {
    const factory = 'from flask import Flask\n\n\ndef create_app():\n    return Flask(__name__)\n';
    const list = words(
      {'shop/__init__.py': factory, ...venv('granian'), ...watchfiles},
      {
        bind: ['unix:/tmp/s'],
        socketMode: '660',
        threads: 8,
        gracefulTimeout: 9.5,
        keepAlive: 5,
        maxHeaderSize: '64k',
        maxConnections: 100,
        backlog: 500,
        maxRss: 300,
        accessLog: true,
        reload: true,
        reloadEngine: 'poll',
        reloadExtraFile: ['a.html', '../b.yaml'],
        dispatch: 'reuseport',
      },
    );
    assert.deepEqual(list.slice(3), [
      '--uds',
      '/tmp/s',
      '--workers',
      '2',
      '--blocking-threads',
      '8',
      '--workers-kill-timeout',
      '10',
      '--http1-header-read-timeout',
      '5000',
      '--http1-buffer-size',
      '65536',
      '--backpressure',
      '100',
      '--backlog',
      '500',
      '--uds-permissions',
      '0660',
      '--workers-max-rss',
      '300',
      '--access-log',
      '--reload',
      '--reload-paths',
      '.',
      '--reload-paths',
      'a.html',
      '--reload-paths',
      '../b.yaml',
      '--respawn-failed-workers',
      '--reload-ignore-worker-failure',
      ...logs,
      '--factory',
      'shop:create_app',
    ]);
    assert.ok(words(flask, {keepAlive: 0}).includes('--no-http1-keep-alive'));
    assert.equal(after(words(flask, {host: 'localhost'}), '--host'), '127.0.0.1');
    assert.equal(after(words(flask, {host: '::1'}), '--host'), '::1');
  });

  test('polls for changes by a variable', () => {
    const served = serve({...flask, ...watchfiles}, {reload: true, reloadEngine: 'poll'});
    assert.ok('words' in served);
    assert.equal(served.env?.['WATCHFILES_FORCE_POLLING'], 'true');
  });

  test('takes values that it cannot have from the nearest that it can, with a warning', () => {
    const served = serve(flask, {keepAlive: 80, gracefulTimeout: 0, backlog: 10});
    assert.ok('words' in served);
    assert.equal(after(served.words, '--http1-header-read-timeout'), '60000');
    assert.deepEqual(served.warning?.split('\n'), [
      'granian cannot have --graceful-timeout at 0: 1 is the nearest that it takes',
      'granian cannot have --keep-alive at 80: 60 is the nearest that it takes',
      'granian cannot have --backlog at 10: 128 is the nearest that it takes',
    ]);
  });

  test('refuses what it does not have, with what to do instead', () => {
    const text = refusal({timeout: 5, maxRequests: 9, dispatch: 'rr', forwardedAllowIps: '*', bind: [':1', ':2']});
    for (const name of ['timeout', 'max-requests', 'dispatch', 'forwarded-allow-ips', 'bind'])
      assert.ok(text.includes(`granian has no equivalent of --${name}`), `${name}: ${text}`);
    assert.match(text, /granian\.utils\.proxies/);
    assert.match(refusal({host: 'shop.example'}), /^64\ngranian cannot listen on shop\.example:3000\n.*one IP address/);
    assert.match(refusal({threads: 2}, fastapi), /^64\ngranian has no --threads for an application of ASGI/);
    assert.match(refusal({workerClass: 'async'}), /^69\nthe worker class async needs an ASGI application; app:app/);
    assert.match(
      refusal({reload: true}),
      /^69\ngranian reloads by watchfiles, which is not installed\n.*granian\[reload\]/,
    );
  });

  test('does not reload without watchfiles, and says so', () => {
    const served = serve({...flask, 'requirements.txt': 'granian\n'}, {reload: undefined});
    assert.ok('words' in served);
    assert.ok(!served.words.includes('--reload'));
    assert.match(
      served.warning ?? '',
      /^no restart when a file changes: .*\nfix: add granian\[reload\] to requirements/,
    );
    assert.ok(words({...flask, ...watchfiles}, {reload: undefined}).includes('--reload'));
  });

  test('has the interface that the worker class needs, or that its own words and variables say', () => {
    const both = {
      'pyproject.toml': '[tool.entrypoint]\nmodule = "shop:app"\nasgi_module = "shop:asgi_app"\n',
      ...venv('granian'),
    };
    assert.deepEqual(ways(words(both)), ['wsgi', '4', 'shop:app']);
    assert.deepEqual(ways(words(both, {workerClass: 'async'})), ['asgi', undefined, 'shop:asgi_app']);
    assert.deepEqual(ways(words(both, {workerClass: 'sync'})), ['wsgi', '1', 'shop:app']);
    const args = {APP_SERVER_CMD_ARGS: '--interface=rsgi'};
    assert.deepEqual(ways(words(both, {}, args)), [undefined, undefined, 'shop:app']);
    assert.deepEqual(ways(words(both, {}, {GRANIAN_INTERFACE: 'asginl'})), [undefined, undefined, 'shop:asgi_app']);
    assert.deepEqual(ways(words(both, {}, {}, ['--interface', 'asgi'])), ['asgi', undefined, 'shop:asgi_app']);
  });
});

describe('what a service says about granian itself', () => {
  const line =
    'web: python -m granian --interface wsgi --no-ws --workers 3 --port $PORT --no-access-log shop.web:app\n';

  test('in its Procfile holds, and defaults fill gaps', () => {
    const list = words({...flask, Procfile: line}, {workers: undefined}, {PORT: '5000'});
    assert.deepEqual(list, [
      '.venv/bin/granian',
      '--interface',
      'wsgi',
      '--no-ws',
      '--workers',
      '3',
      '--no-access-log',
      '--host',
      '0.0.0.0',
      '--port',
      '5000',
      '--blocking-threads',
      '4',
      '--workers-kill-timeout',
      '25',
      '--http1-header-read-timeout',
      '60000',
      '--respawn-failed-workers',
      ...logs,
      'shop.web:app',
    ]);
    const text = printed({...flask, Procfile: line});
    assert.match(text, /^server +granian +Procfile\nmodule +shop\.web:app +Procfile\ninterface +wsgi +Procfile$/m);
    assert.match(text, /^access-log +\(computed\) +Procfile$|^access-log .*Procfile/m);
  });

  test('without an interface is RSGI for what is no known framework’s', () => {
    const list = words({...flask, Procfile: 'web: granian shop.web:app\n'});
    assert.ok(!list.includes('--interface') && !list.includes('--blocking-threads'));
    assert.equal(after(words({...flask, Procfile: 'web: granian app:app\n'}), '--interface'), 'wsgi');
  });

  test('in its variables holds', () => {
    const env = {GRANIAN_WORKERS_KILL_TIMEOUT: '9', GRANIAN_LOG_ACCESS_ENABLED: '1', GRANIAN_LOG_CONFIG: 'log.json'};
    const list = words(flask, {}, env);
    for (const flag of ['--workers-kill-timeout', '--no-access-log', '--log-config'])
      assert.ok(!list.includes(flag), flag);
    assert.match(printed(flask, env), /^graceful-timeout +9 +GRANIAN_WORKERS_KILL_TIMEOUT$/m);
  });
});

test('variables of a server and its files count where another server’s file is there as well', () => {
  const both = {...flask, ...venv('gunicorn', 'uwsgi'), 'gunicorn.conf.py': 'workers = 3\n'};
  const uwsgi = {...both, 'uwsgi.ini': '[uwsgi]\nprocesses = 5\n'};
  assert.deepEqual(words(uwsgi, {appServer: 'uwsgi', workers: undefined}).slice(1, 3), ['--ini', 'uwsgi.ini']);
  const gunicorn = {...flask, ...venv('gunicorn')};
  assert.ok(!words(gunicorn, {workers: undefined}, {GUNICORN_CMD_ARGS: '-w 7'}).includes('--workers'));
});

test('the interface of a module that is named is that of its callable', () => {
  const plain = {
    'web.py': 'def app(environ, start):\n    ...\n\n\nasync def events(scope, receive, send):\n    ...\n',
    'asgi.py': 'from web import events as application\n',
    ...venv('granian'),
  };
  const called = (module: string): string | undefined => after(words(plain, {module}), '--interface');
  assert.deepEqual(['web:app', 'web:events', 'asgi:application'].map(called), ['wsgi', 'asgi', 'asgi']);
});

test('--check-config loads the application as uvicorn and granian would; uWSGI cannot', () => {
  const list = words(flask, {checkConfig: true});
  assert.deepEqual(list.slice(0, 6), ['python3', '-m', 'entrypoint_check', 'granian', '--interface', 'wsgi']);
  assert.equal(list.at(-1), 'app:app');
  assert.equal(words(fastapi, {checkConfig: true, appServer: 'uvicorn'})[3], 'uvicorn');
  assert.throws(() => words({...flask, ...venv('uwsgi')}, {checkConfig: true, appServer: 'uwsgi'}), {code: 'usage'});
});

test('--inspect runs granian under debugpy, with one worker', () => {
  const debugpy = {[`${site}/debugpy/__init__.py`]: ''};
  const served = serve({...flask, ...debugpy}, {inspect: true, workers: undefined});
  assert.ok('words' in served);
  const {words: list, env} = served;
  assert.deepEqual([list[1], list[7], after(list, '--workers')], ['-Xfrozen_modules=off', 'granian', '1']);
  // Its threads are not Python's own.
  assert.deepEqual([list.at(-1), env?.['ENTRYPOINT_DEBUGGED']], ['entrypoint_debugged:application', 'app:app']);
  assert.equal(words({...fastapi, ...debugpy}, {inspect: true, workers: undefined}).at(-1), 'main:app');
});

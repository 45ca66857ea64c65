import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {findApplications} from '../../../../src/runtimes/python/start/application.ts';
import {servePython} from '../../../../src/runtimes/python/start/serve.ts';
import type {ServeValues} from '../../../../src/runtimes/serve.ts';
import {directoryWith} from '../../../support/directory.ts';
import {noPath, venv} from './place.ts';

// What the service's own files say about its server holds: defaults fill gaps.

type Files = Readonly<Record<string, string>>;

function serve(files: Files, env: Files = {}, values: ServeValues = {}): ReturnType<typeof servePython> {
  return servePython({cwd: directoryWith(files), env: {...noPath, ...env}, rest: []}, values, {});
}

function words(files: Files, env: Files = {}): readonly string[] {
  const served = serve(files, env);
  assert.ok('words' in served);
  return served.words;
}

const flags = (list: readonly string[]): readonly string[] => list.filter((word) => word.startsWith('-'));
const after = (list: readonly string[], flag: string): string | undefined =>
  list.includes(flag) ? list[list.indexOf(flag) + 1] : undefined;

const flask = {'app.py': 'from flask import Flask\napp = Flask(__name__)\n', ...venv('gunicorn')};
const fastapi = {'app/main.py': 'from fastapi import FastAPI\napp = FastAPI()\n'};
const site = '.venv/lib/python3.13/site-packages';

describe('gunicorn.conf.py', () => {
  const file =
    'import os\nworkers = int(os.environ.get("W", 3))\nworker_class = "gthread"\nif os.environ.get("X"):\n    timeout = 90\n' +
    'bind = "0.0.0.0:8000"\nlogger_class = "shop.Log"\naccesslog = "-"\n\n\ndef on_starting(server):\n    keepalive = 1\n';

  test('is not overridden by a default', () => {
    const list = words({...flask, 'gunicorn.conf.py': file});
    for (const flag of ['--workers', '--worker-class', '--threads', '--bind', '--logger-class', '--access-logfile'])
      assert.equal(list.includes(flag), flag === '--threads', flag);
    assert.equal(after(list, '--keep-alive'), '75');
    assert.equal(after(list, '--graceful-timeout'), '25');
  });

  test('is overridden by what the operator says', () => {
    const list = words({...flask, 'gunicorn.conf.py': file}, {PORT: '3000', WEB_CONCURRENCY: '2'});
    assert.deepEqual([after(list, '--bind'), after(list, '--workers')], ['0.0.0.0:3000', '2']);
  });

  test('names the module by wsgi_app', () => {
    const own = {...flask, 'gunicorn.conf.py': 'wsgi_app = "shop:create_app()"\n'};
    assert.equal(words(own).at(-1), 'shop:create_app()');
    const printed = serve(own, {}, {printConfig: true});
    assert.ok('text' in printed);
    assert.match(printed.text, /^module +shop:create_app\(\) +gunicorn\.conf\.py$/m);
    const named = serve(own, {ENTRYPOINT_RUN_MODULE: 'a:b', APP_SERVER: 'gunicorn'}, {printConfig: true});
    assert.ok('text' in named);
    assert.match(named.text, /^server +gunicorn +APP_SERVER\nmodule +a:b +ENTRYPOINT_RUN_MODULE$/m);
  });

  test('has its place in --print-config, as every other source has', () => {
    const printed = serve({...flask, 'gunicorn.conf.py': file}, {PORT: '3000'}, {printConfig: true});
    assert.ok('text' in printed);
    assert.match(printed.text, /^server +gunicorn +gunicorn\.conf\.py$/m);
    assert.match(printed.text, /^module +app:app +app\.py$/m);
    assert.match(printed.text, /^bind +0\.0\.0\.0:3000 +PORT, which overrides gunicorn\.conf\.py$/m);
    assert.match(printed.text, /^workers +\(computed\) +gunicorn\.conf\.py$/m);
    assert.match(printed.text, /^worker-class +gthread +gunicorn\.conf\.py$/m);
    assert.match(printed.text, /^keep-alive +75 +default$/m);
    assert.match(printed.text, /^max-requests +default of gunicorn$/m);
    assert.match(printed.text, /^log +the service's own +gunicorn\.conf\.py$/m);
    const usual = serve(flask, {}, {printConfig: true});
    assert.ok('text' in usual);
    assert.match(usual.text, /^log +lines of entrypoint_log +default$/m);
  });

  test('has its own log in uwsgi.ini: none of ours is added', () => {
    const list = words({...flask, ...venv('uwsgi'), 'uwsgi.ini': '[uwsgi]\nlogto = /dev/stdout\n'});
    assert.equal(list[0], '.venv/bin/uwsgi');
    assert.ok(!list.includes('--log-encoder'), list.join(' '));
  });
});

describe('a Procfile', () => {
  test('names the server, the module and its words; the address is the environment’s', () => {
    const list = words({...flask, Procfile: 'web: exec gunicorn shop.wsgi -w 4 --bind 0.0.0.0:$PORT --log-file -\n'});
    assert.deepEqual(list.slice(1, 5), ['-w', '4', '--log-file', '-']);
    assert.ok(!list.includes('--workers'));
    assert.equal(after(list, '--bind'), '0.0.0.0:3000');
    assert.equal(list.at(-1), 'shop.wsgi:application');
  });

  test('sets variables where the environment does not', () => {
    const own = {...flask, Procfile: 'web: MODE=fast LEVEL=1 PORT=8000 gunicorn shop.wsgi\n'};
    const served = serve(own, {LEVEL: '2'});
    assert.ok('words' in served);
    assert.deepEqual(served.env, {MODE: 'fast'});
  });

  test('does not name the module where pyproject.toml does', () => {
    const list = words({
      ...flask,
      Procfile: 'web: gunicorn shop.wsgi -w 4\n',
      'pyproject.toml': '[tool.entrypoint]\nmodule = "shop.other:app"\n',
    });
    assert.deepEqual([list[1], list[2], list.at(-1)], ['-w', '4', 'shop.other:app']);
  });

  test('with uvicorn needs no gunicorn', () => {
    const list = words(
      {
        ...fastapi,
        ...venv('uvicorn'),
        Procfile: 'web: uvicorn app.main:app --host 0.0.0.0 --port ${PORT} --workers=2\n',
      },
      {ENTRYPOINT_RUN_RELOAD: 'false'},
    );
    assert.equal(list[0], '.venv/bin/uvicorn');
    assert.deepEqual(flags(list), [
      '--workers=2',
      '--host',
      '--port',
      '--timeout-graceful-shutdown',
      '--timeout-keep-alive',
      '--no-access-log',
      '--log-config',
    ]);
  });

  test('with `fastapi run` or `litestar run` is uvicorn, with the options that it has', () => {
    const litestar = {'shop/app.py': 'from litestar import Litestar\napp = Litestar([])\n'};
    for (const [line, files, expected] of [
      ['fastapi run app/main.py --port $PORT --workers 4', fastapi, ['--workers', '4', 'app.main:app']],
      ['fastapi run --entrypoint app.main:app --root-path=/v1', fastapi, ['--root-path', '/v1', 'app.main:app']],
      ['uv run fastapi run app/main.py --app=app --no-proxy-headers', fastapi, ['--no-proxy-headers', 'app.main:app']],
      ['litestar --app shop.app:app run -H 0.0.0.0 -p $PORT --wc 3', litestar, ['--workers', '3', 'shop.app:app']],
      ['litestar run --host 0.0.0.0', litestar, ['shop.app:app']],
    ] as const) {
      const served = serve(
        {...files, ...venv('uvicorn'), Procfile: `web: ${line}\n`},
        {ENTRYPOINT_RUN_RELOAD: 'false'},
      );
      assert.ok('words' in served);
      const given = served.words.slice(1, served.words.indexOf('--host'));
      const said = given.at(-2) === '--workers' && !/-W|--wc|--workers/.test(line) ? given.slice(0, -2) : given;
      assert.deepEqual([...said, served.words.at(-1)], [...expected], line);
    }
    const unknown = serve({...fastapi, ...venv('uvicorn'), Procfile: 'web: fastapi run --nope 1\n'});
    assert.match(unknown.warning ?? '', /^web in the Procfile is not followed: fastapi run --nope 1/);
  });

  test('of a server that `run` does not start names the application, and is not followed', () => {
    const files = {
      'manage.py': 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site.settings")\n',
      'site/asgi.py': 'application = get_asgi_application()\n',
      'site/wsgi.py': 'application = get_wsgi_application()\n',
      ...venv('uvicorn', 'gunicorn'),
    };
    const served = serve({...files, Procfile: 'web: daphne -b 0.0.0.0 -p $PORT site.asgi:application\n'});
    assert.ok('words' in served);
    assert.deepEqual([served.words[0], served.words.at(-1)], ['.venv/bin/uvicorn', 'site.asgi:application']);
    assert.match(served.warning ?? '', /^web in the Procfile is not followed: daphne/);
  });

  test('that does more is named, and not followed', () => {
    const served = serve({...flask, Procfile: 'web: python migrate.py && gunicorn app:app\n'});
    assert.match(served.warning ?? '', /^web in the Procfile is not followed: python migrate/);
  });
});

test('an ASGI application is served by what is installed: gunicorn with a class for it, else uvicorn', () => {
  assert.equal(words({...fastapi, ...venv('uvicorn')})[0], '.venv/bin/uvicorn');
  const both = {...fastapi, ...venv('gunicorn', 'uvicorn')};
  assert.equal(words(both)[0], '.venv/bin/uvicorn');
  const worker = words({...both, [`${site}/uvicorn_worker/__init__.py`]: ''});
  assert.equal(after(worker, '--worker-class'), 'uvicorn_worker.UvicornWorker');
  const own = words({...both, [`${site}/gunicorn/workers/gasgi.py`]: ''});
  assert.equal(after(own, '--worker-class'), 'asgi');
  assert.throws(() => words({...fastapi, ...venv('uwsgi')}), {code: 'no_server', message: 'uvicorn is not installed'});
});

test('UVICORN_ variables and GUNICORN_CMD_ARGS are not overridden by a default', () => {
  const list = words({...fastapi, ...venv('uvicorn')}, {UVICORN_TIMEOUT_KEEP_ALIVE: '9', UVICORN_ACCESS_LOG: '1'});
  assert.ok(!list.includes('--timeout-keep-alive') && !list.includes('--no-access-log'));
  const gunicorn = words({...flask, 'gunicorn.conf.py': ''}, {GUNICORN_CMD_ARGS: '-w 7 --keep-alive=3'});
  assert.ok(!gunicorn.includes('--workers') && !gunicorn.includes('--keep-alive'));
});

test('uwsgi.ini chooses uWSGI where it is installed, and keeps what it sets', () => {
  const ini = '[uwsgi]\nmodule = shop.wsgi:app\nprocesses = 3\nhttp-socket = :8000\n';
  const list = words({...flask, ...venv('gunicorn', 'uwsgi'), 'uwsgi.ini': ini});
  assert.deepEqual(list.slice(0, 3), ['.venv/bin/uwsgi', '--ini', 'uwsgi.ini']);
  for (const flag of ['--processes', '--http-socket', '--module']) assert.ok(!list.includes(flag), flag);
});

const found = (files: Files, env: Files = {}): readonly string[] =>
  findApplications(directoryWith(files), env, false).map(({module, kind, from}) => `${module} ${kind} ${from}`);

test('the application is where frameworks and guides put it', () => {
  assert.deepEqual(found({'pyproject.toml': '[tool.fastapi]\nentrypoint = "shop.api:app"\n'}), [
    'shop.api:app asgi [tool.fastapi] of pyproject.toml',
  ]);
  assert.deepEqual(found(fastapi), ['app.main:app asgi app/main.py']);
  const factory = 'from flask import Flask\n\n\ndef create_app(test_config=None):\n    return Flask(__name__)\n';
  assert.deepEqual(found({'flaskr/__init__.py': factory, 'tests/conftest.py': factory}), [
    'flaskr:create_app() wsgi flaskr/__init__.py',
  ]);
  assert.deepEqual(
    found({'.flaskenv': 'FLASK_APP=flaskr\n', 'flaskr/__init__.py': factory, 'a/__init__.py': factory}),
    ['flaskr:create_app() wsgi .flaskenv'],
  );
  const needs = factory.replace('test_config=None', 'config');
  assert.deepEqual(found({'flaskr/__init__.py': needs}), []);
  const asgi = {'asgi.py': 'from litestar import Litestar\napp = Litestar([])\n'};
  assert.deepEqual(found(asgi), ['asgi:app asgi asgi.py']);
  assert.deepEqual(found({'src/shop/app.py': 'from starlette.applications import Starlette\napp = Starlette()\n'}), [
    'shop.app:app asgi src/shop/app.py',
  ]);
});

const debugpy = {[`${site}/debugpy/__init__.py`]: ''};

function inspected(files: Files, values: ServeValues = {}): readonly string[] {
  const served = serve(files, {}, {inspect: true, ...values});
  assert.ok('words' in served);
  return served.words;
}

describe('--inspect', () => {
  test('runs the server under debugpy, with one worker that can be paused', () => {
    const list = inspected({...flask, ...debugpy});
    assert.deepEqual(list.slice(1, 7), ['-Xfrozen_modules=off', '-m', 'debugpy', '--listen', '127.0.0.1:5678', '-m']);
    assert.deepEqual([list[7], after(list, '--workers'), after(list, '--timeout')], ['gunicorn', '1', '0']);
    const uvicorn = inspected({...fastapi, ...venv('uvicorn'), ...debugpy}, {inspectBind: '0.0.0.0:9000'});
    assert.deepEqual([uvicorn[5], uvicorn[7]], ['0.0.0.0:9000', 'uvicorn']);
  });

  test('needs debugpy, and is nothing for uWSGI', () => {
    assert.throws(() => inspected({...flask, 'requirements.txt': 'flask\n'}), {
      code: 'not_installed',
      fix: /^add debugpy to requirements\.txt/,
    });
    assert.throws(() => inspected({...flask, ...venv('uwsgi'), ...debugpy}, {appServer: 'uwsgi'}), {code: 'usage'});
  });
});

import assert from 'node:assert/strict';
import {existsSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {assert as check, asyncProperty, boolean, subarray} from 'fast-check';
import {initService, undoInit} from '../../../src/init/index.ts';
import {parseDeployFile} from '../../../src/service/deploy-file.ts';
import {type TestContext, testContext} from '../../../src/task.ts';
import {directoryWith, temporaryDirectory} from '../../support/directory.ts';

const json = (value: object): string => JSON.stringify(value);
const env = {XDG_STATE_HOME: temporaryDirectory()};
const next = {
  'package.json': json({
    dependencies: {next: '16.1.0', react: '19.0.0'},
    devDependencies: {vitest: '4.0.0'},
    scripts: {build: 'next build', start: 'next start', test: 'vitest'},
  }),
  'pnpm-lock.yaml': "lockfileVersion: '9.0'\n",
};
const flask = {
  'shop/__init__.py': 'from flask import Flask\n\n\ndef create_app(config=None):\n    return Flask(__name__)\n',
  'requirements.txt': 'flask==3.1.0\ngunicorn==23.0.0\n',
};

/** Every file with its text. */
function tree(directory: string): Readonly<Record<string, string>> {
  const files = readdirSync(directory, {recursive: true, withFileTypes: true}).filter((entry) => !entry.isDirectory());
  return Object.fromEntries(
    files.map((entry) => join(entry.parentPath, entry.name)).map((file) => [file, readFileSync(file, 'utf8')]),
  );
}

const inDirectory = (cwd: string): TestContext => testContext({cwd, env});

describe('init', () => {
  test('says what it found and why, and writes what the service needs', async () => {
    const cwd = directoryWith(next);
    const {context, said} = inDirectory(cwd);
    const {files, undecided} = await initService(context);
    assert.equal(
      said[0],
      `${cwd}: Next.js 16 from package.json; pnpm 10 from pnpm-lock.yaml; build script; serves with \`next start\` from \`start\` of package.json; tests: vitest`,
    );
    assert.deepEqual(files, ['Dockerfile', '.dockerignore', 'deploy.yaml']);
    assert.deepEqual(undecided, []);
    assert.ok(said.includes('+++ Dockerfile') && said.includes('+FROM entrypoint/node-service:26'));
    assert.equal(readFileSync(join(cwd, 'Dockerfile'), 'utf8'), 'FROM entrypoint/node-service:26\n');
    const {health} = parseDeployFile(readFileSync(join(cwd, 'deploy.yaml'), 'utf8'));
    assert.deepEqual(typeof health === 'object' && [health.path, health.status], ['/', '100-499']);
  });

  test('needs no deploy.yaml where the defaults hold, and takes the path of a health check from the source', async () => {
    const ready = {...flask, 'shop/routes.py': '@app.get("/readyz")\ndef ready(): ...\n'};
    assert.deepEqual((await initService(inDirectory(directoryWith(ready)).context)).files, [
      'Dockerfile',
      '.dockerignore',
    ]);
    const health = {...next, 'src/app/api/health/route.ts': ''};
    const cwd = directoryWith(health);
    await initService(inDirectory(cwd).context);
    assert.match(
      readFileSync(join(cwd, 'deploy.yaml'), 'utf8'),
      /# Found in src\/app\/api\/health\/route\.ts\.\nhealth: \{path: \/api\/health,/,
    );
    const django = directoryWith({
      'manage.py': 'os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site.settings")\n',
      'site/wsgi.py': 'application = get_wsgi_application()\n',
      'site/urls.py': 'urlpatterns = [path("healthz", health)]\n',
      'requirements.txt': 'django\ngunicorn\n',
    });
    await initService(inDirectory(django).context);
    assert.match(readFileSync(join(django, 'deploy.yaml'), 'utf8'), /health: \{path: \/healthz,/);
  });

  test('overwrites nothing, and names what a file lacks', async () => {
    const own = {...next, Dockerfile: 'FROM node:24\n', '.dockerignore': '.git\n', 'deploy.yaml': 'service: shop\n'};
    const cwd = directoryWith(own);
    const before = tree(cwd);
    const {context} = inDirectory(cwd);
    const {files, kept, undecided} = await initService(context);
    assert.deepEqual(files, ['Dockerfile.entrypoint']);
    assert.deepEqual(kept, ['Dockerfile', '.dockerignore', 'deploy.yaml']);
    assert.deepEqual(
      undecided.map(({write}) => write),
      [
        '.dockerignore: node_modules',
        'image: {dockerfile: Dockerfile.entrypoint}\n    health: {path: /, status: 100-499}',
      ],
    );
    assert.deepEqual({...tree(cwd), ...before}, tree(cwd));
  });

  test('keeps a package that is called as what others generate', async () => {
    const cwd = directoryWith({...flask, 'reports/models.py': ''});
    await initService(inDirectory(cwd).context);
    const ignored = readFileSync(join(cwd, '.dockerignore'), 'utf8').split('\n');
    assert.deepEqual([ignored.includes('reports'), ignored.includes('.env')], [false, true]);
  });

  test('names the secrets that a file of another tool has in plain text', async () => {
    const file =
      'services:\n  web: {build: ., environment: {SECRET_KEY: abc, MODE: a}}\n  db: {image: "postgres:17", environment: {POSTGRES_PASSWORD: pw}}\n';
    const cwd = directoryWith({...flask, 'compose.yaml': file});
    const {undecided} = await initService(inDirectory(cwd).context, {from: 'compose.yaml'});
    assert.equal(undecided[0]?.write, 'export POSTGRES_PASSWORD=VALUE SECRET_KEY=VALUE');
    assert.doesNotMatch(readFileSync(join(cwd, 'deploy.yaml'), 'utf8'), /abc|: pw/);
  });

  test('follows a Procfile, and names its other processes and the files of other tools', async () => {
    const cwd = directoryWith({
      ...flask,
      Procfile: 'web: gunicorn "shop:create_app()" -w 3\nworker: celery\nrelease: flask db upgrade\n',
      'compose.yaml': '',
    });
    const {context, said} = inDirectory(cwd);
    const {taken, left, undecided} = await initService(context);
    assert.match(
      said[0] ?? '',
      /Flask 3 from requirements\.txt; .*serves shop:create_app\(\) with gunicorn from Procfile/,
    );
    assert.deepEqual([taken.map(({key}) => key), left.map(({key}) => key)], [['web', 'release'], ['worker']]);
    assert.ok(said.includes('Procfile:1: web is what `run` follows: gunicorn "shop:create_app()" -w 3'));
    assert.deepEqual(undecided, [
      {
        what: 'compose.yaml is not read: to take its settings',
        write: 'entrypoint init --undo && entrypoint init --from=compose.yaml',
      },
    ]);
    assert.match(readFileSync(join(cwd, 'tasks.ts'), 'utf8'), /'flask db upgrade'/);
  });

  test('says of a Procfile either that `run` follows it, or that it does not', async () => {
    const cwd = directoryWith({...flask, Procfile: 'web: waitress-serve --port=$PORT shop:app\n'});
    const {taken, left, undecided} = await initService(inDirectory(cwd).context);
    assert.deepEqual([taken, left.map(({key}) => key)], [[], ['web']]);
    assert.deepEqual(undecided, [
      {
        what: 'web in the Procfile is not followed: waitress-serve --port=$PORT shop:app',
        write: 'Procfile: web: gunicorn shop:app (or granian), with its options',
        unfollowed: {file: 'Procfile', key: 'web'},
      },
    ]);
  });

  test('says so for a Node service, too', async () => {
    const cwd = directoryWith({
      'package.json': '{"name": "shop", "main": "server.js"}',
      'server.js': 'export default (request, response) => response.end();\n',
      Procfile: 'web: node migrate.js && node server.js\n',
    });
    const {taken, left, undecided} = await initService(inDirectory(cwd).context);
    assert.deepEqual([taken, left.map(({key}) => key)], [[], ['web']]);
    assert.deepEqual(
      undecided.map(({what}) => what),
      ['Procfile does more than start a module: node migrate.js && node server.js'],
    );
  });

  test('takes versions from any manifest, and no requirement from what other packages name', async () => {
    const app = {'app.py': flask['shop/__init__.py']};
    for (const [file, text] of Object.entries({
      Pipfile: '[packages]\nflask = "==3.1.2"\ngunicorn = "*"\n',
      'pyproject.toml': '[tool.poetry.dependencies]\nflask = "^3.1"\n',
      'poetry.lock': '[[package]]\nname = "flask"\nversion = "3.1.2"\n\n[package.extras]\ndev = ["ruff (>=0.6)"]\n',
    })) {
      const {found} = await initService(inDirectory(directoryWith({...app, [file]: text})).context);
      assert.deepEqual([found[0]?.what, found.some(({what}) => what.startsWith('checks'))], ['Flask 3', false], file);
    }
  });

  test('--undo restores the tree byte for byte, but for files that were edited', async () => {
    const cwd = directoryWith({...flask, Procfile: 'web: gunicorn "shop:create_app()"\nrelease: flask db upgrade\n'});
    const before = tree(cwd);
    const {context, said} = inDirectory(cwd);
    assert.deepEqual((await initService(context, {ci: 'github'})).files, [
      'Dockerfile',
      '.dockerignore',
      'deploy.yaml',
      'tasks.ts',
      '.github/workflows/entrypoint.yml',
    ]);
    await undoInit(context);
    assert.deepEqual(tree(cwd), before);
    assert.ok(!existsSync(join(cwd, '.github')));
    await assert.rejects(undoInit(context), {code: 'nothing_to_undo'});
    await initService(context);
    writeFileSync(join(cwd, 'deploy.yaml'), 'service: other\n');
    assert.deepEqual((await undoInit(context)).edited, ['deploy.yaml']);
    assert.equal(said.at(-1), 'left deploy.yaml: it was edited since');
    rmSync(join(cwd, 'deploy.yaml'));
    assert.deepEqual(tree(cwd), before);
  });

  test('any subset of its files that is there beforehand stays, and undo restores any tree', async () => {
    const names = [
      'Dockerfile',
      '.dockerignore',
      'deploy.yaml',
      'tasks.ts',
      '.github/workflows/entrypoint.yml',
      '.github/x',
    ];
    await check(
      asyncProperty(subarray(names), boolean(), async (there, twice) => {
        const cwd = directoryWith({
          ...flask,
          Procfile: 'release: flask db upgrade\n',
          ...Object.fromEntries(there.map((name) => [name, name.endsWith('.yaml') ? 'service: a\n' : '# own\n'])),
        });
        const before = tree(cwd);
        const {context} = inDirectory(cwd);
        await initService(context);
        if (twice) await initService(context, {ci: 'github'});
        for (const [file, text] of Object.entries(before)) assert.equal(readFileSync(file, 'utf8'), text);
        await undoInit(context);
        assert.deepEqual(tree(cwd), before);
      }),
      {numRuns: 25},
    );
  });
});

const refused = async (files: Readonly<Record<string, string>>, expected: object): Promise<void> => {
  const cwd = directoryWith(files);
  const before = tree(cwd);
  await assert.rejects(initService(inDirectory(cwd).context), expected);
  assert.deepEqual(tree(cwd), before);
};

describe('what cannot be written is one or two lines, and nothing is written', () => {
  test('a framework that is recognised but not required', async () => {
    await refused(
      {'package.json': '{}', 'next.config.ts': ''},
      {code: 'framework_missing', message: 'next.config.ts is of Next.js, and package.json does not depend on next'},
    );
    await refused(
      {
        'package.json': json({scripts: {start: 'fastify start app.js'}, dependencies: {fastify: '5.0.0'}}),
        'app.js': '',
      },
      {code: 'framework_missing', message: /`start` of package\.json runs a program of fastify-cli/},
    );
    await refused(
      {'app.py': 'from flask import Flask\napp = Flask(__name__)\n', 'requirements.txt': 'gunicorn\nflask-cors\n'},
      {code: 'framework_missing', message: 'app.py is of Flask, and no requirement names flask'},
    );
  });

  test('no service, no entry point, two candidates', async () => {
    await refused({}, {code: 'no_service'});
    await refused({'package.json': '{"name": "x"}'}, {code: 'no_server_module'});
    await refused({'requirements.txt': 'flask\n'}, {code: 'no_server_module'});
    const app = 'from fastapi import FastAPI\napp = FastAPI()\n';
    await refused(
      {'requirements.txt': 'fastapi\n', 'api/main.py': app, 'admin/main.py': app},
      {code: 'no_server_module', message: '2 applications could be served: admin.main:app and api.main:app'},
    );
  });

  test('a package.json that is no JSON', async () => {
    await refused({'package.json': '{'}, {code: 'bad_package_file'});
  });
});

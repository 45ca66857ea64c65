import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {cpSync, existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {certificateFile} from '../../src/image/docker.ts';
import {buildImages} from '../integration/images/containers.ts';
import {temporaryDirectory} from '../support/directory.ts';
import {all, longIf} from '../support/long.ts';
import {entrypoint, serviceIn, type TemporaryService} from '../support/service.ts';

// Services in the shapes that generators and guides make: two commands, no change to their code. `npm test` takes two of
// them without `check`, `npm run test:adopt` all.

interface Shape {
  readonly name: string;
  /** The directory of the service in it. */
  readonly directory?: string;
  readonly kind: 'node' | 'python';
  /** How a developer installs it, which also writes the lock file. */
  readonly install: readonly (readonly string[])[];
  readonly path: string;
  readonly answer: RegExp;
  /** What the first line of `init` says. */
  readonly says: RegExp;
  readonly quick?: true;
}

const npm = [['npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts']] as const;
const pip = [
  ['python3', '-m', 'venv', '.venv'],
  ['.venv/bin/pip', 'install', '--quiet', '--requirement', 'requirements.txt'],
] as const;
const uv = [
  ['python3', '-m', 'venv', '.venv'],
  ['.venv/bin/pip', 'install', '--quiet', 'uv'],
  ['.venv/bin/uv', 'lock', '--quiet'],
  ['.venv/bin/uv', 'sync', '--quiet', '--inexact'],
] as const;

/** A tool in an environment of its own, outside of the repository. */
const tool = (name: string, at = '../tool'): readonly (readonly string[])[] => [
  ['python3', '-m', 'venv', at],
  [`${at}/bin/pip`, 'install', '--quiet', name],
];

const indexOfPip = 'from pip._internal.models.index import PyPI; print(PyPI.simple_url.rstrip("/"))';

const shapes: readonly Shape[] = [
  {
    name: 'express',
    kind: 'node',
    install: npm,
    path: '/',
    answer: /^hello from express$/,
    says: /Express 5 from package\.json; npm from package-lock\.json; serves with `node \.\/bin\/www`/,
    quick: true,
  },
  {
    name: 'fastify-plugin',
    kind: 'node',
    install: npm,
    path: '/',
    answer: /^\{"root":true\}$/,
    says: /Fastify 5 .*serves with `fastify start -l info app\.js`/,
  },
  {
    name: 'koa',
    kind: 'node',
    install: npm,
    path: '/',
    answer: /^hello from koa$/,
    says: /Koa 3 .*serves with `NODE_ENV=production node index\.js`.*; tests: mocha; checks: eslint/,
  },
  {
    name: 'hono-bun',
    kind: 'node',
    install: [['npx', '--yes', 'bun@1.2.23', 'install', '--silent']],
    path: '/',
    answer: /^hello from hono$/,
    says: /Hono 4 .*bun from bun\.lock; serves with `bun run src\/index\.ts`.*; tests: vitest/,
  },
  {
    name: 'nest',
    kind: 'node',
    install: npm,
    path: '/',
    answer: /^hello from nest$/,
    says: /Nest 11 .*build script; serves with `node dist\/main` from `start:prod` .*; tests: jest/,
  },
  {
    name: 'nitro',
    kind: 'node',
    install: npm,
    path: '/',
    answer: /^hello from nitro$/,
    says: /Nitro 2 .*build script; serves with `\.output\/server\/index\.mjs` from Nitro; tests: vitest/,
  },
  {
    name: 'astro',
    kind: 'node',
    install: npm,
    path: '/',
    answer: /<h1>hello from astro<\/h1>/,
    says: /Astro 5 .*build script; serves dist\/server\/entry\.mjs from Astro; tests: node:test/,
  },
  {
    name: 'vite-express',
    kind: 'node',
    install: npm,
    path: '/',
    answer: /<title>hello from vite<\/title>/,
    says: /Express 5 .*build script; serves with `NODE_ENV=production node server\.js`/,
  },
  {
    name: 'next',
    kind: 'node',
    install: npm,
    path: '/',
    answer: /hello from next/,
    says: /Next\.js 16 from package\.json; npm from package-lock\.json; build script; serves with `next start`/,
  },
  {
    name: 'pnpm-workspace',
    directory: 'apps/api',
    kind: 'node',
    install: [['npx', '--yes', 'pnpm@10.18.0', '--dir', '../..', 'install', '--silent']],
    path: '/',
    answer: /^hello from a workspace$/,
    says: /Hono 4 from package\.json; pnpm 10 from \.\.\/\.\.\/pnpm-lock\.yaml/,
  },
  {
    name: 'flask',
    kind: 'python',
    install: pip,
    path: '/hello',
    answer: /^hello from flask$/,
    says: /Flask 3 .*serves flaskr:create_app\(\) with gunicorn from Procfile; tests: pytest/,
    quick: true,
  },
  {
    name: 'fastapi',
    kind: 'python',
    install: uv,
    path: '/',
    answer: /^\{"hello":"fastapi"\}$/,
    says: /FastAPI .*uv from uv\.lock; serves app\.main:app with uvicorn from app\/main\.py; tests: pytest/,
  },
  {
    name: 'uv-workspace',
    directory: 'apps/api',
    kind: 'python',
    install: [
      ...tool('uv', '../../../tool'),
      ['../../../tool/bin/uv', 'lock', '--quiet'],
      ['../../../tool/bin/uv', 'sync', '--quiet', '--all-packages'],
    ],
    path: '/',
    answer: /^\{"words":"hello from a uv workspace"\}$/,
    says: /FastAPI .*serves main:app with uvicorn from \[tool\.fastapi\] of pyproject\.toml; tests: pytest/,
  },
  {
    name: 'poetry',
    kind: 'python',
    install: [
      ...tool('poetry'),
      ['python3', '-m', 'venv', '.venv'],
      // By the index of pip: a mirror has no other interface of it, which poetry would use.
      [
        'sh',
        '-c',
        `../tool/bin/poetry source add --quiet --priority=primary simple "$(.venv/bin/python3 -c '${indexOfPip}')"`,
      ],
      ['../tool/bin/poetry', 'lock', '--quiet'],
      ['../tool/bin/poetry', 'install', '--quiet'],
    ],
    path: '/',
    answer: /^hello from poetry$/,
    says: /Starlette .*poetry from poetry\.lock; serves shop\.main:app with uvicorn .*; tests: pytest/,
  },
  {
    name: 'pipenv',
    kind: 'python',
    install: [
      ...tool('pipenv'),
      ['env', 'PIPENV_VENV_IN_PROJECT=1', '../tool/bin/pipenv', 'install', '--dev', '--quiet'],
    ],
    path: '/',
    answer: /^hello from pipenv$/,
    says: /Flask 3 .*pipenv from Pipfile\.lock; serves wsgi:app with gunicorn from Procfile; tests: unittest/,
  },
  {
    name: 'django',
    kind: 'python',
    install: pip,
    path: '/',
    answer: /^hello from django$/,
    says: /Django 5 .*serves mysite\.wsgi:application with gunicorn from manage\.py; tests: Django's runner/,
  },
];

/** What stands for the service images while the images themselves are being changed. */
const bases = {
  node: process.env['ENTRYPOINT_TEST_NODE_SERVICE'] ?? '',
  python: process.env['ENTRYPOINT_TEST_PYTHON_SERVICE'] ?? '',
};
if (bases.node === '' && bases.python === '') buildImages('node-service', 'python-service', 'haproxy');

/** A copy in a repository, under a name of its own. Its environment and images are removed after the tests. */
function adopted({name, directory = '.', kind}: Shape): TemporaryService & {readonly root: TemporaryService} {
  const unique = `adopt-${randomBytes(3).toString('hex')}`;
  const root = join(temporaryDirectory(), unique);
  cpSync(join(import.meta.dirname, 'fixtures', name), root, {recursive: true});
  writeFileSync(
    join(root, '.gitignore'),
    'node_modules\n.venv\n.next\n.output\ndist\ncoverage\n__pycache__\n.pytest_cache\n',
  );
  const manifest = join(root, directory, kind === 'node' ? 'package.json' : 'pyproject.toml');
  // Without a manifest, the directory has the name.
  if (existsSync(manifest))
    writeFileSync(
      manifest,
      readFileSync(manifest, 'utf8').replace(/("?name"?(?::| =) )"[^"]+"/, (_, key: string) => `${key}"${unique}"`),
    );
  const ca = certificateFile(process.env);
  const service = serviceIn(join(root, directory), {
    XDG_STATE_HOME: join(temporaryDirectory(), 'state'),
    // For poetry, which reads no other variable.
    ...(ca === undefined ? {} : {REQUESTS_CA_BUNDLE: ca}),
  });
  after(() => service.remove(unique));
  return {...service, root: serviceIn(root)};
}

/** Uses the images that stand for the usual ones. */
function rebase({directory}: TemporaryService, {kind}: Shape): void {
  const base = bases[kind];
  const file = join(directory, 'Dockerfile');
  if (base !== '') writeFileSync(file, readFileSync(file, 'utf8').replace(/^FROM .*/, `FROM ${base}`));
}

for (const shape of shapes) {
  const {name, says, path, answer, install, quick} = shape;
  describe(`a service as made by ${name}`, longIf(quick !== true), () => {
    test('is adopted by two commands, tested in and out of its image, and removed', async (t) => {
      const service = adopted(shape);
      const {must, run} = service;
      for (const [program = '', ...words] of install) must(program, ...words);
      service.root.commit();
      const started = performance.now();
      const found = must(entrypoint, 'init');
      assert.ok(performance.now() - started < 2000, 'init takes long');
      assert.match(found, says);
      rebase(service, shape);
      const deployed = JSON.parse(must(entrypoint, '--json', 'deploy', 'local')) as {address: string; image: string};
      t.diagnostic(`adopted in ${((performance.now() - started) / 1000).toFixed(1)} s`);
      const response = await fetch(new URL(path, deployed.address));
      assert.match((await response.text()).trim(), answer);
      const outside = run(entrypoint, ['test_unit']);
      const inside = run('docker', ['run', '--rm', deployed.image, 'test_unit']);
      assert.deepEqual(
        [outside.code, inside.code],
        [0, 0],
        `${outside.stderr}${outside.stdout}\n${inside.stderr}${inside.stdout}`,
      );
      if (all) {
        const check = run(entrypoint, ['--json', 'check']);
        const {results} = JSON.parse(check.stdout) as {
          results: readonly {id: string; status: string; severity: string; detail?: string}[];
        };
        assert.deepEqual(
          results.filter(({status, severity}) => status === 'fail' && severity === 'error'),
          [],
        );
      }
      must(entrypoint, 'remove', 'local');
      must(entrypoint, 'init', '--undo');
      // A Dockerfile that was rebased is left.
      if (bases[shape.kind] === '') assert.equal(must('git', 'status', '--porcelain'), '');
    });
  });
}

import {cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Peers} from './peers.ts';

/** A server and its command: in the foreground, with PORT in its environment and two workers. */
export interface Contender {
  readonly what: string;
  readonly words: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

export const workers = 2;
const node = process.execPath;
const serve = join(import.meta.dirname, '../../dist/serve.js');
const cli = join(import.meta.dirname, '../../dist/cli.js');

/** Our server with a module and additional flags. */
export function ours(
  what: string,
  directory: string,
  flags: readonly string[] = [],
  module: 'app.mjs' | 'fetch.mjs' | 'adapted.mjs' = 'app.mjs',
  env: Readonly<Record<string, string>> = {},
): Contender {
  return {
    what,
    words: [node, serve, module, '--workers', String(workers), ...flags],
    cwd: directory,
    env: {ENTRYPOINT_RUN_HOST: '127.0.0.1', ...env},
  };
}

/** node:http alone: the cost of a response without an app server. */
export function single(directory: string): Contender {
  return {what: 'node:http, one process', words: [node, 'listen.mjs'], cwd: directory};
}

/** node:cluster with the shared socket, nothing else. */
export function bareCluster(directory: string): Contender {
  return {
    what: 'node:cluster, bare',
    words: [node, 'cluster.mjs'],
    cwd: directory,
    env: {WEB_CONCURRENCY: String(workers)},
  };
}

export const adapterNames = ['srvx', '@hono/node-server'] as const;

/** The adapters of fetch handlers that could be installed, in the place of ours: all else is the same. */
export function adaptersInOurs(directory: string, {adapters}: Pick<Peers, 'adapters'>): readonly Contender[] {
  if (adapters === undefined) return [];
  return adapterNames.map((name) =>
    ours(`entrypoint, ${name}`, directory, [], 'adapted.mjs', {ADAPTER: name, ADAPTERS: adapters}),
  );
}

/** The same adapters with the servers that they bring, in workers of the bare cluster. */
export function adapterContenders(directory: string, {adapters}: Pick<Peers, 'adapters'>): readonly Contender[] {
  if (adapters === undefined) return [];
  return adapterNames.map((name) => ({
    what: name,
    words: [node, 'adapter.mjs', name, adapters],
    cwd: directory,
    env: {WEB_CONCURRENCY: String(workers)},
  }));
}

/** The peers that could be installed, each configured for production as its manual describes. */
export function peerContenders(directory: string, peers: Peers): readonly Contender[] {
  const {servers, bun, deno, gunicorn, uvicorn, granian, uwsgi} = peers;
  return [
    ...(servers === undefined ? [] : [pm2(directory, servers), watt(directory, servers)]),
    ...(bun === undefined
      ? []
      : [{...runtime('Bun', bun, 'bun', ['bun.mjs'], directory), env: {WEB_CONCURRENCY: String(workers)}}]),
    ...(deno === undefined ? [] : [denoServe(directory, deno)]),
    ...(gunicorn === undefined ? [] : ['sync', 'gthread'].map((kind) => gunicornOf(kind, directory, gunicorn))),
    ...(uvicorn === undefined ? [] : [uvicornOf(directory, uvicorn)]),
    ...(granian === undefined
      ? []
      : [
          granianOf(directory, granian),
          ...(['wsgi', 'asgi'] as const).map((kind) => behindRun(kind, directory, granian)),
        ]),
    ...(uwsgi === undefined ? [] : [uwsgiOf(directory, uwsgi)]),
  ];
}

/** A program that takes its address as words, which a shell completes with PORT. */
function onPort(words: string, program: string, ...more: readonly string[]): readonly string[] {
  return ['sh', '-c', `exec "$0" "$@" ${words}`, program, ...more];
}

function runtime(what: string, packages: string, name: string, words: readonly string[], cwd: string): Contender {
  return {what, words: [join(packages, 'node_modules/.bin', name), ...words], cwd};
}

function denoServe(directory: string, packages: string): Contender {
  const program = join(packages, 'node_modules/.bin/deno');
  return {
    what: 'Deno',
    words: ['sh', '-c', 'exec "$0" serve --parallel --host 127.0.0.1 --port "$PORT" fetch.mjs', program],
    cwd: directory,
    env: {DENO_JOBS: String(workers), DENO_DIR: join(directory, 'deno')},
  };
}

function gunicornOf(kind: string, directory: string, venv: string): Contender {
  return {
    what: `gunicorn ${kind}`,
    words: onPort(
      '--bind "127.0.0.1:$PORT"',
      join(venv, 'bin/gunicorn'),
      '--workers',
      String(workers),
      '--worker-class',
      kind,
      ...(kind === 'gthread' ? ['--threads', '4'] : []),
      '--log-level',
      'error',
      'app:application',
    ),
    cwd: directory,
  };
}

function uvicornOf(directory: string, venv: string): Contender {
  return {
    what: 'uvicorn',
    words: onPort(
      '--host 127.0.0.1 --port "$PORT"',
      join(venv, 'bin/uvicorn'),
      '--workers',
      String(workers),
      '--no-access-log',
      '--log-level',
      'error',
      'asgi:application',
    ),
    cwd: directory,
  };
}

/** granian as `entrypoint run` starts it, whose process becomes granian. */
function behindRun(kind: 'wsgi' | 'asgi', directory: string, venv: string): Contender {
  return {
    what: `run, granian ${kind.toUpperCase()}`,
    words: [
      node,
      cli,
      '--quiet',
      'run',
      '--app-server=granian',
      `--module=${kind === 'wsgi' ? 'app' : 'asgi'}:application`,
    ],
    // Without the package.json that a service for Node would have.
    cwd: directory,
    env: {
      PATH: `${join(venv, 'bin')}:${process.env['PATH'] ?? ''}`,
      VIRTUAL_ENV: venv,
      ENTRYPOINT_RUN_HOST: '127.0.0.1',
      ENTRYPOINT_RUN_RELOAD: 'false',
      WEB_CONCURRENCY: String(workers),
    },
  };
}

function granianOf(directory: string, venv: string): Contender {
  return {
    what: 'granian RSGI',
    words: onPort(
      '--host 127.0.0.1 --port "$PORT"',
      join(venv, 'bin/granian'),
      '--interface',
      'rsgi',
      '--workers',
      String(workers),
      '--log-level',
      'error',
      'rsgi:application',
    ),
    cwd: directory,
  };
}

function uwsgiOf(directory: string, venv: string): Contender {
  return {
    what: 'uWSGI',
    words: onPort(
      '--http-socket "127.0.0.1:$PORT"',
      join(venv, 'bin/uwsgi'),
      '--master',
      '--processes',
      String(workers),
      '--need-app',
      '--die-on-term',
      '--disable-logging',
      '--listen',
      '1024',
      '--wsgi-file',
      'app.py',
    ),
    cwd: directory,
  };
}

function pm2(directory: string, packages: string): Contender {
  const home = join(directory, 'pm2');
  return {
    what: 'PM2',
    words: [
      node,
      join(packages, 'node_modules/pm2/bin/pm2-runtime'),
      'start',
      'listen.mjs',
      '--instances',
      String(workers),
    ],
    cwd: directory,
    env: {PM2_HOME: home, HOME: home},
  };
}

// It resolves packages only from the directory of its configuration.
function watt(directory: string, packages: string): Contender {
  const project = join(directory, 'watt');
  const web = join(project, 'web');
  // Each run prepares it anew.
  rmSync(project, {recursive: true, force: true});
  mkdirSync(web, {recursive: true});
  symlinkSync(join(packages, 'node_modules'), join(project, 'node_modules'));
  cpSync(join(directory, 'app.mjs'), join(web, 'app.mjs'));
  // The URL of the schema selects the kind of configuration; it is not fetched.
  writeFileSync(
    join(project, 'watt.json'),
    JSON.stringify({
      $schema: 'https://schemas.platformatic.dev/wattpm/3.0.0.json',
      entrypoint: 'web',
      services: [{id: 'web', path: 'web', workers}],
      server: {hostname: '127.0.0.1', port: '{PORT}'},
      logger: {level: 'error'},
      managementApi: false,
    }),
  );
  writeFileSync(join(web, 'package.json'), '{"name": "web", "type": "module", "main": "main.mjs"}');
  writeFileSync(join(web, 'watt.json'), '{"module": "@platformatic/node", "node": {"main": "main.mjs"}}');
  writeFileSync(
    join(web, 'main.mjs'),
    `import {createServer} from 'node:http';\nimport listener from './app.mjs';\nexport const create = () => createServer(listener);\n`,
  );
  return {what: 'Watt', words: [node, join(packages, 'node_modules/wattpm/bin/cli.js'), 'start'], cwd: project};
}

import {spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {exitCode, isProblem, problemText} from '../src/errors.ts';
import type {Words} from '../src/shell/argv.ts';
import {makeEcho, systemRunner} from '../src/shell/index.ts';
import {down} from './down.ts';
import {phases, type Sample, table} from './report.ts';

// The whole life cycle of examples/buy-service. This file only runs the commands that a user would type.

const root = join(import.meta.dirname, '..');
const demo = join(root, '.demo');
const service = join(demo, 'buy-service');
const name = serviceName();
const registry = `${name}.demo-registry`;
const requestsPerSecond = 200;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(signal));

const write = (text: string | Buffer): void => void process.stderr.write(text);
const echo = makeEcho({write, level: 'normal', colour: process.stderr.isTTY && !process.env['NO_COLOR']});
// A fixed author and time give version 1 the same commit in every run, so that a second run finds its image.
const env: Record<string, string | undefined> = {
  ...process.env,
  GIT_AUTHOR_NAME: 'demo',
  GIT_AUTHOR_EMAIL: 'demo@example.com',
  GIT_COMMITTER_NAME: 'demo',
  GIT_COMMITTER_EMAIL: 'demo@example.com',
  GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
  GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
};
const runIn = (cwd: string) => systemRunner({cwd, env, echo, signal: stop.signal, stdout: write, stderr: write});
const run = runIn(root);
const here = runIn(service);
const entrypoint = (...words: string[]): Words => ['../../bin/entrypoint', ...words];

function chapter(title: string): void {
  write(`\n== ${title}\n`);
}

async function main(words: readonly string[]): Promise<void> {
  if (words.includes('--down')) return down({run, here, demo, service, name, registry, entrypoint});
  const started = Date.now();
  chapter('The engine and the images');
  await run(['sh', 'scripts/engine']);
  await run(['node', 'scripts/images/build.ts']);

  chapter('A working copy of examples/buy-service in its own repository');
  await prepareService();
  env['ENTRYPOINT_REGISTRY'] = await startRegistry();
  write(`$ export ENTRYPOINT_REGISTRY=${env['ENTRYPOINT_REGISTRY']}\n`);
  write('$ export BUY_DATABASE_PASSWORD="$(cat ../database-password)"   # in .demo/buy-service\n');
  env['BUY_DATABASE_PASSWORD'] = databasePassword();

  chapter('Version 1: analysed, tested, built once');
  await here(entrypoint('--list'));
  await here(entrypoint('static_analysis', 'test_unit', 'build'));
  chapter('Version 1: the image tested with a real Postgres, published, promoted');
  await here(entrypoint('test_integration', 'publish', 'promote', '--to=rc'));
  chapter('Version 1: deployed behind HAProxy, then tested');
  await here(entrypoint('deploy', 'local', '--stage=rc', 'test_sanity'));
  const first = await deployed();

  chapter(`Version 2: one changed line, the same way, under ${requestsPerSecond} requests a second`);
  await changeOneLine();
  await here(entrypoint('build', 'publish', 'promote', '--to=rc'));
  const {samples, begin, end} = await redeployUnderLoad(first.address);
  const second = await deployed();
  await here(entrypoint('status'));

  const failed = samples.filter(({failure}) => failure !== '');
  write(
    `\nThe redeploy under load (every other request on a new connection, one in twenty takes 500 ms):\n\n${table(phases(samples, begin, end))}\n\n`,
  );
  write(`address    ${second.address}   (try: curl ${second.address}/products)\n`);
  write(`version 1  ${first.image}\nversion 2  ${second.image}\n`);
  write(`${((Date.now() - started) / 1000).toFixed(0)} s in all; remove the demo: npm run demo -- --down\n`);
  if (failed.length > 0) {
    write(`failures: ${[...new Set(failed.map(({failure}) => failure))].join(', ')}\n`);
    process.exitCode = exitCode.failed;
  }
}

/** Copies the example again and commits it. Installed dependencies of an earlier run stay. */
async function prepareService(): Promise<void> {
  mkdirSync(service, {recursive: true});
  for (const entry of readdirSync(service)) {
    if (entry !== 'node_modules' && entry !== '.git') rmSync(join(service, entry), {recursive: true});
  }
  const example = join(root, 'examples', 'buy-service');
  cpSync(example, service, {recursive: true, filter: (path) => !path.startsWith(join(example, 'node_modules'))});
  await here(['sed', '-i', `s/^service: .*/service: ${name}/`, 'deploy.yaml']);
  writeFileSync(join(service, '.gitignore'), 'node_modules/\nreports/\n');
  rmSync(join(service, '.git'), {recursive: true, force: true});
  const lock = join(service, 'package-lock.json');
  const installed = join(service, 'node_modules', '.demo-lock');
  if (!existsSync(installed) || readFileSync(installed, 'utf8') !== readFileSync(lock, 'utf8')) {
    await here(['npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error']);
    cpSync(lock, installed);
  }
  await here(['git', 'init', '--quiet', '--initial-branch=main']);
  await commit('Version 1');
}

async function commit(message: string): Promise<void> {
  await here(['git', 'add', '--all']);
  await here(['git', 'commit', '--quiet', `--message=${message}`]);
}

/** Starts a registry, or uses the one of an earlier run with the images in it. */
async function startRegistry(): Promise<string> {
  const state = await run.read(['docker', 'ps', '--filter', `name=^${registry}$`, '--format', '{{.Names}}']);
  if (state.stdout === '') {
    await run(['docker', 'rm', '--force', registry], {capture: true, allow: [1]});
    await run(
      ['docker', 'run', '--detach', '--name', registry, '--publish', '127.0.0.1::5000', 'entrypoint/registry:2.8'],
      {capture: true},
    );
  }
  return (await run(['docker', 'port', registry, '5000/tcp'], {capture: true})).stdout.split('\n')[0] ?? '';
}

function databasePassword(): string {
  return persisted('database-password', () => randomBytes(18).toString('base64url'));
}

/** A unique name, so that the demo does not collide with the example itself or with another clone's demo. */
function serviceName(): string {
  return persisted('service-name', () => `buy-service-${randomBytes(2).toString('hex')}`);
}

/** A value that stays the same until the demo is removed. */
function persisted(file: string, make: () => string): string {
  const path = join(demo, file);
  mkdirSync(demo, {recursive: true});
  if (!existsSync(path)) writeFileSync(path, make(), {mode: 0o600});
  return readFileSync(path, 'utf8');
}

async function deployed(): Promise<{address: string; image: string}> {
  const {stdout} = await here(entrypoint('--quiet', '--json', 'status'), {capture: true});
  const status = JSON.parse(stdout) as {address: string; containers: {serving: boolean; image: string}[]};
  return {address: status.address, image: status.containers.find(({serving}) => serving)?.image ?? ''};
}

const changedLine = {file: 'src/pricing.ts', from: 'points must be from', to: 'points are sold from'};

async function changeOneLine(): Promise<void> {
  const {file, from, to} = changedLine;
  await here(['sed', '-i', `s/${from}/${to}/`, file]);
  await here(['git', '--no-pager', 'diff', '--unified=0']);
  await commit('Version 2: a clearer message');
}

/** Waits under load, for the figures before and after the deploy. */
async function steadyLoad(): Promise<void> {
  write('# 6 s of load');
  for (let second = 0; second < 6; second += 1) {
    await sleep(1000, undefined, {signal: stop.signal});
    write('.');
  }
  write('\n');
}

async function redeployUnderLoad(address: string): Promise<{samples: Sample[]; begin: number; end: number}> {
  write(`$ node demo/load.ts ${address} ${requestsPerSecond} &\n`);
  const load = spawn('node', [join(root, 'demo', 'load.ts'), address, String(requestsPerSecond)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: Buffer[] = [];
  load.stdout.on('data', (chunk: Buffer) => lines.push(chunk));
  const ended = new Promise<void>((resolve) => void load.once('close', () => resolve()));
  try {
    await steadyLoad();
    const begin = Date.now();
    await here(entrypoint('deploy', 'local', '--stage=rc'));
    const end = Date.now();
    await steadyLoad();
    load.kill('SIGTERM');
    await ended;
    const samples = Buffer.concat(lines)
      .toString()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Sample);
    return {samples, begin, end};
  } finally {
    load.kill('SIGKILL');
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!isProblem(error)) throw error;
  write(problemText(error));
  process.exitCode = error.exitCode;
}

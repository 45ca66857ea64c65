import {execFileSync} from 'node:child_process';
import {chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {certificateFile} from '../src/image/docker.ts';
import {useIndex} from '../test/build/python-index.ts';
import type {RoundOptions, RoundResults} from './build/rounds.ts';
import {median, type Report, type Row} from './report.ts';

const rounds = 11;
const limit = 1.3;
const isKept = (ratio: number): boolean => ratio <= limit;
const root = join(import.meta.dirname, '..');
const pythonBase = 'entrypoint/python-service:3.13';

/** A repository to build, by its package manager. */
interface Service {
  readonly manager: 'npm' | 'pnpm' | 'uv';
  /** Relative to the project. */
  readonly from: string;
  readonly dockerfile: string;
  readonly changed: RoundOptions['changed'];
}

const services: readonly Service[] = [
  {
    manager: 'npm',
    from: 'examples/buy-service',
    dockerfile: 'FROM entrypoint/node-service:26',
    changed: ['src/changed.ts', 'export const changed = '],
  },
  {
    manager: 'pnpm',
    from: 'test/build/fixtures/pnpm',
    dockerfile: 'FROM entrypoint/node-service:26',
    changed: ['src/changed.js', 'export const changed = '],
  },
  {
    manager: 'uv',
    from: 'test/build/fixtures/python/uv',
    dockerfile: `FROM ${pythonBase}`,
    changed: ['changed.py', 'changed = '],
  },
];

/**
 * Measures what `entrypoint build` adds to the `docker build` that it runs, after a one-line change of source, for a service
 * of npm, of pnpm and of uv. Runs in the image entrypoint/builder, which has a current Docker client with buildx.
 */
export async function bench(note: (text: string) => void): Promise<Report> {
  note('building the images');
  execFileSync(process.execPath, [join(root, 'scripts/images/build.ts'), 'node-service', 'python-service', 'builder'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const results: {readonly manager: string; readonly figures: readonly [number, number]; reinstalled: number}[] = [];
  for (const service of services) {
    note(`${service.manager}: a first build, which installs the dependencies, then ${rounds} rounds of each`);
    const {
      took: [plain = [], ours = []],
      reinstalled,
    } = await measureIn(service);
    results.push({manager: service.manager, figures: [median(plain), median(ours)], reinstalled});
  }
  const checks = results.map(({manager, figures: [plain, ours]}) => ({manager, ratio: ours / plain}));
  const reinstalled = results.reduce((sum, one) => sum + one.reinstalled, 0);
  return {
    name: 'build',
    about: `wall time of a build after a one-line change of source, in entrypoint/builder: median of ${rounds} interleaved rounds; the ratio is to docker build`,
    columns: ['wall ms'],
    rows: results.flatMap(({manager, figures: [plain, ours]}): Row[] => [
      {what: `${manager}: docker build`, figures: [plain], ratio: 1},
      {what: `${manager}: entrypoint build`, figures: [ours], ratio: ours / plain},
    ]),
    notes: [
      ...checks.map(
        ({manager, ratio}) =>
          `limit: at most ${limit} x docker build with ${manager}: ${ratio.toFixed(2)}: ${isKept(ratio) ? 'kept' : 'NOT KEPT'}`,
      ),
      `dependencies reinstalled: ${reinstalled} of ${2 * rounds * results.length} builds, limit 0`,
    ],
    passed: checks.every(({ratio}) => isKept(ratio)) && reinstalled === 0,
  };
}

async function measureIn(service: Service): Promise<RoundResults> {
  const directory = mkdtempSync(join(tmpdir(), 'entrypoint-bench-'));
  // Each build untags the image of the one before: the label with this unique name finds them all.
  const name = `bench-${directory.slice(-6).toLowerCase()}`;
  try {
    await copyService(service, directory, name);
    return measure(service, directory, name);
  } finally {
    rmSync(directory, {recursive: true, force: true});
    const images = execFileSync(
      'docker',
      ['images', '--quiet', '--no-trunc', '--filter', `label=entrypoint.service_name=${name}`],
      {encoding: 'utf8'},
    ).trim();
    if (images !== '')
      execFileSync('docker', ['image', 'rm', '--force', ...new Set(images.split('\n'))], {stdio: 'ignore'});
  }
}

function measure({changed}: Service, directory: string, name: string): RoundResults {
  const metadata = [`service_name=${name}`, 'git_commit_hash=bench'].flatMap((pair) => [
    '--build-arg',
    pair,
    '--label',
    `entrypoint.${pair}`,
  ]);
  const ca = certificateFile(process.env);
  const options: RoundOptions = {
    rounds,
    changed,
    contenders: [
      [
        'docker',
        'build',
        '--tag',
        `${name}:bench`,
        ...metadata,
        ...(ca === undefined ? [] : ['--secret', `id=ca,src=${ca}`]),
        '.',
      ],
      ['entrypoint', 'build', '--tag=bench'],
    ],
  };
  return JSON.parse(
    execFileSync(
      'docker',
      [
        'run',
        '--rm',
        '--user',
        '0:0',
        '--volume',
        '/var/run/docker.sock:/var/run/docker.sock',
        '--volume',
        `${directory}:${directory}`,
        '--workdir',
        directory,
        '--volume',
        `${join(root, 'bench/build/rounds.ts')}:/bench/rounds.ts:ro`,
        ...(ca === undefined ? [] : ['--volume', `${ca}:${ca}:ro`, '--env', `NODE_EXTRA_CA_CERTS=${ca}`]),
        // git refuses a directory of another user otherwise.
        '--env',
        'GIT_CONFIG_COUNT=1',
        '--env',
        'GIT_CONFIG_KEY_0=safe.directory',
        '--env',
        `GIT_CONFIG_VALUE_0=${directory}`,
        '--entrypoint',
        'node',
        'entrypoint/builder:26',
        '--disable-warning=ExperimentalWarning',
        '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
        '/bench/rounds.ts',
        JSON.stringify(options),
      ],
      {encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit']},
    ),
  ) as RoundResults;
}

/** Copies a service into a repository of its own, so that its commit is not the project's. */
async function copyService({from, dockerfile}: Service, directory: string, name: string): Promise<void> {
  chmodSync(directory, 0o755);
  cpSync(join(root, from), directory, {recursive: true, filter: (path) => !path.includes('node_modules')});
  await useIndex(directory, pythonBase);
  const file = join(directory, 'deploy.yaml');
  const text = readFileSync(file, {encoding: 'utf8', flag: 'a+'});
  writeFileSync(file, text === '' ? `service: ${name}\n` : text.replace(/^service: .*$/m, `service: ${name}`));
  writeFileSync(join(directory, 'Dockerfile'), `${dockerfile}\n`);
  for (const words of [
    ['init', '--quiet'],
    ['add', '--all'],
    ['-c', 'user.name=b', '-c', 'user.email=b@example.com', 'commit', '--quiet', '--message=bench'],
  ]) {
    execFileSync('git', words, {cwd: directory, stdio: ['ignore', 'ignore', 'pipe']});
  }
}

import {execFileSync} from 'node:child_process';
import {chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {certificateFile} from '../src/image/docker.ts';
import type {RoundOptions, RoundResults} from './build/rounds.ts';
import {median, type Report} from './report.ts';

const rounds = 11;
const limit = 1.3;
const root = join(import.meta.dirname, '..');

/**
 * Measures what `entrypoint build` adds to the `docker build` that it runs, after a one-line change of source. Runs in the
 * image entrypoint/builder, which has a current Docker client with buildx.
 */
export async function bench(note: (text: string) => void): Promise<Report> {
  note('building the images');
  execFileSync(process.execPath, [join(root, 'scripts/images/build.ts'), 'node-service', 'builder'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const directory = mkdtempSync(join(tmpdir(), 'entrypoint-bench-'));
  // Each build untags the image of the one before: the label with this unique name finds them all.
  const name = `bench-${directory.slice(-6).toLowerCase()}`;
  try {
    copyExample(directory, name);
    note(`first build, which installs the dependencies, then ${rounds} rounds of each`);
    const {
      took: [plain = [], ours = []],
      reinstalled,
    } = measure(directory, name);
    const [first, second] = [median(plain), median(ours)];
    return {
      name: 'build',
      about: `wall time of a build after a one-line change of source, in entrypoint/builder: median of ${rounds} interleaved rounds; the ratio is to docker build`,
      columns: ['wall ms'],
      rows: [
        {what: 'docker build', figures: [first], ratio: 1},
        {what: 'entrypoint build', figures: [second], ratio: second / first},
      ],
      notes: [
        `limit: at most ${limit} x docker build: ${second / first <= limit ? 'kept' : 'NOT KEPT'}`,
        `dependencies reinstalled: ${reinstalled} of ${2 * rounds} builds, limit 0`,
      ],
      passed: second / first <= limit && reinstalled === 0,
    };
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

function measure(directory: string, name: string): RoundResults {
  const metadata = [`service_name=${name}`, 'git_commit_hash=bench'].flatMap((pair) => [
    '--build-arg',
    pair,
    '--label',
    `entrypoint.${pair}`,
  ]);
  const ca = certificateFile(process.env);
  const options: RoundOptions = {
    rounds,
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

/** Copies the example into its own repository, so that its commit is not the project's. */
function copyExample(directory: string, name: string): void {
  chmodSync(directory, 0o755);
  cpSync(join(root, 'examples/buy-service'), directory, {
    recursive: true,
    filter: (path) => !path.includes('node_modules'),
  });
  const file = join(directory, 'deploy.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^service: .*$/m, `service: ${name}`));
  for (const words of [
    ['init', '--quiet'],
    ['add', '--all'],
    ['-c', 'user.name=b', '-c', 'user.email=b@example.com', 'commit', '--quiet', '--message=bench'],
  ]) {
    execFileSync('git', words, {cwd: directory, stdio: ['ignore', 'ignore', 'pipe']});
  }
}

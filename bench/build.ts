import {spawnSync} from 'node:child_process';
import {cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {certificateFile, findDockerClient} from '../src/docker-client.ts';
import {noEcho, systemRunner} from '../src/run.ts';
import {median} from './report.ts';
import type {Report} from './report.ts';

const rounds = 7;
const limit = 1.3;
const root = join(import.meta.dirname, '..');
const entrypoint = join(root, 'bin/entrypoint');
const nowhere = (): void => {};

/** What `entrypoint build` adds to the `docker build` that it runs, after a change of one line of the source. */
export async function bench(note: (text: string) => void): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), 'entrypoint-bench-'));
  try {
    service(folder);
    const run = systemRunner({cwd: folder, env: process.env, echo: noEcho, stdout: nowhere, stderr: nowhere});
    const client = await findDockerClient({run, env: process.env});
    const ca = certificateFile(process.env);
    const secret = ca === undefined ? [] : ['--secret', `id=ca,src=${ca}`];
    const facts = ['service_name=buy-service', 'git_commit_hash=bench'].flatMap((fact) => ['--build-arg', fact, '--label', `entrypoint.${fact}`]);
    const docker = [client.program, 'build', '--tag', 'buy-service:bench', ...facts, ...secret, '.'];
    note(`the first build, which installs the dependencies, then ${rounds} rounds of each`);
    timed(folder, [entrypoint, 'build', '--tag=bench'], client.env);
    const plain: number[] = [];
    const ours: number[] = [];
    let reinstalled = 0;
    for (let round = 0; round < rounds; round += 1) {
      // Whichever comes first finds the machine in another state: they take turns.
      const contenders = [() => plain.push(timed(folder, docker, client.env).ms), () => {
        const {ms, output} = timed(folder, [entrypoint, 'build', '--tag=bench'], client.env);
        ours.push(ms);
        if (output.includes('$ npm ci')) reinstalled += 1;
      }];
      for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) contender();
    }
    const [first, second] = [median(plain), median(ours)];
    const passed = second / first <= limit && reinstalled === 0;
    return {
      name: 'build',
      about: `wall time of a build after one changed line of source: median of ${rounds} rounds in turn; the ratio is to plain docker build`,
      columns: ['wall ms'],
      rows: [
        {what: 'docker build', figures: [first], ratio: 1},
        {what: 'entrypoint build', figures: [second], ratio: second / first},
      ],
      notes: [
        `limit: at most ${limit} x docker build: ${second / first <= limit ? 'kept' : 'NOT KEPT'}`,
        `dependencies installed again: ${reinstalled} times of ${rounds}, limit 0`,
      ],
      passed,
    };
  } finally {
    rmSync(folder, {recursive: true, force: true});
  }
}

/** The example in a repository of its own, so that its commit is not the project's. */
function service(folder: string): void {
  cpSync(join(root, 'examples/buy-service'), folder, {recursive: true, filter: (path) => !path.includes('node_modules')});
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  for (const words of [['init', '--quiet'], ['add', '--all'], ['-c', 'user.name=b', '-c', 'user.email=b@example.com', 'commit', '--quiet', '--message=bench']]) {
    const {status, stderr} = spawnSync('git', words, {cwd: folder, encoding: 'utf8'});
    if (status !== 0) throw new Error(`git ${words.join(' ')}: ${stderr}`);
  }
}

function timed(folder: string, [program = '', ...words]: readonly string[], env: Readonly<Record<string, string>>): {ms: number; output: string} {
  writeFileSync(join(folder, 'src/changed.ts'), `export const changed = ${performance.now()};\n`);
  const started = performance.now();
  const {status, stdout, stderr} = spawnSync(program, words, {cwd: folder, encoding: 'utf8', env: {...process.env, ...env}});
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${stderr}`);
  return {ms: performance.now() - started, output: stdout + stderr};
}

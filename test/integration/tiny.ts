import assert from 'node:assert/strict';
import {spawn, spawnSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after} from 'node:test';

export const entrypoint = join(import.meta.dirname, '../../bin/entrypoint');

export interface Told {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A service of its own in a git repository of its own; its containers and images go away after the tests. */
export interface Tiny {
  readonly name: string;
  readonly directory: string;
  /** Runs a program in the directory; a failure is an answer. */
  run(
    this: void,
    program: string,
    words: readonly string[],
    options?: {input?: string; env?: Readonly<Record<string, string>>},
  ): Told;
  /** Runs a program in the directory, gives its standard output, and throws where it fails. */
  must(this: void, program: string, ...words: readonly string[]): string;
  /** Like {@link run}, without blocking this process. */
  start(
    this: void,
    program: string,
    words: readonly string[],
    env?: Readonly<Record<string, string>>,
  ): {readonly kill: (signal: NodeJS.Signals) => void; readonly ended: Promise<Told>};
  write(this: void, name: string, text: string): void;
  /** deploy.yaml, with what one environment `local` is to have. */
  describe(this: void, local?: string): void;
  commit(this: void): void;
  /** Names of the containers, networks and volumes that the service has now. */
  leftovers(this: void): string[];
}

export function makeTiny(): Tiny {
  const name = `tiny-${randomBytes(4).toString('hex')}`;
  const directory = mkdtempSync(join(tmpdir(), `${name}-`));
  // Node's test runner would take the service's tests for its own.
  const {NODE_TEST_CONTEXT: _, ...environment} = process.env;
  const run: Tiny['run'] = (program, words, {input, env} = {}) => {
    const {status, stdout, stderr} = spawnSync(program, words, {
      cwd: directory,
      encoding: 'utf8',
      env: {...environment, ...env},
      ...(input === undefined ? {} : {input}),
    });
    return {code: status, stdout, stderr};
  };
  const must: Tiny['must'] = (program, ...words) => {
    const {code, stdout, stderr} = run(program, words);
    assert.equal(code, 0, `${program} ${words.join(' ')}\n${stderr}`);
    return stdout;
  };
  const start: Tiny['start'] = (program, words, env) => {
    const child = spawn(program, words, {
      cwd: directory,
      env: {...environment, ...env},
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = new Promise<Told>((resolve) => child.once('close', (code) => resolve({code, stdout, stderr})));
    return {kill: (signal) => void child.kill(signal), ended};
  };
  const write: Tiny['write'] = (file, text) => writeFileSync(join(directory, file), text);
  const describe: Tiny['describe'] = (local = '') =>
    write('deploy.yaml', `service: ${name}\nenvironments: {local: {${local}}}\n`);
  const commit: Tiny['commit'] = () => {
    must('git', 'add', '--all');
    must(
      'git',
      '-c',
      'user.name=t',
      '-c',
      'user.email=t@example.com',
      'commit',
      '--quiet',
      '--allow-empty',
      '--message=a version',
    );
  };
  const label = `label=entrypoint.service_name=${name}`;
  const leftovers: Tiny['leftovers'] = () =>
    [
      must('docker', 'ps', '--all', '--filter', label, '--format', '{{.Names}}'),
      must('docker', 'network', 'ls', '--filter', label, '--format', '{{.Name}}'),
      must('docker', 'volume', 'ls', '--filter', label, '--format', '{{.Name}}'),
    ]
      .join('')
      .split('\n')
      .filter((line) => line !== '');

  cpSync(join(import.meta.dirname, 'fixtures/tiny'), directory, {recursive: true});
  // As people's directories are: mkdtemp makes one that is private.
  chmodSync(directory, 0o755);
  describe();
  must('git', 'init', '--quiet');
  commit();
  after(() => {
    describe();
    run(entrypoint, ['remove', 'local', '--volumes']);
    const images = new Set(
      run('docker', ['images', '--quiet', '--filter', label])
        .stdout.split('\n')
        .filter((id) => id !== ''),
    );
    if (images.size > 0) run('docker', ['image', 'rm', '--force', ...images]);
    rmSync(directory, {recursive: true, force: true});
  });
  return {name, directory, run, must, start, write, describe, commit, leftovers};
}

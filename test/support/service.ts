import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {removeImagesOf} from './docker.ts';

/** The command as users start it. */
export const entrypoint = join(import.meta.dirname, '../../bin/entrypoint');

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A service's directory, and the programs that a user runs there. */
export interface TemporaryService {
  readonly directory: string;
  /** The environment of all programs. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Runs a program; a non-zero exit code is a result, not an error. */
  run(this: void, program: string, words: readonly string[], options?: RunOptions): Outcome;
  /** Runs a program and returns its standard output. @throws AssertionError when it fails */
  must(this: void, program: string, ...words: readonly string[]): string;
  /** Commits every file; the first commit makes the repository. */
  commit(this: void, message?: string): void;
  /** Removes the environment `local` with its data, the images of the service, and the directory. */
  remove(this: void, name: string): void;
}

/** The service in a directory that exists. `env` is added to this process's environment. */
export function serviceIn(directory: string, env: Readonly<Record<string, string>> = {}): TemporaryService {
  // With the first, Node's test runner would count the service's own tests as tests of this project. It sets the second on a
  // terminal.
  const {NODE_TEST_CONTEXT: _, FORCE_COLOR: __, ...outside} = process.env;
  const environment = {...outside, ...env};
  const run: TemporaryService['run'] = (program, words, {input, env: further} = {}) => {
    const {status, signal, stdout, stderr} = spawnSync(program, words, {
      cwd: directory,
      encoding: 'utf8',
      env: {...environment, ...further},
      maxBuffer: 64 * 1024 * 1024,
      ...(input === undefined ? {} : {input}),
    });
    return {code: status, signal, stdout, stderr};
  };
  const must: TemporaryService['must'] = (program, ...words) => {
    const {code, stdout, stderr} = run(program, words);
    assert.equal(code, 0, `${program} ${words.join(' ')}\n${stdout}${stderr}`);
    return stdout;
  };
  const commit: TemporaryService['commit'] = (message = 'a version') => {
    must('git', 'init', '--quiet');
    must('git', 'add', '--all');
    const author = ['-c', 'user.name=t', '-c', 'user.email=t@example.com'];
    must('git', ...author, 'commit', '--quiet', '--allow-empty', `--message=${message}`);
  };
  const remove: TemporaryService['remove'] = (name) => {
    run(entrypoint, ['remove', 'local', '--volumes']);
    try {
      removeImagesOf(name);
    } catch {
      // A container that a failed test left behind can still use one.
    }
    rmSync(directory, {recursive: true, force: true});
  };
  return {directory, environment, run, must, commit, remove};
}

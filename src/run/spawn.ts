import {spawn as nodeSpawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {performance} from 'node:perf_hooks';
import type {Command, SecretReference} from '../argv.ts';
import {exitCode, messageOf, problem} from '../errors.ts';

export interface SpawnOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `show` passes on through `onStdout` (or the terminal itself without it), `keep` collects. */
  readonly stdout: 'show' | 'keep';
  readonly watchStderr: boolean;
  readonly interactive: boolean;
  readonly timeoutSeconds?: number | undefined;
  /** Aborted with a signal's name as its reason: passed on to the child's process group. */
  readonly signal?: AbortSignal | undefined;
  readonly onStdout?: ((chunk: Buffer) => void) | undefined;
  readonly onStderr?: ((chunk: Buffer) => void) | undefined;
}

export interface Ended {
  readonly code: number;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

const keptStderr = 64 * 1024;
const killAfterSeconds = 10;

/**
 * The one place where a process starts. The child leads a process group of its own, so that a time-out and
 * a signal reach everything that it started.
 * @throws Problem `command_not_found` (exit code 69) when there is no such program
 */
export async function spawn(command: Command, options: SpawnOptions): Promise<Ended> {
  const [program = '', ...words] = command.words;
  const started = performance.now();
  const piped = options.onStdout !== undefined || options.stdout === 'keep';
  const child = nodeSpawn(program, words, {
    cwd: command.cwd ?? options.cwd,
    env: {...options.env, ...command.env, ...(await secretValues(command, options))},
    detached: !options.interactive,
    stdio: [
      command.stdin === undefined ? (options.interactive ? 'inherit' : 'ignore') : 'pipe',
      piped ? 'pipe' : 'inherit',
      options.watchStderr || options.onStderr !== undefined ? 'pipe' : 'inherit',
    ],
  });
  const stdout: Buffer[] = [];
  let stderr = Buffer.alloc(0);
  child.stdout?.on('data', (chunk: Buffer) => (options.stdout === 'keep' ? stdout.push(chunk) : options.onStdout?.(chunk)));
  child.stderr?.on('data', (chunk: Buffer) => {
    options.onStderr?.(chunk);
    stderr = Buffer.concat([stderr, chunk]).subarray(-keptStderr);
  });
  // A child that does not read its input is no failure of ours: its exit code tells.
  child.stdin?.on('error', () => {});
  child.stdin?.end(command.stdin);

  const kill = (signal: NodeJS.Signals): void => killGroup(child.pid, signal, options.interactive);
  const timers: NodeJS.Timeout[] = [];
  let timedOut = false;
  const stop = (first: NodeJS.Signals): void => {
    kill(first);
    timers.push(setTimeout(() => kill('SIGKILL'), killAfterSeconds * 1000));
  };
  const onAbort = (): void => stop(options.signal?.reason as NodeJS.Signals);
  if (options.signal?.aborted) onAbort();
  options.signal?.addEventListener('abort', onAbort);
  if (options.timeoutSeconds !== undefined) {
    timers.push(setTimeout(() => ((timedOut = true), kill('SIGKILL')), options.timeoutSeconds * 1000));
  }
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) => reject(notStarted(program, error)));
      child.once('close', (status, signal) => resolve(status ?? 128 + signalNumber(signal)));
    });
    const seconds = (performance.now() - started) / 1000;
    return {code, timedOut, stdout: Buffer.concat(stdout).toString(), stderr: stderr.toString(), seconds};
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
    for (const timer of timers) clearTimeout(timer);
  }
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals, interactive: boolean): void {
  if (pid === undefined) return;
  try {
    process.kill(interactive ? pid : -pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

const signalNumbers: Readonly<Record<string, number>> = {SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGPIPE: 13, SIGTERM: 15};

function signalNumber(signal: string | null): number {
  return signalNumbers[signal ?? ''] ?? 0;
}

const packages: Readonly<Record<string, string>> = {
  docker: 'install Docker (Debian, Ubuntu: apt-get install docker.io)',
  git: 'install git (Debian, Ubuntu: apt-get install git)',
  ssh: 'install the ssh client (Debian, Ubuntu: apt-get install openssh-client)',
};

function notStarted(program: string, error: NodeJS.ErrnoException): Error {
  if (error.code !== 'ENOENT' && error.code !== 'EACCES') return error;
  const wrong = error.code === 'ENOENT' ? 'not found on PATH' : 'not executable';
  return problem({
    code: 'command_not_found',
    what: `${program} is ${wrong}, and this task needs it`,
    fix: packages[program.replace(/^.*\//, '')] ?? `install ${program}, or put its folder on PATH`,
    exitCode: exitCode.unavailable,
  });
}

async function secretValues(command: Command, options: SpawnOptions): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  const problems: string[] = [];
  for (const [name, reference] of Object.entries(command.secrets ?? {})) {
    try {
      values[name] = await secretValue(reference, options);
    } catch (error) {
      problems.push(`${name}: ${messageOf(error)}`);
    }
  }
  if (problems.length === 0) return values;
  throw problem({
    code: 'secret_missing',
    what: `${problems.length === 1 ? 'a secret is' : 'secrets are'} missing, and the container needs ${problems.length === 1 ? 'it' : 'them'}`,
    details: problems,
    fix: 'set the variable or create the file named above; deploy.yaml says where each secret comes from',
    exitCode: exitCode.badData,
  });
}

async function secretValue(reference: SecretReference, options: SpawnOptions): Promise<string> {
  if ('env' in reference) {
    const value = options.env[reference.env];
    if (value === undefined || value === '') throw new Error(`the environment variable ${reference.env} is not set`);
    return value;
  }
  // Like $(...) in a shell: newlines at the end do not count.
  if ('file' in reference) return readSecretFile(reference.file).replace(/\n+$/, '');
  const {code, stdout} = await spawn(
    {words: reference.command},
    {cwd: options.cwd, env: options.env, stdout: 'keep', watchStderr: false, interactive: false, signal: options.signal},
  );
  if (code !== 0) throw new Error(`the command ${reference.command[0] ?? ''} ended with exit code ${code}`);
  return stdout.replace(/\n+$/, '');
}

function readSecretFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`the file ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? messageOf(error)})`, {cause: error});
  }
}

import {type ChildProcess, spawn as nodeSpawn} from 'node:child_process';
import {existsSync} from 'node:fs';
import {resolve as resolvePath} from 'node:path';
import {exitCode, problem} from '../errors.ts';
import type {Command, Words} from './argv.ts';
import {processGroup} from './group.ts';
import {hasControllingTerminal, isTerminal} from './output.ts';
import {secretInput, secretLines, type SecretMemory, secretMemory, secretValues, type SecretWorld} from './secrets.ts';
import {signalExitCode, throwIfAborted} from './signals.ts';

export interface SpawnOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `show` passes output to `onStdout` or, without it, to `stdoutFd`; `keep` collects it. */
  readonly stdout: 'show' | 'keep';
  /** The child's standard output without `onStdout`: our 1, or our 2 where our 1 is for a result. */
  readonly stdoutFd: 1 | 2;
  readonly watchStderr: boolean;
  /**
   * `true`: the child has our standard input and our process group. `prompt`: only where these are a terminal, so that it
   * can ask for a password; it takes no other input.
   */
  readonly interactive: boolean | 'prompt';
  /** The child has our standard input, and a process group of its own. Default false. */
  readonly input?: boolean | undefined;
  /** Called before a secret's command asks for something, on the terminal; returns what to call afterwards. Default: nothing. */
  readonly hold?: (() => () => void) | undefined;
  /** Remembers the secrets of several commands. Default: each reads its own. */
  readonly memory?: SecretMemory | undefined;
  readonly timeoutSeconds?: number | undefined;
  /** Aborted with a signal's name as its reason, which is sent to the child's process group. */
  readonly signal?: AbortSignal | undefined;
  /** Aborted by a second Ctrl-C: kills the child's process group. */
  readonly kill?: AbortSignal | undefined;
  readonly onStdout?: ((chunk: Buffer) => void) | undefined;
  readonly onStderr?: ((chunk: Buffer) => void) | undefined;
}

export interface Ended {
  readonly code: number;
  readonly timedOut: boolean;
  readonly stdout: string;
  /** The same as bytes. */
  readonly bytes: Uint8Array;
  readonly stderr: string;
  readonly seconds: number;
}

const keptStderr = 64 * 1024;
const lingerSeconds = 1;

async function standardInput(
  {stdin, secretLines: lines, secretInput: texts}: Command,
  world: SecretWorld,
): Promise<string | undefined> {
  if (lines !== undefined) return secretLines(lines, world);
  return texts === undefined ? stdin : secretInput(texts, world);
}

/**
 * Starts a process: the one place that does. The child leads a process group of its own, so that a timeout and a signal
 * reach its children as well.
 * @throws Problem `command_not_found` (exit code 69) when there is no such program
 */
export async function spawn(command: Command, options: SpawnOptions): Promise<Ended> {
  const [program = '', ...words] = command.words;
  const started = performance.now();
  const cwd = resolvePath(options.cwd, command.cwd ?? '.');
  const world = secretWorld({...options, cwd});
  const secrets = await secretValues(command, world);
  const stdin = await standardInput(command, world);
  const {interactive} = options;
  const own = interactive === 'prompt' ? !hasControllingTerminal() : !interactive;
  const inherits = interactive === 'prompt' ? isTerminal(0) : interactive || options.input === true;
  const piped = options.onStdout !== undefined || options.stdout === 'keep';
  const child = nodeSpawn(program, words, {
    cwd,
    env: {...options.env, ...command.env, ...secrets},
    detached: own,
    stdio: [
      stdin === undefined ? (inherits ? 'inherit' : 'ignore') : 'pipe',
      piped ? 'pipe' : options.stdoutFd,
      options.watchStderr || options.onStderr !== undefined ? 'pipe' : 2,
    ],
  });
  const stdout: Buffer[] = [];
  let stderr = Buffer.alloc(0);
  child.stdout?.on('data', (chunk: Buffer) =>
    options.stdout === 'keep' ? stdout.push(chunk) : options.onStdout?.(chunk),
  );
  child.stderr?.on('data', (chunk: Buffer) => {
    options.onStderr?.(chunk);
    stderr = Buffer.concat([stderr, chunk]).subarray(-keptStderr);
  });
  // EPIPE: a child need not read its input, and reports by its exit code.
  child.stdin?.on('error', () => {});
  child.stdin?.end(stdin);

  const group = processGroup(child.pid, own);
  let timedOut = false;
  const onAbort = (): void => {
    const name = options.signal?.reason as NodeJS.Signals;
    // The terminal sends Ctrl-C itself to a child in its foreground group.
    if (interactive !== true || name !== 'SIGINT') group.stop(name);
  };
  const onKill = (): void => group.send('SIGKILL');
  const unlisten = [listen(options.signal, onAbort), listen(options.kill, onKill)];
  const timer =
    options.timeoutSeconds === undefined
      ? undefined
      : setTimeout(() => ((timedOut = true), group.send('SIGKILL')), options.timeoutSeconds * 1000);
  try {
    const code = await endOf(child, program, cwd);
    // After an interrupt, nothing may keep running in the background.
    if (options.signal?.aborted || options.kill?.aborted) await group.ended();
    const seconds = (performance.now() - started) / 1000;
    const bytes = Buffer.concat(stdout);
    return {code, timedOut, stdout: bytes.toString(), bytes, stderr: stderr.toString(), seconds};
  } finally {
    for (const stop of unlisten) stop();
    group.forget();
    clearTimeout(timer);
  }
}

/** How secrets are read: a command among them writes to our standard error, and can prompt. */
export function secretWorld({
  cwd,
  env,
  signal,
  kill,
  memory = secretMemory(),
  hold = () => () => {},
}: Pick<SpawnOptions, 'cwd' | 'env' | 'signal' | 'kill' | 'memory' | 'hold'>): SecretWorld {
  const quietly = {stdout: 'keep', stdoutFd: 2, watchStderr: false, interactive: 'prompt'} as const;
  const capture = async (words: Words): Promise<Ended> => {
    throwIfAborted(signal);
    const ended = await spawn({words}, {...quietly, cwd, env, signal, kill}).finally(hold());
    throwIfAborted(signal);
    return ended;
  };
  return {cwd, env, capture, memory};
}

function listen(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal?.aborted) listener();
  else signal?.addEventListener('abort', listener);
  return () => signal?.removeEventListener('abort', listener);
}

function endOf(child: ChildProcess, program: string, cwd: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => reject(notStarted(program, cwd, error)));
    child.once('close', (status, signal) => resolve(status ?? signalExitCode(signal ?? '')));
    child.once('exit', () => dropHeldPipes(child));
  });
}

// A daemon that the child leaves behind can hold its pipes forever: once the child has exited and the pipes are quiet,
// there is no more of its output to read.
function dropHeldPipes(child: ChildProcess): void {
  const pipes = [child.stdout, child.stderr].filter((pipe) => pipe !== null);
  const timer = setTimeout(() => pipes.forEach((pipe) => pipe.destroy()), lingerSeconds * 1000);
  for (const pipe of pipes) pipe.on('data', () => timer.refresh());
  child.once('close', () => clearTimeout(timer));
}

const packages: Readonly<Record<string, string>> = {
  docker: 'install Docker (Debian, Ubuntu: apt-get install docker.io)',
  git: 'install git (Debian, Ubuntu: apt-get install git)',
};

/** The error for a program that cannot be started. */
export function notFound(program: string, what = 'command not found'): Error {
  return problem({
    code: 'command_not_found',
    what: `${what}: ${program}`,
    fix: packages[program.replace(/^.*\//, '')] ?? `install ${program}, or put its directory on PATH`,
    exitCode: exitCode.unavailable,
  });
}

function notStarted(program: string, cwd: string, error: NodeJS.ErrnoException): Error {
  // Node reports ENOENT for a missing working directory as well.
  if (!existsSync(cwd)) {
    return problem({
      code: 'folder_not_found',
      what: `cannot run ${program}: its working directory does not exist: ${cwd}`,
      exitCode: exitCode.badData,
    });
  }
  if (error.code === 'ENOENT') return notFound(program, program.includes('/') ? 'no such file' : undefined);
  return error.code === 'EACCES' || error.code === 'ENOEXEC' ? notFound(program, 'not executable') : error;
}

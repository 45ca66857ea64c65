import {setTimeout as sleep} from 'node:timers/promises';
import {exitCode, isProblem, problem} from '../../errors.ts';
import {type Command, type Commands, commandText, secretsText, toCommand, type Words} from '../argv.ts';
import {become} from '../become.ts';
import {type Echo, linePrefixer} from '../echo.ts';
import {isTransientText, retry} from '../retry.ts';
import {readSecrets, type SecretMemory, secretMemory, secretsOf} from '../secrets.ts';
import {throwIfAborted} from '../signals.ts';
import {type Ended, secretWorld, spawn} from '../spawn.ts';
import type {Result, Runner, RunOptions, Scope} from '../types.ts';
import {makeScope} from './scope.ts';

export interface SystemOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly echo: Echo;
  /** Aborted with a signal's name as its reason when the user or the system asks this process to stop. */
  readonly signal?: AbortSignal | undefined;
  /** Aborted by a second Ctrl-C: kills the running commands. */
  readonly kill?: AbortSignal | undefined;
  /** Called with 1 when a command or a scope begins and with -1 when it ends. */
  readonly onBusy?: ((change: 1 | -1) => void) | undefined;
  /** Descriptor of children's standard output: 2 where our own is for a result. Default 1. */
  readonly childStdout?: 1 | 2 | undefined;
  /** Writers for output that passes through this process, prefixed or watched. Children write the rest themselves. */
  stdout(this: void, chunk: Uint8Array | string): void;
  stderr(this: void, chunk: Uint8Array | string): void;
  readonly prefix?: string | undefined;
}

/**
 * The runner that runs commands on this machine.
 * @example
 * const run = systemRunner({
 *   cwd: process.cwd(),
 *   env: process.env,
 *   echo: noEcho,
 *   stdout: (chunk) => process.stdout.write(chunk),
 *   stderr: (chunk) => process.stderr.write(chunk),
 * });
 * const {stdout} = await run.read(['git', 'rev-parse', 'HEAD']);
 */
export function systemRunner(options: SystemOptions): Runner {
  return runnerWith(options, secretMemory());
}

/** @param memory shared by all runners that are made from one */
function runnerWith(options: SystemOptions, memory: SecretMemory): Runner {
  const {echo, signal, prefix} = options;

  async function once(command: Command, run: RunOptions, quiet: boolean): Promise<Result> {
    throwIfAborted(signal);
    const text = commandText(command);
    if (!quiet) echo.command(text, prefix);
    const capture = run.capture === true;
    const out = prefix === undefined || capture ? undefined : linePrefixer(prefix, options.stdout);
    const err = prefix === undefined || capture ? undefined : linePrefixer(prefix, options.stderr);
    const watchStderr = capture || run.watch === true || (run.retry !== undefined && run.retry !== false);
    const ended = await spawn(command, {
      cwd: options.cwd,
      env: options.env,
      stdout: capture ? 'keep' : 'show',
      stdoutFd: options.childStdout ?? 1,
      watchStderr,
      interactive: run.interactive === true,
      input: run.input === true,
      memory,
      timeoutSeconds: run.timeoutSeconds,
      signal,
      kill: options.kill,
      onStdout: out?.write,
      onStderr: err?.write ?? (watchStderr && !capture ? options.stderr : undefined),
    });
    out?.end();
    err?.end();
    if (!quiet) echo.ended(ended.code, ended.seconds, prefix);
    throwIfAborted(signal);
    if (ended.code !== 0 && !run.allow?.includes(ended.code)) throw commandFailed(text, ended, run);
    return {exitCode: ended.code, stdout: ended.stdout, stderr: ended.stderr, seconds: ended.seconds};
  }

  async function busy<T>(body: () => Promise<T>): Promise<T> {
    options.onBusy?.(1);
    try {
      return await body();
    } finally {
      options.onBusy?.(-1);
    }
  }

  async function execute(words: Words | Command, run: RunOptions, quiet: boolean): Promise<Result> {
    const command = toCommand(words);
    const body = (): Promise<Result> => busy(() => once(command, run, quiet));
    if (run.retry === undefined || run.retry === false) return body();
    return retry(body, run.retry === true ? {} : run.retry, {
      isTransient: (error) =>
        isProblem(error) && error.code === 'command_failed' && isTransientText(error.details.join('\n')),
      onRetry: ({attempt, attempts, pauseSeconds}) =>
        echo.note(`try ${attempt} of ${attempts} failed; next one in ${pauseSeconds.toFixed(1)} s`, prefix),
      sleep: async (seconds) => {
        await sleep(seconds * 1000, undefined, signal === undefined ? {} : {signal}).catch(() => {});
        throwIfAborted(signal);
      },
    });
  }

  // Clean-up ignores the interrupt that caused it.
  const cleaner = (command: Command, run: RunOptions): Promise<Result> =>
    runnerWith({...options, signal: undefined, kill: undefined}, memory)(command, {capture: true, ...run});
  const clean = makeScope(cleaner, echo);
  const runner = (command: Words | Command, run: RunOptions = {}): Promise<Result> => execute(command, run, false);
  return Object.assign(runner, {
    read: (command: Words | Command, run: RunOptions = {}) => execute(command, {capture: true, ...run}, !echo.reads),
    scope: async <T>(body: (scope: Scope) => Promise<T>): Promise<T> => {
      const close = memory.open();
      return busy(() => clean(body)).finally(close);
    },
    readSecrets: async (commands: Commands) => {
      const secretive = commands.map(toCommand).filter((one) => secretsOf(one).length > 0);
      if (secretive.length === 0) return;
      throwIfAborted(signal);
      echo.command(secretsText(secretive.flatMap(secretsOf)), prefix);
      await busy(() => readSecrets(secretive, secretWorld({...options, memory})));
    },
    prefixed: (name: string) => runnerWith({...options, prefix: name}, memory),
    become: async (command: Words | Command) => {
      echo.command(commandText(command), prefix);
      await become(toCommand(command), options);
    },
    act: async <T>(text: string, body: () => Promise<T>): Promise<T> => {
      throwIfAborted(signal);
      echo.command(text, prefix);
      return body();
    },
  });
}

function commandFailed(text: string, ended: Ended, run: RunOptions): Error {
  const how = ended.timedOut
    ? `command timed out after ${run.timeoutSeconds} s`
    : `command failed with exit code ${ended.code}`;
  const lines = ended.stderr
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .slice(-20);
  return problem({
    code: 'command_failed',
    what: `${run.purpose === undefined ? '' : `${run.purpose}: `}${how}: ${brief(text)}`,
    details: lines,
    fix: run.fix,
    exitCode: ended.timedOut ? exitCode.timedOut : ended.code,
  });
}

/** Shortens a command of many lines, such as one with a file on its standard input: the echo shows all of it. */
function brief(text: string): string {
  const [first = '', ...others] = text.split('\n');
  return others.length < 3 ? text : `${first} ... (and ${others.length} more lines, above)`;
}

import {setTimeout as sleep} from 'node:timers/promises';
import {commandText, toCommand} from '../argv.ts';
import type {Command, Words} from '../argv.ts';
import {exitCode, isProblem, problem} from '../errors.ts';
import {isTransientText, retry} from '../retry.ts';
import type {Echo} from './echo.ts';
import {become} from './become.ts';
import {linePrefixer} from './prefix.ts';
import {makeScope} from './scope.ts';
import {spawn} from './spawn.ts';
import type {Ended} from './spawn.ts';
import type {Result, Runner, RunOptions} from './types.ts';

export interface SystemOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly echo: Echo;
  /** Aborted with a signal's name as its reason when the user or the system asks to stop. */
  readonly signal?: AbortSignal | undefined;
  /** Raw writers; without them children write to this process's own streams. */
  readonly stdout: (chunk: Buffer | string) => void;
  readonly stderr: (chunk: Buffer | string) => void;
  readonly prefix?: string | undefined;
}

/** The runner that really runs. */
export function systemRunner(options: SystemOptions): Runner {
  const {echo, signal, prefix} = options;

  async function once(command: Command, run: RunOptions, quiet: boolean): Promise<Result> {
    throwIfAborted(signal);
    const text = commandText(command);
    if (!quiet) echo.command(text, prefix);
    const out = prefix === undefined ? undefined : linePrefixer(prefix, options.stdout);
    const err = prefix === undefined ? undefined : linePrefixer(prefix, options.stderr);
    const watched = run.retry !== undefined || run.capture === true;
    const showStderr = err?.write ?? (watched && run.capture !== true ? options.stderr : undefined);
    const ended = await spawn(command, {
      cwd: options.cwd,
      env: options.env,
      stdout: run.capture === true ? 'keep' : 'show',
      watchStderr: watched,
      interactive: run.interactive === true,
      timeoutSeconds: run.timeoutSeconds,
      signal,
      onStdout: run.capture === true ? undefined : out?.write,
      onStderr: showStderr,
    });
    out?.end();
    err?.end();
    if (!quiet) echo.ended(ended.code, ended.seconds, prefix);
    throwIfAborted(signal);
    if (ended.code !== 0 && !run.allow?.includes(ended.code)) throw commandFailed(text, ended, run);
    return {exitCode: ended.code, stdout: ended.stdout, stderr: ended.stderr, seconds: ended.seconds};
  }

  async function execute(words: Words | Command, run: RunOptions, quiet: boolean): Promise<Result> {
    const command = toCommand(words);
    if (run.retry === undefined || run.retry === false) return once(command, run, quiet);
    return retry(() => once(command, run, quiet), run.retry === true ? {} : run.retry, {
      isTransient: (error) => isProblem(error) && error.code === 'command_failed' && isTransientText(error.details.join('\n')),
      onRetry: ({attempt, attempts, pauseSeconds}) =>
        echo.note(`try ${attempt} of ${attempts} failed; next one in ${pauseSeconds.toFixed(1)} s`, prefix),
      sleep: (seconds) => sleep(seconds * 1000, undefined, signal === undefined ? {} : {signal}),
    });
  }

  const runner = (command: Words | Command, run: RunOptions = {}): Promise<Result> => execute(command, run, false);
  return Object.assign(runner, {
    read: (command: Words | Command, run: RunOptions = {}) => execute(command, {capture: true, ...run}, !echo.reads),
    scope: makeScope((command) => systemRunner({...options, signal: undefined})(command, {capture: true}), echo),
    prefixed: (name: string) => systemRunner({...options, prefix: name}),
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

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  const name = String(signal.reason);
  throw problem({
    code: 'interrupted',
    what: `stopped by ${name}`,
    exitCode: name === 'SIGTERM' ? exitCode.terminated : exitCode.interrupted,
  });
}

function commandFailed(text: string, ended: Ended, run: RunOptions): Error {
  const how = ended.timedOut
    ? `took longer than ${run.timeoutSeconds} s and was killed`
    : `ended with exit code ${ended.code}`;
  const lines = ended.stderr.trimEnd().split('\n').filter((line) => line !== '').slice(-20);
  return problem({
    code: 'command_failed',
    what: run.purpose === undefined ? `a command ${how}: ${text}` : `${run.purpose}: the command ${how}: ${text}`,
    details: lines,
    fix: run.fix,
    exitCode: ended.timedOut ? 124 : ended.code,
  });
}

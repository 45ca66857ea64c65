import {setTimeout as sleep} from 'node:timers/promises';
import {exitCode, isProblem, problem} from '../../errors.ts';
import {type Command, type Commands, commandText, secretsText, toCommand, type Words} from '../argv.ts';
import {become} from '../become.ts';
import {type Echo, linePrefixer, lineSplitter, noEcho, type Outcome, type StepEcho} from '../echo.ts';
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
  /** The step that all commands are a part of. Default: none. */
  readonly step?: StepEcho | undefined;
  /** The machine that the step works on. Default: this one, or the prefix. */
  readonly onHost?: string | undefined;
  /** All commands are repeated beside the work. Default false. */
  readonly isBackground?: boolean | undefined;
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
  const {echo, signal, prefix, step, onHost, isBackground = false} = options;

  async function once(command: Command, run: RunOptions, isRead: boolean): Promise<Result> {
    throwIfAborted(signal);
    const text = commandText(command);
    const capture = run.capture === true;
    const fold = !capture && run.interactive !== true && echo.folds ? run.fold : undefined;
    const {lines} = run;
    const prefixed = prefix !== undefined && !capture && fold === undefined && lines === undefined;
    const running = echo.command(text, {
      prefix,
      host: command.host ?? onHost,
      title: command.title,
      step,
      kind: isRead ? 'read' : isBackground ? 'background' : 'command',
      output: capture
        ? undefined
        : fold !== undefined
          ? 'folded'
          : prefixed || lines !== undefined
            ? 'lines'
            : 'direct',
      fold,
    });
    const [out, err] =
      lines !== undefined
        ? [lineSplitter((line) => lines(line, 'stdout')), lineSplitter((line) => lines(line, 'stderr'))]
        : prefixed
          ? [linePrefixer(prefix, options.stdout), linePrefixer(prefix, options.stderr)]
          : [];
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
      hold: echo.hold,
      timeoutSeconds: run.timeoutSeconds,
      signal,
      kill: options.kill,
      onStdout: fold === undefined ? out?.write : running.output,
      onStderr:
        fold === undefined ? (err?.write ?? (watchStderr && !capture ? options.stderr : undefined)) : running.output,
    }).catch((error: unknown) => {
      running.ended({state: 'failed', seconds: 0});
      throw error;
    });
    out?.end();
    err?.end();
    const {code, seconds, stderr} = ended;
    const isDone = code === 0 || run.allow?.includes(code) === true;
    running.ended({
      state: signal?.aborted === true ? 'stopped' : isDone ? 'done' : 'failed',
      code,
      seconds,
      ...(capture ? {stderr} : {}),
    });
    throwIfAborted(signal);
    if (!isDone) throw commandFailed(isRead ? noEcho.brief(text) : echo.brief(text), ended, run);
    return {exitCode: code, stdout: ended.stdout, stderr, seconds};
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
  const cleaner =
    (background: boolean) =>
    (command: Command, run: RunOptions): Promise<Result> =>
      runnerWith({...options, signal: undefined, kill: undefined, isBackground: background}, memory)(command, {
        capture: true,
        ...run,
      });
  const clean = makeScope(cleaner(false), echo, cleaner(true));
  const runner = (command: Words | Command, run: RunOptions = {}): Promise<Result> => execute(command, run, false);
  const made: Runner = Object.assign(runner, {
    read: (command: Words | Command, run: RunOptions = {}) => execute(command, {capture: true, ...run}, true),
    scope: async <T>(body: (scope: Scope) => Promise<T>): Promise<T> => {
      const close = memory.open();
      return busy(() => clean(body)).finally(close);
    },
    readSecrets: async (commands: Commands) => {
      const secretive = commands.map(toCommand).filter((one) => secretsOf(one).length > 0);
      if (secretive.length === 0) return;
      throwIfAborted(signal);
      const title = 'read the secrets';
      const running = echo.command(secretsText(secretive.flatMap(secretsOf)), {prefix, step, kind: 'act', title});
      await following(running.ended, signal, () =>
        busy(() => readSecrets(secretive, secretWorld({...options, memory, hold: echo.hold}))),
      );
    },
    prefixed: (name: string) => runnerWith({...options, prefix: name}, memory),
    step: async <T>(title: string, body: (run: Runner) => Promise<T>, host?: string): Promise<T> => {
      // A step within a step is a part of it.
      if (step !== undefined) return body(made);
      const began = echo.step(title, host ?? prefix);
      return following(began.ended, signal, () => body(runnerWith({...options, step: began, onHost: host}, memory)));
    },
    become: async (command: Words | Command) => {
      echo.command(commandText(command), {prefix, kind: 'become'});
      await become(toCommand(command), options);
    },
    act: async <T>(text: string, body: () => Promise<T>, shown: string = text): Promise<T> => {
      throwIfAborted(signal);
      return following(echo.command(shown, {prefix, step, kind: 'act'}).ended, signal, body);
    },
  });
  return made;
}

/** Runs what an act or a step does, and reports how it ended. */
async function following<T>(
  ended: (outcome: Outcome) => void,
  signal: AbortSignal | undefined,
  body: () => Promise<T>,
): Promise<T> {
  const started = performance.now();
  let state: Outcome['state'] = 'failed';
  try {
    const result = await body();
    state = 'done';
    return result;
  } catch (error) {
    if (signal?.aborted === true || (isProblem(error) && error.code === 'interrupted')) state = 'stopped';
    throw error;
  } finally {
    ended({state, seconds: (performance.now() - started) / 1000});
  }
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
    what: `${run.purpose === undefined ? '' : `${run.purpose}: `}${how}: ${text}`,
    details: lines,
    fix: run.fix,
    exitCode: ended.timedOut ? exitCode.timedOut : ended.code,
  });
}

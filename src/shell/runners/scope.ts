import {setTimeout as sleep} from 'node:timers/promises';
import {isProblem, messageOf} from '../../errors.ts';
import {type Command, type Commands, toCommand} from '../argv.ts';
import {settleEach} from '../concurrency.ts';
import type {Echo} from '../echo.ts';
import type {RunOptions, Scope} from '../types.ts';

interface CleanUp {
  readonly when: 'always' | 'failure';
  readonly commands: readonly Command[];
}

/** The exit code by which a program that runs commands on other hosts reports a lost connection. */
const connectionLost = 255;

/**
 * A host can be unreachable for a moment, and then its clean-up did not run: it is repeated for this long. After that, the
 * scope gives up the host and skips its remaining clean-up.
 */
const graceSeconds = 20;
const pauseSeconds = [1, 2, 4, 8];

/** How long a command on another host can take: the connection can be up while a program there hangs. */
const cleanUpSeconds = 1800;
const repeatSeconds = 60;

type Execute = (command: Command, options: RunOptions) => Promise<unknown>;

const limited = (execute: Execute, command: Command, seconds: number): Promise<unknown> =>
  execute(command, command.host === undefined ? {} : {timeoutSeconds: seconds});

/**
 * Makes the `scope` of a runner: clean-up that survives errors and interrupts.
 * @param execute runs a clean-up command; must ignore the interrupt that ended the body, or Ctrl-C would leave everything
 * @param executeRepeated runs a command that is repeated beside the body. Default: `execute`
 */
export function makeScope(execute: Execute, echo: Echo, executeRepeated: Execute = execute) {
  const lost = new Set<string>();
  let open = 0;
  return async <T>(body: (scope: Scope) => Promise<T>): Promise<T> => {
    if (open === 0) lost.clear();
    open += 1;
    let cleanUps: CleanUp[] = [];
    const repeats: Repeat[] = [];
    const add =
      (when: CleanUp['when']) =>
      (...commands: Commands) =>
        void cleanUps.unshift({when, commands: commands.map(toCommand)});
    const clean = async (failed: boolean): Promise<void> => {
      await Promise.all(repeats.map(({stop}) => stop()));
      for (const {commands} of cleanUps.filter(({when}) => failed || when === 'always')) {
        await Promise.all(commands.map((command) => cleanUp(command, execute, echo, lost)));
      }
    };
    try {
      const result = await body({
        always: add('always'),
        onFailure: add('failure'),
        every: (seconds, commands, ended) => {
          const repeat = startRepeat(seconds, async () => {
            const started = Date.now();
            const done = await settleEach(
              commands.map(toCommand).filter(({host}) => host === undefined || !lost.has(host)),
              (command) => limited(executeRepeated, command, repeatSeconds),
            );
            const errors = done.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
            for (const error of errors) echo.note(`continuing: ${firstLine(error)}${lastWords(error)}`);
            ended?.({started, succeeded: done.length - errors.length, errors});
          });
          repeats.push(repeat);
          return repeat.stop;
        },
        keep: () => void (cleanUps = cleanUps.filter(({when}) => when === 'always')),
      });
      await clean(false);
      return result;
    } catch (error) {
      await clean(true);
      throw error;
    } finally {
      open -= 1;
    }
  };
}

async function cleanUp(command: Command, execute: Execute, echo: Echo, lost: Set<string>): Promise<void> {
  const {host} = command;
  if (host !== undefined && lost.has(host)) return;
  const end = Date.now() + graceSeconds * 1000;
  for (const pause of [...pauseSeconds, undefined]) {
    try {
      return void (await limited(execute, command, cleanUpSeconds));
    } catch (error) {
      const unreached = host !== undefined && isProblem(error) && error.exitCode === connectionLost;
      const again = unreached && pause !== undefined && Date.now() < end && !lost.has(host);
      if (unreached && !again && !lost.has(host))
        echo.note(`${host} is unreachable and was left as it is: run the same command again when it is back`);
      else echo.note(`${again ? 'retrying clean-up' : 'continuing clean-up'}: ${firstLine(error)}${lastWords(error)}`);
      if (unreached && !again) lost.add(host);
      if (!again) return;
      await sleep(pause * 1000);
    }
  }
}

const firstLine = (error: unknown): string => messageOf(error).split('\n')[0] ?? '';

/** The last line that a failed command wrote: nothing else reports it. */
const lastWords = (error: unknown): string => {
  const last = isProblem(error) ? error.details.at(-1) : undefined;
  return last === undefined ? '' : `: ${last}`;
};

interface Repeat {
  readonly stop: () => Promise<void>;
}

function startRepeat(seconds: number, body: () => Promise<unknown>): Repeat {
  let running: Promise<unknown> = Promise.resolve();
  let idle = true;
  const timer = setInterval(() => {
    if (!idle) return;
    idle = false;
    running = body().finally(() => void (idle = true));
  }, seconds * 1000);
  // The timer must not keep the process alive.
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

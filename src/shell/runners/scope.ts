import {setTimeout as sleep} from 'node:timers/promises';
import {isProblem, messageOf} from '../../errors.ts';
import {type Command, type Commands, toCommand} from '../argv.ts';
import type {Echo} from '../echo.ts';
import type {Scope} from '../types.ts';

interface Step {
  readonly when: 'always' | 'failure';
  readonly commands: readonly Command[];
}

/**
 * When ssh itself fails, what was to be put back was not: a host may be out of reach for some seconds. After these, it is
 * given up, and nothing more waits for it.
 */
const patienceSeconds = 20;
const pauses = [1, 2, 4, 8];

/**
 * Clean-up that survives errors and interrupts: `execute` must not listen to the interrupt that ended the body,
 * or nothing would be cleaned up after Ctrl-C.
 */
export function makeScope(execute: (command: Command) => Promise<unknown>, echo: Echo) {
  const lost = new Set<string>();
  let open = 0;
  return async <T>(body: (scope: Scope) => Promise<T>): Promise<T> => {
    if (open === 0) lost.clear();
    open += 1;
    let steps: Step[] = [];
    const repeats: Repeat[] = [];
    const add =
      (when: Step['when']) =>
      (...commands: Commands) =>
        void steps.unshift({when, commands: commands.map(toCommand)});
    const clean = async (failed: boolean): Promise<void> => {
      await Promise.all(repeats.map(({stop}) => stop()));
      for (const {commands} of steps.filter(({when}) => failed || when === 'always')) {
        await Promise.all(commands.map((command) => cleanUp(command, execute, echo, lost)));
      }
    };
    try {
      const result = await body({
        always: add('always'),
        onFailure: add('failure'),
        every: (seconds, commands, ended) => {
          const repeat = startRepeat(seconds, async () => {
            const done = commands
              .map(toCommand)
              .filter((command) => !lost.has(hostOf(command) ?? ''))
              .map((command) =>
                execute(command).then(
                  () => 1,
                  (error: unknown) => {
                    echo.note(`it goes on: ${firstLine(error)}`);
                    return 0;
                  },
                ),
              );
            ended?.((await Promise.all(done)).reduce<number>((sum, one) => sum + one, 0));
          });
          repeats.push(repeat);
          return repeat.stop;
        },
        keep: () => void (steps = steps.filter(({when}) => when === 'always')),
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

async function cleanUp(
  command: Command,
  execute: (command: Command) => Promise<unknown>,
  echo: Echo,
  lost: Set<string>,
): Promise<void> {
  const host = hostOf(command);
  if (host !== undefined && lost.has(host)) return;
  const end = Date.now() + patienceSeconds * 1000;
  for (const pause of [...pauses, undefined]) {
    try {
      return void (await execute(command));
    } catch (error) {
      const unreached = host !== undefined && isProblem(error) && error.exitCode === 255;
      const again = unreached && pause !== undefined && Date.now() < end && !lost.has(host);
      if (unreached && !again && !lost.has(host))
        echo.note(`${host} cannot be reached and stays as it is: run the same again when it is back`);
      else echo.note(`${again ? 'again' : 'clean-up goes on'}: ${firstLine(error)}`);
      if (unreached && !again) lost.add(host);
      if (!again) return;
      await sleep(pause * 1000);
    }
  }
}

// The word before the command that it runs there.
const hostOf = ({words}: Command): string | undefined =>
  words[0] === 'ssh' ? words[words.indexOf('--') - 1] : undefined;

const firstLine = (error: unknown): string => messageOf(error).split('\n')[0] ?? '';

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
  // Nothing ends later because of it.
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

import {setTimeout as sleep} from 'node:timers/promises';

/**
 * Waits until `check` returns true, and passes on what it throws.
 * @param what the awaited state, for the error; a function is called when the time is up
 * @throws Error after `seconds` (default 10)
 */
export async function until(
  what: string | (() => string),
  check: () => boolean | Promise<boolean>,
  seconds = 10,
  intervalMs = 20,
): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !(await check()); await sleep(intervalMs)) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${typeof what === 'string' ? what : what()}`);
  }
}

/**
 * Calls `ask` until its answer satisfies `holds`, and returns that answer.
 * @throws Error with the last answer after `seconds`
 */
export async function eventually<T>(seconds: number, ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> {
  let answer: T | undefined;
  const last = (): string => `the last answer: ${JSON.stringify(answer)}`;
  await until(last, async () => holds((answer = await ask())), seconds, 50);
  return answer as T;
}

/**
 * Calls `attempt` until it does not throw.
 * @throws what it threw last, after `seconds`
 */
export async function untilNothingThrows(seconds: number, attempt: () => void): Promise<void> {
  let last: unknown;
  const succeeds = (): boolean => {
    try {
      attempt();
      return true;
    } catch (error) {
      last = error;
      return false;
    }
  };
  await until('', succeeds, seconds, 100).catch(() => {
    throw last;
  });
}

import {fastMilliseconds} from './costs.ts';
import type {PoolThread} from './pool.ts';

/** Work that a thread can have before fast requests go to another one: below it, waking a second thread costs more. */
const enoughMilliseconds = 1;

/**
 * The thread for a request. Fast ones go together, so that they share the messages between threads: to the express
 * thread, which serves no others, then to the first one of the pool with little to do. Slow ones go to the thread of the
 * pool with the least to do.
 * @param threads the pool, then the express thread
 * @param cost expected milliseconds of CPU time of the request
 * @param not threads that it was offered to already
 */
export function chooseThread(
  threads: readonly PoolThread[],
  express: number,
  cost: number,
  not: readonly PoolThread[] = [],
): PoolThread | undefined {
  const fast = cost < fastMilliseconds;
  let best: PoolThread | undefined;
  for (let index = threads.length - 1; index >= 0; index -= 1) {
    const thread = threads[index] as PoolThread;
    if (not.includes(thread)) continue;
    if (thread.index === express) {
      if (fast && thread.cost + cost <= enoughMilliseconds) return thread;
      // If all others have crashed.
      if (fast || threads.length === 1) best = thread;
    } else if (best === undefined || thread.cost <= best.cost) best = thread;
  }
  if (!fast || best === undefined) return best;
  return threads.find((thread) => thread.cost + cost <= enoughMilliseconds && !not.includes(thread)) ?? best;
}

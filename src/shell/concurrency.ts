import {isProblem} from '../errors.ts';

/** Runs a body now or, when too many are running, later. */
export type Limiter = <T>(body: () => Promise<T>) => Promise<T>;

/** Runs at most `most` bodies at a time; the others start in the order of the calls. */
export function limiter(most: number): Limiter {
  let free = most;
  const waiting: (() => void)[] = [];
  return async (body) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => void waiting.push(resolve));
    try {
      return await body();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}

/** Calls `body` for every item, at most `limit` at a time, and waits for all of them. Failures are results. */
export function settleEach<S, T>(
  items: readonly S[],
  body: (item: S) => Promise<T>,
  limit = Infinity,
): Promise<PromiseSettledResult<T>[]> {
  const limited = limiter(limit);
  return Promise.allSettled(items.map((item) => limited(() => body(item))));
}

/**
 * The same, throwing the first failure in the order of the items. It still waits for all of them: nothing may run
 * while the caller cleans up.
 */
export async function mapEach<S, T>(
  items: readonly S[],
  body: (item: S) => Promise<T>,
  limit = Infinity,
): Promise<T[]> {
  const settled = await settleEach(items, body, limit);
  const failures = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  // Ctrl-C interrupts all of them; a failure that is not an interrupt explains more.
  const failure = failures.find((one) => !isProblem(one) || one.code !== 'interrupted') ?? failures[0];
  if (failures.length > 0) throw failure;
  return settled.map((one) => (one as PromiseFulfilledResult<T>).value);
}

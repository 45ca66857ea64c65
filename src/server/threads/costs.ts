/** A handler below this CPU time does not delay a probe noticeably. A first run, not compiled yet, can use some of it. */
export const fastMilliseconds = 10;
/** Number of fast runs in a row after which a request that was slow counts as fast again. */
const requiredRuns = 3;
/** The weight of the latest run in the expected cost. */
const weight = 0.3;
const maxKeys = 1000;

interface Known {
  /** Expected milliseconds of CPU time. */
  cost: number;
  /** Fast runs that are still missing. */
  missing: number;
}

export interface Costs {
  /** Expected milliseconds of CPU time: below `fastMilliseconds` only if the last runs of such a request were. */
  readonly estimate: (method: string, url: string) => number;
  readonly learn: (method: string, url: string, cpuMilliseconds: number) => void;
}

/**
 * Learns which requests are cheap, health checks above all, by method and path, whatever the query and the ids in the
 * path. It measures CPU time, not duration: a handler that waits for a database keeps no other request waiting.
 */
export function requestCosts(): Costs {
  const known = new Map<string, Known>();
  return {
    estimate: (method, url) => {
      const found = known.get(keyOf(method, url));
      if (found === undefined) return 2 * fastMilliseconds;
      return found.missing > 0 ? Math.max(found.cost, fastMilliseconds) : Math.min(found.cost, fastMilliseconds - 1);
    },
    learn: (method, url, cpu) => {
      const key = keyOf(method, url);
      const found = known.get(key);
      if (found === undefined) {
        if (known.size >= maxKeys) known.clear();
        known.set(key, {cost: cpu, missing: cpu >= fastMilliseconds ? requiredRuns : 0});
        return;
      }
      found.cost += weight * (cpu - found.cost);
      if (cpu >= fastMilliseconds) found.missing = requiredRuns;
      else if (found.missing > 0) found.missing -= 1;
    },
  };
}

/** A segment of a path with a digit is taken for an id. */
function keyOf(method: string, url: string): string {
  const query = url.indexOf('?');
  const path = query === -1 ? url : url.slice(0, query);
  return `${method} ${/\d/.test(path) ? path.replaceAll(/[^/]*\d[^/]*/g, '*') : path}`;
}

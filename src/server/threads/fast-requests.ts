/** A handler below this CPU time does not delay a probe noticeably. A first run, not compiled yet, can use some of it. */
const fastMilliseconds = 10;
/** Number of fast runs in a row after which a request that was slow counts as fast again. */
const requiredRuns = 3;
const maxKeys = 1000;

export interface FastRequests {
  /** Whether the last runs of this method and path were fast. False for an unknown one. */
  readonly isFast: (method: string, url: string) => boolean;
  readonly learn: (method: string, url: string, cpuMilliseconds: number) => void;
}

/**
 * Learns which requests are cheap, health checks above all, by method and path. It measures CPU time, not duration: a
 * handler that waits for a database keeps no other request waiting.
 */
export function fastRequests(): FastRequests {
  // Fast runs that are still missing, by method and path.
  const missing = new Map<string, number>();
  return {
    isFast: (method, url) => missing.get(keyOf(method, url)) === 0,
    learn: (method, url, cpu) => {
      const key = keyOf(method, url);
      const before = missing.get(key);
      if (before === undefined && missing.size >= maxKeys) missing.clear();
      if (cpu >= fastMilliseconds) missing.set(key, requiredRuns);
      else if (before !== 0) missing.set(key, Math.max(0, (before ?? 1) - 1));
    },
  };
}

function keyOf(method: string, url: string): string {
  const query = url.indexOf('?');
  return `${method} ${query === -1 ? url : url.slice(0, query)}`;
}

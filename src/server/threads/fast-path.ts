/** A handler below this many milliseconds of CPU does not keep a probe waiting noticeably. A first run, not yet compiled, may take some. */
const quickMilliseconds = 10;
/** After it was slow once, so many quick answers in a row make it quick again. */
const proofs = 3;
const mostKeys = 1000;

export interface Quick {
  /** Was what this request asks for answered quickly, last time? */
  readonly isQuick: (method: string, url: string) => boolean;
  readonly learn: (method: string, url: string, cpuMilliseconds: number) => void;
}

/**
 * Knows by experience which requests cost little: health checks above all. What is unknown is not taken for quick.
 * CPU time is measured, not duration: a handler that waits for a database keeps nobody else waiting.
 */
export function quickRequests(): Quick {
  // Proofs that are still missing.
  const missing = new Map<string, number>();
  return {
    isQuick: (method, url) => missing.get(keyOf(method, url)) === 0,
    learn: (method, url, cpu) => {
      const key = keyOf(method, url);
      const before = missing.get(key);
      if (before === undefined && missing.size >= mostKeys) missing.clear();
      if (cpu >= quickMilliseconds) missing.set(key, proofs);
      else if (before !== 0) missing.set(key, Math.max(0, (before ?? 1) - 1));
    },
  };
}

function keyOf(method: string, url: string): string {
  const query = url.indexOf('?');
  return `${method} ${query === -1 ? url : url.slice(0, query)}`;
}

import {setTimeout as sleep} from 'node:timers/promises';

export interface RepeatingLoad {
  /** Stops asking, waits for outstanding answers, and returns the outcome. */
  stop(): Promise<{readonly answered: number; readonly repeated: number; readonly lost: readonly string[]}>;
}

/** As the load balancer has it: `retries 3`. */
const attempts = 4;

/**
 * Asks for each path from two clients, on kept connections. A request on a connection that ends without an answer is
 * repeated, as the load balancer does with safe methods; an answer that breaks off is lost.
 */
export function startRepeatingLoad(url: string, paths: readonly string[]): RepeatingLoad {
  const lost: string[] = [];
  let answered = 0;
  let repeated = 0;
  const stopping = new AbortController();
  const ask = async (path: string, attempt = 1): Promise<void> => {
    const answer = await fetch(url + path).catch(() => undefined);
    if (answer === undefined && attempt < attempts) {
      repeated += 1;
      return ask(path, attempt + 1);
    }
    if (answer === undefined) return void lost.push(`${path}: no answer`);
    const text = await answer.text().catch(() => undefined);
    if (answer.status !== 200 || text === undefined) lost.push(`${path}: ${answer.status}, ${text ?? 'broken off'}`);
    else answered += 1;
  };
  const client = async (path: string): Promise<void> => {
    while (!stopping.signal.aborted) {
      await ask(path);
      await sleep(5);
    }
  };
  const clients = paths.concat(paths).map(client);
  return {
    async stop() {
      stopping.abort();
      await Promise.all(clients);
      return {answered, repeated, lost};
    },
  };
}

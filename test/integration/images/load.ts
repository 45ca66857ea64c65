import {Agent, request} from 'node:http';
import {eventually} from '../../support/until.ts';

export interface Load {
  /** Stops sending, waits for outstanding responses, and returns the outcome. */
  stop(): Promise<{readonly sent: number; readonly failures: readonly string[]; readonly versions: readonly string[]}>;
}

/**
 * Requests at a fixed rate to each address in turn, whether or not earlier ones were answered: every other one on a
 * kept connection, one in ten a POST, one in twenty slow (500 ms). None is repeated.
 */
export function startLoad(addresses: readonly string[], perSecond: number): Load {
  const kept = new Agent({keepAlive: true, maxSockets: 64});
  const fresh = new Agent({keepAlive: false});
  const failures: string[] = [];
  const versions = new Set<string>();
  let sent = 0;
  let open = 0;

  const fire = (turn: number): void => {
    const index = Math.floor(turn / addresses.length);
    const agent = index % 2 === 0 ? kept : fresh;
    const method = index % 20 < 2 ? 'POST' : 'GET';
    const path = index % 40 === 7 || index % 40 === 30 ? '/?ms=500' : '/';
    open += 1;
    let ended = false;
    const end = (failure?: string): void => {
      if (ended) return;
      ended = true;
      open -= 1;
      if (failure !== undefined) failures.push(`${method} ${path} ${agent === kept ? 'kept' : 'fresh'}: ${failure}`);
    };
    const asking = request(
      new URL(path, addresses[turn % addresses.length]),
      {method, agent, timeout: 8000},
      (answer) => {
        versions.add(String(answer.headers['x-version']));
        answer.resume();
        answer.once('end', () => end(answer.statusCode === 200 ? undefined : `status ${answer.statusCode}`));
        answer.once('error', (error) => end(error.message));
      },
    );
    asking.once('timeout', () => asking.destroy(new Error('no answer')));
    asking.once('error', (error) => end(error.message));
    asking.end(method === 'POST' ? 'hello' : undefined);
  };

  const started = performance.now();
  const timer = setInterval(() => {
    for (const due = ((performance.now() - started) / 1000) * perSecond; sent < due; sent += 1) fire(sent);
  }, 5);
  return {
    stop: async () => {
      clearInterval(timer);
      await eventually(
        10,
        async () => open,
        (count) => count === 0,
      );
      kept.destroy();
      fresh.destroy();
      return {sent, failures, versions: [...versions].toSorted()};
    },
  };
}

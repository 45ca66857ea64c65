import {Agent, request} from 'node:http';

export interface Loaded {
  readonly sent: number;
  readonly failures: readonly string[];
}

/**
 * An open-loop load on several addresses: requests start at their time, half of them on connections of their own, one in
 * ten a POST, and none is repeated.
 */
export function startLoad(addresses: readonly string[], perSecond: number): {stop(): Promise<Loaded>} {
  const kept = new Agent({keepAlive: true, maxSockets: 32});
  const fresh = new Agent({keepAlive: false});
  const failures: string[] = [];
  const open = new Set<Promise<void>>();
  let sent = 0;
  const fire = (index: number): void => {
    const done = new Promise<void>((resolve) => {
      const fail = (why: string): void => {
        failures.push(why);
        resolve();
      };
      const asked = request(addresses[index % addresses.length] ?? '', {agent: index % 4 < 2 ? kept : fresh, method: index % 10 === 0 ? 'POST' : 'GET', timeout: 10_000}, (answer) => {
        answer.resume();
        answer.once('end', () => (answer.statusCode === 200 ? resolve() : fail(`status ${answer.statusCode}`)));
        answer.once('error', (error) => fail(error.message));
      });
      asked.once('timeout', () => asked.destroy(new Error('no answer in time')));
      asked.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
      asked.end();
    }).finally(() => open.delete(done));
    open.add(done);
  };
  const started = performance.now();
  const timer = setInterval(() => {
    for (const due = ((performance.now() - started) / 1000) * perSecond; sent < due; sent += 1) fire(sent);
  }, 5);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      kept.destroy();
      return {sent, failures};
    },
  };
}

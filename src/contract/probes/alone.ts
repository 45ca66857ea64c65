import {ask, type Reply} from '../in-container/ask.ts';
import {type Bench, inside, lastLines, serviceFacts, start, stateOf, withContainer} from './containers.ts';

/** The service without its backing services. */
export interface Alone {
  readonly running: boolean;
  readonly exitCode: number;
  /** Characters that it wrote. */
  readonly told: number;
  /** The answer of the path that says that the process is alive. */
  readonly alive: Reply;
  /** The answer of the path that says that it may get traffic. */
  readonly health: Reply;
}

/** Nothing listens where the backing services should be: their names lead into the container itself. */
export function probeAlone(bench: Bench): Promise<Alone | undefined> {
  const {
    subject: {backing, port, alive: alivePath, health: healthPath},
    prober,
  } = bench;
  if (backing.length === 0) return Promise.resolve(undefined);
  return withContainer(bench, 'alone', async (container) => {
    await start(bench, serviceFacts(bench, 'alone', {hosts: backing.map((name) => `${name}:127.0.0.1`)}));
    const question = {host: 'service-alone', port, status: 200};
    let alive = await inside(bench, prober, ask, {...question, path: alivePath, seconds: 3});
    for (let tries = 0; tries < 4 && !alive.ok && (await stateOf(bench, container)).running; tries += 1) {
      alive = await inside(bench, prober, ask, {...question, path: alivePath, seconds: 2});
    }
    const health = await inside(bench, prober, ask, {...question, path: healthPath, seconds: 0});
    const [{running, exitCode}, {stdout, stderr}] = await Promise.all([
      stateOf(bench, container),
      lastLines(bench, container),
    ]);
    return {running, exitCode, told: stdout.length + stderr.length, alive, health};
  });
}

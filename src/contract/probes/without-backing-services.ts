import type {HttpCheck} from '../../service/schema/health-check.ts';
import {probeService, type Reply} from '../../stack/probe.ts';
import {
  type ProbeContext,
  lastLines,
  runInContainer,
  secondsToStart,
  serviceContainer,
  startContainer,
  stateOf,
  withCommand,
  withContainer,
} from './containers.ts';

/** The service while its backing services are unreachable. */
export interface WithoutBackingServices {
  readonly running: boolean;
  readonly exitCode: number;
  /** Characters in its log. */
  readonly loggedCharacters: number;
  /** The reply of the liveness path. */
  readonly alive: Reply;
  /** The reply to the health check. */
  readonly health: Reply;
}

/** Runs the service with the names of its backing services pointing at the loopback, where nothing listens. */
export function probeWithoutBackingServices(context: ProbeContext): Promise<WithoutBackingServices | undefined> {
  const {
    service: {backing, port, alive: alivePath, health: check},
    prober,
  } = context;
  if (backing.length === 0) return Promise.resolve(undefined);
  return withContainer(context, 'no-backing-services', async (container) => {
    await startContainer(
      context,
      serviceContainer(context, 'no-backing-services', {hosts: backing.map((name) => `${name}:127.0.0.1`)}),
    );
    const service = {host: 'service-no-backing-services', port};
    const living: HttpCheck | typeof check =
      check.kind === 'http' ? {...check, path: alivePath, status: '200', answer: {}, body: ''} : check;
    const end = Date.now() + 1000 * Math.max(11, await secondsToStart(context));
    const isAlive = (): Promise<Reply> =>
      runInContainer(context, prober, probeService, {...service, check: living, seconds: 2});
    let alive = await isAlive();
    while (!alive.ok && Date.now() < end && (await stateOf(context, container)).running) alive = await isAlive();
    const asked = await runInContainer(context, prober, probeService, {...service, check, seconds: 0});
    const health = asked.ok ? await withCommand(context, container, asked) : asked;
    const [{running, exitCode}, {stdout, stderr}] = await Promise.all([
      stateOf(context, container),
      lastLines(context, container),
    ]);
    return {running, exitCode, loggedCharacters: stdout.length + stderr.length, alive, health};
  });
}

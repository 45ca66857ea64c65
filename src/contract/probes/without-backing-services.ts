import {httpGet, type Reply} from '../in-container/http-get.ts';
import {
  type ProbeContext,
  lastLines,
  runInContainer,
  serviceContainer,
  startContainer,
  stateOf,
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
  /** The reply of the readiness path. */
  readonly health: Reply;
}

/** Runs the service with the names of its backing services pointing at the loopback, where nothing listens. */
export function probeWithoutBackingServices(context: ProbeContext): Promise<WithoutBackingServices | undefined> {
  const {
    service: {backing, port, alive: alivePath, health: healthPath},
    prober,
  } = context;
  if (backing.length === 0) return Promise.resolve(undefined);
  return withContainer(context, 'no-backing-services', async (container) => {
    await startContainer(
      context,
      serviceContainer(context, 'no-backing-services', {hosts: backing.map((name) => `${name}:127.0.0.1`)}),
    );
    const request = {host: 'service-no-backing-services', port, status: 200};
    let alive = await runInContainer(context, prober, httpGet, {...request, path: alivePath, seconds: 3});
    for (let attempt = 0; attempt < 4 && !alive.ok && (await stateOf(context, container)).running; attempt += 1) {
      alive = await runInContainer(context, prober, httpGet, {...request, path: alivePath, seconds: 2});
    }
    const health = await runInContainer(context, prober, httpGet, {...request, path: healthPath, seconds: 0});
    const [{running, exitCode}, {stdout, stderr}] = await Promise.all([
      stateOf(context, container),
      lastLines(context, container),
    ]);
    return {running, exitCode, loggedCharacters: stdout.length + stderr.length, alive, health};
  });
}

import {dockerKill, dockerExec} from '../../commands/docker/index.ts';
import {graceSeconds} from '../image/service-under-test.ts';
import {type SplitReply, splitRequest} from '../in-container/split-request.ts';
import {awaitExit, type ProbeContext, runInContainer, startService, withContainer} from './containers.ts';

/** How a container reacted to its stop signal. */
export interface Stop {
  /** Undefined: it still ran at the end of the grace period. */
  readonly exitCode: number | undefined;
  readonly seconds: number;
}

export interface Drain {
  /** Undefined: the service is not asked by HTTP. */
  readonly reply: SplitReply | undefined;
  readonly stop: Stop;
}

/** Stops the service while a request is in flight. */
export function probeDrain(context: ProbeContext): Promise<Drain | undefined> {
  const {service, prober, run} = context;
  return withContainer(context, 'drain', async (container) => {
    if (!(await startService(context, 'drain')).ok) return undefined;
    const {health} = service;
    if (health.kind !== 'http') return {reply: undefined, stop: await stopService(context, container)};
    const files = {sent: '/tmp/drain-sent', go: '/tmp/drain-go'};
    const requesting = runInContainer(context, prober, splitRequest, {
      host: 'service-drain',
      port: service.port,
      path: service.slow ?? health.path,
      headers: health.headers,
      whole: service.slow !== undefined,
      ...files,
    });
    const stopping = (async () => {
      await run(dockerExec(prober, ['sh', '-c', `until [ -e ${files.sent} ]; do sleep 0.02; done`]), {
        capture: true,
        timeoutSeconds: 20,
      });
      return stopService(
        context,
        container,
        async () => void (await run(dockerExec(prober, ['touch', files.go]), {capture: true})),
      );
    })();
    const [reply, stop] = await Promise.all([requesting, stopping]);
    return {reply, stop};
  });
}

/**
 * Sends the stop signal, runs `afterSignal`, and waits for the grace period. Not by `docker stop`, which does not report
 * when it has sent its signal.
 */
export async function stopService(
  context: ProbeContext,
  container: string,
  afterSignal?: () => Promise<void>,
): Promise<Stop> {
  await context.run(dockerKill(context.image.stopSignal, container), {capture: true, allow: [1]});
  const sent = performance.now();
  await afterSignal?.();
  const exitCode = await awaitExit(context, container, graceSeconds);
  return {exitCode, seconds: (performance.now() - sent) / 1000};
}

/** Exit code 0, or 143: the default action of SIGTERM. */
export const stoppedCleanly = ({exitCode}: Stop): boolean => exitCode === 0 || exitCode === 143;

export const stopText = ({exitCode, seconds}: Stop): string =>
  exitCode === undefined
    ? `still running after ${seconds.toFixed(1)} s`
    : `exit code ${exitCode} after ${seconds.toFixed(1)} s`;

import {dockerExec, dockerKill} from '../../commands/docker/index.ts';
import {graceSeconds} from '../image/subject.ts';
import {type HalfReply, halfRequest} from '../in-container/half-request.ts';
import {awaitEnd, type Bench, inside, startService, withContainer} from './containers.ts';

export interface Stopped {
  /** Undefined: it still ran at the end of the grace time. */
  readonly exitCode: number | undefined;
  readonly seconds: number;
}

export interface Drained {
  readonly reply: HalfReply;
  readonly stopped: Stopped;
}

/** Stops the service with a request under way. */
export function probeDrain(bench: Bench): Promise<Drained | undefined> {
  const {subject, prober, run} = bench;
  return withContainer(bench, 'drained', async (container) => {
    if (!(await startService(bench, 'drained')).ok) return undefined;
    const files = {sent: '/tmp/drain-sent', go: '/tmp/drain-go'};
    const asked = inside(bench, prober, halfRequest, {
      host: 'service-drained',
      port: subject.port,
      path: subject.slow ?? subject.health,
      whole: subject.slow !== undefined,
      ...files,
    });
    const stopping = (async () => {
      await run(dockerExec(prober, ['sh', '-c', `until [ -e ${files.sent} ]; do sleep 0.02; done`]), {
        capture: true,
        timeoutSeconds: 20,
      });
      return stopService(
        bench,
        container,
        async () => void (await run(dockerExec(prober, ['touch', files.go]), {capture: true})),
      );
    })();
    const [reply, stopped] = await Promise.all([asked, stopping]);
    return {reply, stopped};
  });
}

/**
 * Sends the stop signal, does `then`, and waits as long as a platform would. Not `docker stop`: nobody knows when
 * that has sent its signal.
 */
export async function stopService(bench: Bench, container: string, then?: () => Promise<void>): Promise<Stopped> {
  await bench.run(dockerKill(bench.image.stopSignal, container), {capture: true, allow: [1]});
  const sent = performance.now();
  await then?.();
  const exitCode = await awaitEnd(bench, container, graceSeconds);
  return {exitCode, seconds: (performance.now() - sent) / 1000};
}

/** Did it end because it was asked to, and as it should? */
export const endedByItself = ({exitCode}: Stopped): boolean => exitCode === 0 || exitCode === 143;

export const stoppedText = ({exitCode, seconds}: Stopped): string =>
  exitCode === undefined
    ? `still runs after ${seconds.toFixed(1)} s`
    : `exit code ${exitCode} after ${seconds.toFixed(1)} s`;

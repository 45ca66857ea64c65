import type {ContainerOptions} from '../../commands/docker/index.ts';
import {
  awaitEnd,
  type Bench,
  lastLines,
  serviceFacts,
  start,
  startService,
  stateOf,
  withContainer,
} from './containers.ts';

/** A container that is expected to end by itself. */
export interface ShortRun {
  /** Undefined: it still runs. */
  readonly exitCode: number | undefined;
  /** Both streams, and the engine's words where it could not start. */
  readonly output: string;
  /** It answered as the service does. */
  readonly answered: boolean;
}

const patienceSeconds = 5;
/** A word that is no task and no program. */
export const unknownWord = 'no-such-task-e2c41';

/** `docker run IMAGE`: nothing but the image. */
export const probeBare = (bench: Bench): Promise<ShortRun> =>
  shortRun(bench, 'bare', {environment: {}, secrets: {}, command: []});

/** `docker run IMAGE no-such-task`, as the service is configured otherwise: nothing else may be wrong. */
export const probeUnknownTask = (bench: Bench): Promise<ShortRun> =>
  shortRun(bench, 'unknown', {command: [unknownWord]});

function shortRun(bench: Bench, name: string, changes: Partial<ContainerOptions>): Promise<ShortRun> {
  return withContainer(bench, name, async (container) => {
    await start(bench, serviceFacts(bench, name, changes));
    return told(bench, container, await awaitEnd(bench, container, patienceSeconds), false);
  });
}

/** The service without its variables. */
export function probeUnconfigured(bench: Bench): Promise<ShortRun | undefined> {
  const {environment, secrets} = bench.subject;
  if (Object.keys({...environment, ...secrets}).length === 0) return Promise.resolve(undefined);
  return withContainer(bench, 'unconfigured', async (container) => {
    const {ok} = await startService(bench, 'unconfigured', {
      environment: {PORT: String(bench.subject.port)},
      secrets: {},
    });
    const {running, exitCode} = await stateOf(bench, container);
    return told(bench, container, running ? undefined : exitCode, ok);
  });
}

async function told(
  bench: Bench,
  container: string,
  exitCode: number | undefined,
  answered: boolean,
): Promise<ShortRun> {
  const [{stdout, stderr}, {error}] = await Promise.all([lastLines(bench, container), stateOf(bench, container)]);
  return {exitCode, output: [stdout, stderr, error].join('\n').trim(), answered};
}

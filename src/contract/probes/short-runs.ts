import type {ContainerOptions} from '../../commands/docker/index.ts';
import {
  awaitExit,
  lastLines,
  type ProbeContext,
  serviceContainer,
  startContainer,
  startService,
  stateOf,
  withContainer,
} from './containers.ts';

/** A container that is expected to exit on its own. */
export interface ShortRun {
  /** Undefined: it is still running. */
  readonly exitCode: number | undefined;
  /** Both streams, and the engine's message if it could not start the container. */
  readonly output: string;
  /** It gave the reply that the service gives. */
  readonly answered: boolean;
}

const exitSeconds = 5;
/** A word that is neither a task nor a program. */
export const unknownWord = 'no-such-task-e2c41';

/** `docker run IMAGE`, without words and variables. */
export const probeDefaultCommand = (context: ProbeContext): Promise<ShortRun> =>
  shortRun(context, 'default-command', {environment: {}, secrets: {}, command: []});

/** `docker run IMAGE no-such-task`, otherwise configured as usual, so that only the word can be wrong. */
export const probeUnknownTask = (context: ProbeContext): Promise<ShortRun> =>
  shortRun(context, 'unknown-task', {command: [unknownWord]});

function shortRun(context: ProbeContext, name: string, changes: Partial<ContainerOptions>): Promise<ShortRun> {
  return withContainer(context, name, async (container) => {
    await startContainer(context, serviceContainer(context, name, changes));
    return resultOf(context, container, await awaitExit(context, container, exitSeconds), false);
  });
}

/** The service without its variables. */
export function probeUnconfigured(context: ProbeContext): Promise<ShortRun | undefined> {
  const {environment, secrets, declared} = context.service;
  const takesNone = declared === undefined && Object.keys({...environment, ...secrets}).length === 0;
  if (takesNone || declared?.required.length === 0) return Promise.resolve(undefined);
  return withContainer(context, 'unconfigured', async (container) => {
    const {ok} = await startService(context, 'unconfigured', {
      environment: {PORT: String(context.service.port)},
      secrets: {},
    });
    const {running, exitCode} = await stateOf(context, container);
    return resultOf(context, container, running ? undefined : exitCode, ok);
  });
}

async function resultOf(
  context: ProbeContext,
  container: string,
  exitCode: number | undefined,
  answered: boolean,
): Promise<ShortRun> {
  const [{stdout, stderr}, {error}] = await Promise.all([lastLines(context, container), stateOf(context, container)]);
  return {exitCode, output: [stdout, stderr, error].join('\n').trim(), answered};
}

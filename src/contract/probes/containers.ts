import {
  dockerWait,
  notStartedCodes,
  type ContainerOptions,
  dockerExec,
  dockerInspect,
  dockerLogs,
  dockerRemove,
  dockerRun,
} from '../../commands/docker/index.ts';
import {anyExitCode} from '../../errors.ts';
import {commandText} from '../../service/schema/health-check.ts';
import {type Words, wordsText} from '../../shell/argv.ts';
import type {Runner} from '../../shell/index.ts';
import {probeService, type Reply} from '../../stack/probe.ts';
import type {ImageFacts} from '../image/facts.ts';
import type {ServiceUnderTest} from '../image/service-under-test.ts';
import {nodeWords} from '../in-container/node-words.ts';

/** The dependencies of every probe. */
export interface ProbeContext {
  readonly run: Runner;
  readonly service: ServiceUnderTest;
  readonly image: ImageFacts;
  /** Name of the helper container on the service's network from which HTTP requests are sent. */
  readonly prober: string;
  /** Directory for temporary files that the docker client reads or writes. */
  readonly temporary: string;
  /** Seconds from the service's first start to its first good reply; undefined: it never gave one. */
  readonly secondsToReady: PromiseWithResolvers<number | undefined>;
}

export interface ContainerState {
  readonly running: boolean;
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  /** The engine's message if it could not start the container. */
  readonly error: string;
}

export const containerName = ({service}: ProbeContext, name: string): string => `${service.network}.${name}`;

/** Passes `body` the name of a container to start; removes the container afterwards, even after an error. */
export function withContainer<T>(
  context: ProbeContext,
  name: string,
  body: (container: string) => Promise<T>,
): Promise<T> {
  const container = containerName(context, name);
  return context.run.scope(async (scope) => {
    scope.always(dockerRemove(container));
    return body(container);
  });
}

/** The `docker run` options of the service in its normal configuration, with `changes`. */
export function serviceContainer(
  {service, image}: ProbeContext,
  name: string,
  changes: Partial<ContainerOptions> = {},
): ContainerOptions {
  return {
    image: service.image,
    name: `${service.network}.${name}`,
    network: service.network,
    aliases: [`service-${name}`],
    labels: service.labels,
    environment: {
      ...('PORT' in image.environment && image.environment['PORT'] === String(service.port)
        ? {}
        : {PORT: String(service.port)}),
      ...service.healthVariables,
      ...service.environment,
    },
    secrets: service.secrets,
    command: service.command,
    ...changes,
  };
}

/** Starts a container. One that the engine cannot start is a finding, not an error. */
export async function startContainer({run}: ProbeContext, options: ContainerOptions): Promise<void> {
  await run(dockerRun(options, 'detached'), {capture: true, allow: notStartedCodes, timeoutSeconds: 60});
}

/**
 * How long another start can take: at least 6 s, and five times as long as the first one, or twice where that was slow. A
 * busy machine gets the time it needs, and a service that will not answer costs little.
 */
export async function secondsToStart({service, secondsToReady}: ProbeContext): Promise<number> {
  const first = (await secondsToReady.promise) ?? 0;
  return Math.min(Math.max(service.startSeconds, 6), Math.max(6, Math.min(5 * first, 2 * first + 15)));
}

/** Starts the service with `changes` and waits for a good reply. @see secondsToStart */
export async function startService(
  context: ProbeContext,
  name: string,
  changes: Partial<ContainerOptions> = {},
): Promise<Reply> {
  const seconds = await secondsToStart(context);
  await startContainer(context, serviceContainer(context, name, changes));
  const port = Number(changes.environment?.['PORT'] ?? context.service.port);
  return awaitReply(context, name, {port, seconds});
}

/** Waits until the service is healthy, while its container runs. */
export async function awaitReply(
  context: ProbeContext,
  name: string,
  {port = context.service.port, seconds = context.service.startSeconds}: {port?: number; seconds?: number} = {},
): Promise<Reply> {
  const {health: check} = context.service;
  const container = containerName(context, name);
  for (const end = Date.now() + seconds * 1000; ;) {
    const asked = await runInContainer(context, context.prober, probeService, {
      host: `service-${name}`,
      port,
      check,
      seconds: 2,
    });
    const reply = asked.ok ? await withCommand(context, container, asked) : asked;
    // Checked after a good reply too: a container that exits frees its address, and another one may have replied.
    const {running} = await stateOf(context, container);
    if (!running) return {ok: false, status: 0, error: 'exited'};
    if (reply.ok || Date.now() >= end) return reply;
  }
}

/** Runs the command of the health check, if it is one. */
export async function withCommand(
  {run, service: {health}}: ProbeContext,
  container: string,
  reply: Reply,
): Promise<Reply> {
  if (health.kind !== 'command') return reply;
  const words = ['sh', '-c', commandText(wordsText(health.words))];
  const {exitCode} = await run(dockerExec(container, words), {capture: true, allow: anyExitCode, timeoutSeconds: 60});
  return exitCode === 0 ? reply : {ok: false, status: 0, error: `exit code ${exitCode}`};
}

/** Runs a self-contained function (src/contract/in-container) in a container; returns its result. */
export async function runInContainer<A, T>(
  {run}: ProbeContext,
  container: string,
  body: (argument: A) => T,
  argument: NoInfer<A>,
): Promise<Awaited<T>> {
  const {stdout} = await run(dockerExec(container, nodeWords(body, argument)), {capture: true, timeoutSeconds: 60});
  return JSON.parse(stdout) as Awaited<T>;
}

/** The same in a new helper container that shares a namespace with `target`, so `target` itself needs no node. */
export async function runBeside<A, T>(
  {run, service}: ProbeContext,
  target: string,
  body: (argument: A) => T,
  argument: NoInfer<A>,
  share: 'processes' | 'network',
): Promise<Awaited<T>> {
  const [entrypoint, ...command] = nodeWords(body, argument);
  const shared = share === 'processes' ? {pidOf: target} : {network: `container:${target}`};
  const {stdout} = await run(dockerRun(helperContainer(service, {...shared, entrypoint, command}), 'foreground'), {
    capture: true,
    timeoutSeconds: 60,
  });
  return JSON.parse(stdout) as Awaited<T>;
}

/** The `docker run` options of a helper. It runs as root, to inspect and signal processes of any user. */
export function helperContainer(service: ServiceUnderTest, options: Partial<ContainerOptions>): ContainerOptions {
  return {
    image: service.helper,
    labels: service.labels,
    user: '0',
    ...(options.pidOf === undefined ? {} : {addCapabilities: ['SYS_PTRACE']}),
    ...options,
  };
}

export const sleepForever: {readonly entrypoint: string; readonly command: Words} = {
  entrypoint: 'sleep',
  command: ['infinity'],
};

export async function stateOf({run}: ProbeContext, container: string): Promise<ContainerState> {
  const format = '{{.State.Running}}\t{{.State.ExitCode}}\t{{.State.OOMKilled}}\t{{.State.Error}}';
  const {stdout, exitCode} = await run(dockerInspect(container, format), {capture: true, allow: [1]});
  const [running = '', code = '', outOfMemory = '', error = ''] = stdout.trim().split('\t');
  return {
    running: running === 'true',
    exitCode: exitCode === 0 ? Number(code) : 125,
    outOfMemory: outOfMemory === 'true',
    error,
  };
}

/** Waits for a container to exit and returns its exit code; undefined if it still runs after `seconds`. */
export async function awaitExit({run}: ProbeContext, container: string, seconds: number): Promise<number | undefined> {
  const killed = 137;
  const {stdout, exitCode} = await run(dockerWait(container), {
    capture: true,
    timeoutSeconds: seconds,
    allow: [1, killed],
  });
  return exitCode === 0 ? Number(stdout.trim()) : undefined;
}

/** The last 200 lines of a container's log. */
export async function lastLines(
  {run}: ProbeContext,
  container: string,
): Promise<{readonly stdout: string; readonly stderr: string}> {
  return run(dockerLogs(container, {tail: 200}), {capture: true, allow: [1]});
}

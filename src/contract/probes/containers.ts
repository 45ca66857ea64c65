import {
  type ContainerOptions,
  dockerExec,
  dockerInspect,
  dockerLogs,
  dockerRemove,
  dockerRun,
  dockerWait,
  notStartedCodes,
} from '../../commands/docker/index.ts';
import type {Words} from '../../shell/argv.ts';
import type {Limiter} from '../../shell/concurrency.ts';
import type {Runner} from '../../shell/index.ts';
import type {ImageFacts} from '../image/facts.ts';
import {startSeconds, type Subject} from '../image/subject.ts';
import {ask, type Reply} from '../in-container/ask.ts';
import {insideWords} from '../in-container/program.ts';

/** What probes work with. */
export interface Bench {
  readonly run: Runner;
  readonly subject: Subject;
  readonly image: ImageFacts;
  /** The container on the subject's network from which the service is asked. */
  readonly prober: string;
  /** Settled when the service has been started for the first time: the seconds it took; undefined: it does not answer. */
  readonly answers: PromiseWithResolvers<number | undefined>;
  /** Runs `body` when fewer than three are running. */
  readonly lane: Limiter;
}

export interface State {
  readonly running: boolean;
  readonly exitCode: number;
  readonly killedForMemory: boolean;
  /** The engine's own words where it could not start it. */
  readonly error: string;
}

export const containerName = ({subject}: Bench, name: string): string => `${subject.network}.${name}`;

/** Gives `body` the name of a container that it may start; removes it afterwards, whatever happened. */
export function withContainer<T>(bench: Bench, name: string, body: (container: string) => Promise<T>): Promise<T> {
  const container = containerName(bench, name);
  return bench.run.scope(async (scope) => {
    scope.always(dockerRemove(container));
    return body(container);
  });
}

/** What `docker run` needs for the service as it usually runs, with `changes`. */
export function serviceFacts(
  {subject, image}: Bench,
  name: string,
  changes: Partial<ContainerOptions> = {},
): ContainerOptions {
  return {
    image: subject.image,
    name: `${subject.network}.${name}`,
    network: subject.network,
    aliases: [`service-${name}`],
    labels: subject.labels,
    environment: {
      ...('PORT' in image.environment && image.environment['PORT'] === String(subject.port)
        ? {}
        : {PORT: String(subject.port)}),
      ...subject.environment,
    },
    secrets: subject.secrets,
    command: subject.command,
    ...changes,
  };
}

/** Starts a container; one that the engine cannot start is a finding too. */
export async function start({run}: Bench, facts: ContainerOptions): Promise<void> {
  await run(dockerRun(facts, 'detached'), {capture: true, allow: notStartedCodes, timeoutSeconds: 60});
}

/**
 * Starts the service under `changes` and waits for its answer: five times as long as the first one took, so that a
 * busy machine gets its time and a service that will not answer does not cost it, and at least 6 s.
 */
export async function startService(
  bench: Bench,
  name: string,
  changes: Partial<ContainerOptions> = {},
): Promise<Reply> {
  const seconds = Math.min(startSeconds, Math.max(6, 5 * ((await bench.answers.promise) ?? 0)));
  await start(bench, serviceFacts(bench, name, changes));
  const port = Number(changes.environment?.['PORT'] ?? bench.subject.port);
  return awaitReply(bench, name, {port, seconds});
}

/** Waits for the service's answer as long as its container runs. */
export async function awaitReply(
  bench: Bench,
  name: string,
  {port = bench.subject.port, seconds = startSeconds}: {port?: number; seconds?: number} = {},
): Promise<Reply> {
  const {health, healthIsDeclared} = bench.subject;
  const question = {host: `service-${name}`, port, path: health, status: healthIsDeclared ? 200 : undefined};
  for (const end = Date.now() + seconds * 1000; ;) {
    const reply = await inside(bench, bench.prober, ask, {...question, seconds: 2});
    // Also after a good answer: one that ended gives its address back, and then it is another container that answers.
    const {running} = await stateOf(bench, containerName(bench, name));
    if (!running) return {ok: false, status: 0, error: 'ended'};
    if (reply.ok || Date.now() >= end) return reply;
  }
}

/** Runs one of the functions of `inside` in a container, and gives what it returns. */
export async function inside<A, T>(
  {run}: Bench,
  container: string,
  body: (argument: A) => T,
  argument: NoInfer<A>,
): Promise<Awaited<T>> {
  const {stdout} = await run(dockerExec(container, insideWords(body, argument)), {capture: true, timeoutSeconds: 60});
  return JSON.parse(stdout) as Awaited<T>;
}

/** The same in a helper that shares a namespace with `target`, and lives for this call only. */
export async function beside<A, T>(
  {run, subject}: Bench,
  target: string,
  body: (argument: A) => T,
  argument: NoInfer<A>,
  share: 'processes' | 'network',
): Promise<Awaited<T>> {
  const [entrypoint, ...command] = insideWords(body, argument);
  const shared = share === 'processes' ? {pidOf: target} : {network: `container:${target}`};
  const {stdout} = await run(dockerRun(helperFacts(subject, {...shared, entrypoint, command}), 'foreground'), {
    capture: true,
    timeoutSeconds: 60,
  });
  return JSON.parse(stdout) as Awaited<T>;
}

/** A helper: root, so that it may look at and signal processes of any user. */
export function helperFacts(subject: Subject, facts: Partial<ContainerOptions>): ContainerOptions {
  return {
    image: subject.helper,
    labels: subject.labels,
    user: '0',
    ...(facts.pidOf === undefined ? {} : {addCapabilities: ['SYS_PTRACE']}),
    ...facts,
  };
}

export const idle: {readonly entrypoint: string; readonly command: Words} = {
  entrypoint: 'sleep',
  command: ['infinity'],
};

export async function stateOf({run}: Bench, container: string): Promise<State> {
  const format = '{{.State.Running}}\t{{.State.ExitCode}}\t{{.State.OOMKilled}}\t{{.State.Error}}';
  const {stdout, exitCode} = await run(dockerInspect(container, format), {capture: true, allow: [1]});
  const [running = '', code = '', memory = '', error = ''] = stdout.trim().split('\t');
  return {
    running: running === 'true',
    exitCode: exitCode === 0 ? Number(code) : 125,
    killedForMemory: memory === 'true',
    error,
  };
}

/** Waits for the container's end; undefined: it still runs after `seconds`. */
export async function awaitEnd({run}: Bench, container: string, seconds: number): Promise<number | undefined> {
  const killed = 137;
  const {stdout, exitCode} = await run(dockerWait(container), {
    capture: true,
    timeoutSeconds: seconds,
    allow: [1, killed],
  });
  return exitCode === 0 ? Number(stdout.trim()) : undefined;
}

/** The end of a container's log, both streams. */
export async function lastLines(
  {run}: Bench,
  container: string,
): Promise<{readonly stdout: string; readonly stderr: string}> {
  return run(dockerLogs(container, {tail: 200}), {capture: true, allow: [1]});
}

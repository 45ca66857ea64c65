import {dockerDiff, dockerExec, dockerRemove, dockerRun} from '../../commands/docker/index.ts';
import {anyExitCode} from '../../errors.ts';
import {probeService, type Reply} from '../../stack/probe.ts';
import {binaryFiles, cpuMicroseconds, leaveOrphans, listProcesses, type Process} from '../in-container/processes.ts';
import {
  awaitReply,
  containerName,
  type ContainerState,
  helperContainer,
  lastLines,
  type ProbeContext,
  runBeside,
  runInContainer,
  serviceContainer,
  sleepForever,
  startContainer,
  stateOf,
  withCommand,
  withContainer,
} from './containers.ts';
import {type KillResult, probeKill} from './kill.ts';
import {type LogFacts, logFacts} from './output.ts';
import {descendantsOfInit} from './process-tree.ts';

/** The service in its normal configuration, with its backing services. */
export interface NormalRun {
  /** From where the service can be reached. */
  readonly reachableFrom: 'network' | 'loopback' | 'nowhere';
  readonly reply: Reply;
  readonly state: ContainerState;
  /** The last line of its log. */
  readonly lastLine: string;
  /** Undefined: the container has exited. */
  readonly inspection: Inspection | undefined;
}

/** Facts that only a running container shows. */
export interface Inspection {
  readonly processes: readonly Process[];
  /** Zombies left of 20 orphans. */
  readonly zombies: number;
  readonly healthCheck: HealthCheck | undefined;
  readonly log: LogFacts;
  /** Characters in its log. */
  readonly logged: {readonly stdout: number; readonly stderr: number};
  /** Files that were added or changed since the start. */
  readonly written: readonly string[];
  /** Those of them that are logs: text, and named as logs are. */
  readonly logFiles: readonly string[];
  /** Undefined: the service does not answer from the network. */
  readonly kill: KillResult | undefined;
}

export interface HealthCheck {
  readonly exitCode: number;
  /** CPU milliseconds of one check, including anything else that the container did meanwhile. */
  readonly cpuMs: number | undefined;
  readonly output: string;
}

const logName = /^\/var\/log\/|\.log(\.\d+)?$|(^|\/)logs?\/[^/]+$/;

/** The container's cgroup directory, as seen by a helper in its pid namespace. */
const cgroupRoot = '/proc/1/root/sys/fs/cgroup';

export function probeNormalRun(context: ProbeContext): Promise<NormalRun> {
  const {secondsToReady} = context;
  return withContainer(context, 'normal', async (container) => {
    const started = performance.now();
    await startContainer(context, serviceContainer(context, 'normal'));
    const {reachableFrom, reply} = await findService(context, container);
    secondsToReady.resolve(reachableFrom === 'network' ? (performance.now() - started) / 1000 : undefined);
    const state = await stateOf(context, container);
    const inspection = state.running ? await inspect(context, container, reachableFrom === 'network') : undefined;
    const {stdout, stderr} = inspection === undefined ? await lastLines(context, container) : {stdout: '', stderr: ''};
    return {
      reachableFrom,
      reply,
      state,
      lastLine: `${stdout}${stderr}`.trimEnd().split('\n').at(-1)?.slice(0, 200) ?? '',
      inspection,
    };
  }).catch((error: unknown) => {
    secondsToReady.reject(error);
    throw error;
  });
}

/** Tries the loopback after 5 s, so that a service that listens only there is found before the full timeout. */
async function findService(
  context: ProbeContext,
  container: string,
): Promise<Pick<NormalRun, 'reachableFrom' | 'reply'>> {
  const firstSeconds = Math.min(5, context.service.startSeconds);
  const afterLoopbackSeconds = 1;
  const first = await awaitReply(context, 'normal', {seconds: firstSeconds});
  if (first.ok) return {reachableFrom: 'network', reply: first};
  if (!(await stateOf(context, container)).running) return {reachableFrom: 'nowhere', reply: first};
  const local = await getFromLoopback(context, container);
  // A service that answers on the loopback may just have become ready: try the network once more.
  const seconds = local.ok ? afterLoopbackSeconds : Math.max(0, context.service.startSeconds - firstSeconds);
  const last = await awaitReply(context, 'normal', {seconds});
  if (last.ok) return {reachableFrom: 'network', reply: last};
  return local.ok ? {reachableFrom: 'loopback', reply: local} : {reachableFrom: 'nowhere', reply: last};
}

async function getFromLoopback(context: ProbeContext, container: string): Promise<Reply> {
  const {port, health: check} = context.service;
  const reply = await runBeside(
    context,
    container,
    probeService,
    {host: '127.0.0.1', port, check, seconds: 1},
    'network',
  );
  return reply.ok ? withCommand(context, container, reply) : reply;
}

async function inspect(context: ProbeContext, container: string, reachable: boolean): Promise<Inspection> {
  const {run, service} = context;
  const watcher = containerName(context, 'watcher');
  const seen = await run.scope(async (scope) => {
    scope.always(dockerRemove(watcher));
    const options = helperContainer(service, {name: watcher, pidOf: container, ...sleepForever});
    await run(dockerRun(options, 'detached'), {capture: true});
    const processes = descendantsOfInit(await runInContainer(context, watcher, listProcesses, null));
    const zombies = await runInContainer(context, watcher, leaveOrphans, {count: 20});
    const healthCheck = await runHealthCheck(context, container, watcher);
    if (reachable) await provokeLog(context);
    return {processes, zombies, healthCheck};
  });
  const {stdout, stderr} = await lastLines(context, container);
  const {stdout: diff} = await run(dockerDiff(container), {capture: true});
  const written = writtenFiles(diff);
  const log = await logFacts(context, container, [...stdout.split('\n'), ...stderr.split('\n')]);
  const logFiles = await textLogs(context, container, written);
  const kill = reachable ? await probeKill(context, container, seen.processes) : undefined;
  return {...seen, log, logged: {stdout: stdout.length, stderr: stderr.length}, written, logFiles, kill};
}

/** Databases name files `.log` as well, which are no text. */
async function textLogs(context: ProbeContext, container: string, written: readonly string[]): Promise<string[]> {
  const named = written.filter((path) => logName.test(path));
  const doubtful = named.filter((path) => !path.startsWith('/var/log/'));
  if (doubtful.length === 0) return named;
  const files = {root: '/proc/1/root', paths: doubtful};
  const binary = await runBeside(context, container, binaryFiles, files, 'processes').catch((): string[] => []);
  return named.filter((path) => !binary.includes(path));
}

/** Runs the image's health check as Docker's daemon does, three times: one run is too short to measure. */
async function runHealthCheck(
  context: ProbeContext,
  container: string,
  watcher: string,
): Promise<HealthCheck | undefined> {
  const {
    run,
    image: {
      healthCheck: [kind, ...words],
    },
  } = context;
  if (kind === undefined) return undefined;
  const times = 3;
  const before = await runInContainer(context, watcher, cpuMicroseconds, {root: cgroupRoot});
  let exitCode = 0;
  let output = '';
  for (let time = 0; time < times && exitCode === 0; time += 1) {
    const ended = await run(dockerExec(container, kind === 'CMD-SHELL' ? ['/bin/sh', '-c', ...words] : words), {
      capture: true,
      allow: anyExitCode,
      timeoutSeconds: 30,
    });
    exitCode = ended.exitCode;
    output = `${ended.stdout}${ended.stderr}`.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
  }
  const after = await runInContainer(context, watcher, cpuMicroseconds, {root: cgroupRoot});
  return {exitCode, output, cpuMs: exitCode !== 0 || before < 0 ? undefined : (after - before) / times / 1000};
}

/** Sends a few requests, so that a service with an access log writes to it. */
async function provokeLog(context: ProbeContext): Promise<void> {
  const {port, health, alive} = context.service;
  if (health.kind !== 'http') return;
  for (const path of ['/', health.path, alive]) {
    const options = {host: 'service-normal', port, check: {...health, path}, seconds: 0};
    await runInContainer(context, context.prober, probeService, options);
  }
}

/** Added and changed files, and directories that have no listed children, of `docker diff` lines such as `A /path`. */
export function writtenFiles(diff: string): string[] {
  const paths = diff
    .split('\n')
    .filter((line) => /^[AC] /.test(line))
    .map((line) => line.slice(2));
  return paths.filter((path) => !paths.some((other) => other.startsWith(`${path}/`)));
}

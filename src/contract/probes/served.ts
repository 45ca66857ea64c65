import {dockerDiff, dockerExec, dockerRemove, dockerRun} from '../../commands/docker/index.ts';
import {startSeconds} from '../image/subject.ts';
import {ask, type Reply} from '../in-container/ask.ts';
import {cpuMicroseconds, leaveOrphans, listProcesses, type Process} from '../in-container/processes.ts';
import {
  awaitReply,
  type Bench,
  beside,
  containerName,
  helperFacts,
  idle,
  inside,
  lastLines,
  serviceFacts,
  start,
  type State,
  stateOf,
  withContainer,
} from './containers.ts';
import {type Death, probeDeath} from './death.ts';

/** The service as it runs among its backing services. */
export interface Served {
  /** From where it can be reached. */
  readonly where: 'network' | 'loopback' | 'nowhere';
  readonly reply: Reply;
  readonly state: State;
  /** The last line of its log. */
  readonly lastLine: string;
  /** What is asked of a container that runs; undefined when it has ended. */
  readonly alive: Alive | undefined;
}

export interface Alive {
  readonly processes: readonly Process[];
  /** Of 20 orphans. */
  readonly zombies: number;
  readonly healthCheck: HealthCheck | undefined;
  /** Characters of its log. */
  readonly logged: {readonly stdout: number; readonly stderr: number};
  /** Files that were added or changed since its start. */
  readonly written: readonly string[];
  readonly death: Death | undefined;
}

export interface HealthCheck {
  readonly exitCode: number;
  /** CPU milliseconds of the whole container for one check, what else it does meanwhile included. */
  readonly cpuMs: number | undefined;
  readonly output: string;
}

const anyCode = Array.from({length: 255}, (_, index) => index + 1);

export function probeServed(bench: Bench): Promise<Served> {
  const {answers} = bench;
  return withContainer(bench, 'served', async (container) => {
    const started = performance.now();
    await start(bench, serviceFacts(bench, 'served'));
    const {where, reply} = await findAnswer(bench, container);
    answers.resolve(where === 'network' ? (performance.now() - started) / 1000 : undefined);
    const state = await stateOf(bench, container);
    const alive = state.running ? await probeAlive(bench, container, where === 'network') : undefined;
    const {stdout, stderr} = alive === undefined ? await lastLines(bench, container) : {stdout: '', stderr: ''};
    return {
      where,
      reply,
      state,
      lastLine: `${stdout}${stderr}`.trimEnd().split('\n').at(-1)?.slice(0, 200) ?? '',
      alive,
    };
  }).catch((error: unknown) => {
    answers.reject(error);
    throw error;
  });
}

/** One that listens on the loopback only is found after 5 s, not at the end of all patience. */
async function findAnswer(bench: Bench, container: string): Promise<Pick<Served, 'where' | 'reply'>> {
  const soonSeconds = 5;
  const againSeconds = 1;
  const soon = await awaitReply(bench, 'served', {seconds: soonSeconds});
  if (soon.ok) return {where: 'network', reply: soon};
  if (!(await stateOf(bench, container)).running) return {where: 'nowhere', reply: soon};
  const local = await askInside(bench, container);
  // What answers inside may have begun to only now: a slow one is no hidden one.
  const late = await awaitReply(bench, 'served', {seconds: local.ok ? againSeconds : startSeconds - soonSeconds});
  if (late.ok) return {where: 'network', reply: late};
  return local.ok ? {where: 'loopback', reply: local} : {where: 'nowhere', reply: late};
}

function askInside(bench: Bench, container: string): Promise<Reply> {
  const {port, health, healthIsDeclared} = bench.subject;
  return beside(
    bench,
    container,
    ask,
    {host: '127.0.0.1', port, path: health, seconds: 1, status: healthIsDeclared ? 200 : undefined},
    'network',
  );
}

async function probeAlive(bench: Bench, container: string, answers: boolean): Promise<Alive> {
  const {run, subject} = bench;
  const helper = containerName(bench, 'watcher');
  const seen = await run.scope(async (scope) => {
    scope.always(dockerRemove(helper));
    await run(dockerRun(helperFacts(subject, {name: helper, pidOf: container, ...idle}), 'detached'), {capture: true});
    const processes = await inside(bench, helper, listProcesses, null);
    const zombies = await inside(bench, helper, leaveOrphans, {count: 20});
    const healthCheck = await probeHealthCheck(bench, container, helper);
    if (answers) await provokeLog(bench);
    return {processes, zombies, healthCheck};
  });
  const {stdout, stderr} = await lastLines(bench, container);
  const {stdout: diff} = await run(dockerDiff(container), {capture: true});
  const death = answers ? await probeDeath(bench, container, seen.processes) : undefined;
  return {...seen, logged: {stdout: stdout.length, stderr: stderr.length}, written: writtenFiles(diff), death};
}

/** Docker's own words for the check, as its daemon runs them. Three times: one alone is too short to measure. */
async function probeHealthCheck(bench: Bench, container: string, helper: string): Promise<HealthCheck | undefined> {
  const {
    run,
    image: {
      healthCheck: [kind, ...words],
    },
  } = bench;
  if (kind === undefined) return undefined;
  const times = 3;
  const before = await inside(bench, helper, cpuMicroseconds, null);
  let exitCode = 0;
  let output = '';
  for (let time = 0; time < times && exitCode === 0; time += 1) {
    const ended = await run(dockerExec(container, kind === 'CMD-SHELL' ? ['/bin/sh', '-c', ...words] : words), {
      capture: true,
      allow: anyCode,
      timeoutSeconds: 30,
    });
    exitCode = ended.exitCode;
    output = `${ended.stdout}${ended.stderr}`.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
  }
  const after = await inside(bench, helper, cpuMicroseconds, null);
  return {exitCode, output, cpuMs: exitCode !== 0 || before < 0 ? undefined : (after - before) / times / 1000};
}

async function provokeLog(bench: Bench): Promise<void> {
  const {port, health, alive} = bench.subject;
  for (const path of ['/', health, alive]) {
    await inside(bench, bench.prober, ask, {host: 'service-served', port, path, seconds: 0, status: undefined});
  }
}

/** Files, and directories in which nothing else is listed, of `docker diff`'s lines `A /path`. */
export function writtenFiles(diff: string): string[] {
  const paths = diff
    .split('\n')
    .filter((line) => /^[AC] /.test(line))
    .map((line) => line.slice(2));
  return paths.filter((path) => !paths.some((other) => other.startsWith(`${path}/`)));
}

import cluster, {type Worker as ClusterWorker} from 'node:cluster';
import {exitCode, messageOf} from '../../errors.ts';
import type {LogThreshold} from '../../text/log/levels.ts';
import {
  type BootFailure,
  type DrainOrder,
  type FromWorker,
  isMessage,
  marked,
  type QueueState,
  type ToWorker,
  type WorkerStats,
} from '../process/messages.ts';
import {serverProgram} from '../process/programs.ts';
import {parseAddress} from '../settings/address.ts';
import {cpuCount, semiSpaceMegabytes} from '../settings/limits.ts';
import type {Settings} from '../settings/settings.ts';
import type {BoundSocket} from './socket.ts';

/** A worker process as the arbiter sees it. */
export interface Worker {
  readonly id: number;
  readonly pid: number;
  /** process.uptime() at its start: `performance` would load seven modules of Node. */
  readonly startedAt: number;
  /**
   * From 0 to the number of workers - 1: its ENTRYPOINT_WORKER. A worker that replaces another one has the same number, so
   * that two share it while the old one drains.
   */
  readonly number: number;
  /** Boots to replace another worker, and does not count until it is ready. */
  isReplacement: boolean;
  state: 'booting' | 'ready' | 'leaving';
  stats: WorkerStats | undefined;
  /** Seconds without a heartbeat. */
  missedSeconds: number;
  /** Why the arbiter ended it; undefined if it exits on its own. */
  exitReason: string | undefined;
  /** Set when it has announced its crash, and the crash is counted. */
  crash?: Crash;
  /** Resolves with undefined when it is ready. */
  readonly booted: Promise<BootFailure | undefined>;
  /** Resolves when it accepts no further connections, or has exited. */
  readonly notAccepting: Promise<void>;
  /** Makes it clear the accept queue, @see clearQueue. Undefined when it has exited. */
  readonly clearQueue: (socket: BoundSocket, milliseconds: number) => Promise<QueueState | undefined>;
  readonly exited: Promise<WorkerExit>;
  readonly send: (message: ToWorker) => void;
  readonly kill: (signal: NodeJS.Signals) => void;
}

/** What follows from a crash. */
export interface Crash {
  /** Milliseconds to wait before the next start. */
  readonly delay: number;
  /** Whether it is the one that makes a crash loop. */
  readonly isLoop: boolean;
}

export interface WorkerExit {
  readonly code: number | null;
  readonly signal: string | null;
  readonly failure: BootFailure | undefined;
}

export interface WorkerSetOptions {
  readonly settings: Settings;
  /** The main one first. */
  readonly sockets: readonly BoundSocket[];
  /** Called for every message of a worker, after the worker's state has been updated. */
  readonly onMessage: (worker: Worker, message: FromWorker) => void;
  readonly onExit: (worker: Worker, exit: WorkerExit) => void;
}

/** The worker processes of one server. */
export interface WorkerSet {
  /** The oldest first. */
  readonly all: () => readonly Worker[];
  /**
   * Starts a worker. Returns a failure when the system cannot create a process.
   * @param number that of the worker that it replaces. Default: the lowest that is free
   */
  readonly spawn: (isReplacement: boolean, number?: number) => Worker | BootFailure;
  /**
   * Drains a worker, and kills it half a second after the limit. Kills one that has not booted at once. A second order for
   * the same worker can only shorten the first.
   */
  readonly retire: (worker: Worker, reason: string, order: DrainOrder) => void;
  /** Sets the level of the service's log in all workers, and in those that start later. */
  readonly setLogLevel: (level: LogThreshold) => void;
}

const withSockets: ReadonlySet<string> = new Set<ToWorker['type']>(['start', 'socket']);

/** Starts workers and keeps their state. Makes no decisions. */
export function workerSet({settings, sockets, onMessage, onExit}: WorkerSetOptions): WorkerSet {
  const workers = new Map<number, Worker>();
  cluster.schedulingPolicy = schedulingPolicy(settings.dispatch);
  const [main, ...further] = sockets;
  const address = parseAddress(main?.bind ?? '');
  // For services that call `listen` themselves. Everything else in their environment is their own.
  const env: Readonly<Record<string, string>> =
    address !== undefined && 'host' in address ? {PORT: String(main?.port ?? address.port)} : {};
  const cpus = cpuCount();
  let inspected: Worker | undefined;
  let logLevel: LogThreshold | undefined;

  function freeNumber(): number {
    const taken = new Set([...workers.values()].filter(({state}) => state !== 'leaving').map(({number}) => number));
    let number = 0;
    while (taken.has(number)) number += 1;
    return number;
  }

  function spawn(isReplacement: boolean, number: number = freeNumber()): Worker | BootFailure {
    const inspect = settings.inspect !== undefined && (inspected === undefined || !workers.has(inspected.id));
    cluster.setupPrimary({
      exec: serverProgram('worker'),
      args: [...settings.args],
      execArgv: workerFlags(settings, inspect, cpus),
      // Otherwise node:cluster counts ports up from the one of this process.
      ...(inspect ? {inspectPort: Number(/\d+$/.exec(settings.inspect ?? '')?.[0])} : {}),
    });
    const child = fork({...env, ENTRYPOINT_WORKER: String(number)});
    if ('exitCode' in child) return child;
    const worker = track(child, isReplacement, number);
    if (inspect) inspected = worker;
    workers.set(worker.id, worker);
    if (logLevel !== undefined) worker.send({type: 'log-level', level: logLevel});
    worker.send({
      type: 'start',
      settings: inspect ? settings : {...settings, inspect: undefined},
      ...(main?.port === undefined ? {} : {port: main.port}),
    });
    return worker;
  }

  function track(child: ClusterWorker, isReplacement: boolean, number: number): Worker {
    const booted = Promise.withResolvers<BootFailure | undefined>();
    const notAccepting = Promise.withResolvers<void>();
    let cleared = Promise.withResolvers<QueueState | undefined>();
    const exited = Promise.withResolvers<WorkerExit>();
    let failure: BootFailure | undefined;
    // A failed send means that the worker has just exited; its `exit` event reports that.
    const post = (message: ToWorker, handle?: BoundSocket['handle']): void => {
      if (child.isConnected()) child.process.send(marked(message), handle, undefined, () => {});
    };
    const worker: Worker = {
      id: child.id,
      number,
      pid: child.process.pid ?? 0,
      startedAt: process.uptime(),
      isReplacement,
      state: 'booting',
      stats: undefined,
      missedSeconds: 0,
      exitReason: undefined,
      booted: booted.promise,
      notAccepting: notAccepting.promise,
      exited: exited.promise,
      clearQueue: ({bind, handle}, milliseconds) => {
        cleared = Promise.withResolvers();
        post({type: 'clear-queue', bind, milliseconds}, handle);
        return Promise.race([cleared.promise, exited.promise.then(() => undefined)]);
      },
      send: (message) => {
        if (!withSockets.has(message.type)) return post(message);
        // A message carries one handle.
        for (const {bind, port, handle} of further) post({type: 'further-socket', bind, port}, handle);
        post(message, main?.handle);
      },
      kill: (signal) => void child.process.kill(signal),
    };
    child.on('message', (message: unknown) => {
      if (!isMessage<FromWorker>(message)) return;
      worker.missedSeconds = 0;
      if (message.type === 'socket') return worker.send({type: 'socket'});
      if (message.type === 'stats' || message.type === 'drained') worker.stats = message.stats;
      if (message.type === 'failed') failure = message.failure;
      if (message.type === 'not-accepting') {
        notAccepting.resolve();
        worker.state = 'leaving';
      }
      if (message.type === 'queue-cleared') cleared.resolve(message.queue);
      if (message.type === 'ready') {
        if (worker.state === 'booting') worker.state = 'ready';
        booted.resolve(undefined);
      }
      onMessage(worker, message);
    });
    child.once('exit', (code: number | null, signal: string | null) => {
      workers.delete(worker.id);
      const exit: WorkerExit = {code, signal, failure};
      booted.resolve(
        failure ?? {message: `worker ${exitText(exit)} before it was ready`, exitCode: exitCode.notBooted},
      );
      notAccepting.resolve();
      exited.resolve(exit);
      onExit(worker, exit);
    });
    return worker;
  }

  function retire(worker: Worker, reason: string, order: DrainOrder): void {
    worker.exitReason ??= reason;
    if (worker.state === 'booting') return worker.kill('SIGKILL');
    worker.state = 'leaving';
    worker.send({type: 'drain', ...order});
    const timer = setTimeout(() => worker.kill('SIGKILL'), Math.max(order.limit, order.responses) * 1000 + 500);
    void worker.exited.finally(() => clearTimeout(timer));
  }

  function setLogLevel(level: LogThreshold): void {
    logLevel = level;
    for (const worker of workers.values()) worker.send({type: 'log-level', level});
  }

  return {all: () => [...workers.values()], spawn, retire, setLogLevel};
}

/** node:cluster's policy for a `dispatch`. It is fixed for a process once a first worker is started. */
export function schedulingPolicy(dispatch: Settings['dispatch']): number {
  return dispatch === 'rr' ? cluster.SCHED_RR : cluster.SCHED_NONE;
}

function fork(env: Readonly<Record<string, string>>): ClusterWorker | BootFailure {
  let message = 'the system created no process';
  try {
    const worker = cluster.fork(env);
    // Spawning can also fail asynchronously, with this event.
    worker.on('error', () => {});
    if (worker.process.pid !== undefined) return worker;
  } catch (error) {
    message = messageOf(error);
  }
  return {
    message: `cannot start a worker: ${message}`,
    fix: 'check the limits on processes, file descriptors and memory',
    exitCode: exitCode.notBooted,
  };
}

/** Age of a worker in seconds, to the millisecond. */
export const ageOf = (worker: Worker): number => roundSeconds(process.uptime() - worker.startedAt);

export const roundSeconds = (value: number): number => Math.round(value * 1000) / 1000;

/** `exited with code 1`, `was killed by SIGKILL`. */
export function exitText({code, signal}: Pick<WorkerExit, 'code' | 'signal'>): string {
  return signal === null ? `exited with code ${code}` : `was killed by ${signal}`;
}

/** Threads of V8 for garbage collection and compilation in a process, if Node is not given another number. */
const usualPool = 4;

/**
 * The flags of Node for a worker. They limit the heaps of all its threads, and its threads of V8: where there are as many
 * workers as CPUs, those of one take the CPU from another, which costs 5 to 10 % of a small request. A value of the
 * operator's own wins.
 */
export function workerFlags(
  {maxHeap, workerClass, inspect, workers}: Pick<Settings, 'maxHeap' | 'workerClass' | 'inspect' | 'workers'>,
  inspected: boolean,
  cpus: number,
  options: string = process.env['NODE_OPTIONS'] ?? '',
  execArgv: readonly string[] = process.execArgv,
): string[] {
  const own = inheritedFlags(execArgv);
  const isGiven = (name: string): boolean =>
    [...own, options].some((word) => word.replaceAll('_', '-').includes(`--${name}`));
  const isLimited = maxHeap !== 0 && !isGiven('max-old-space-size');
  // One young generation has room beside its heap; those of many threads together do not.
  const semiSpace = isLimited && workerClass === 'threads' ? semiSpaceMegabytes(maxHeap) : undefined;
  const pool = Math.max(1, Math.floor(cpus / workers));
  return [
    ...own,
    ...(pool >= usualPool || isGiven('v8-pool-size') ? [] : [`--v8-pool-size=${pool}`]),
    ...(isLimited ? [`--max-old-space-size=${maxHeap}`] : []),
    ...(semiSpace === undefined || isGiven('max-semi-space-size') ? [] : [`--max-semi-space-size=${semiSpace}`]),
    ...(inspected ? [`--inspect=${inspect}`] : []),
  ];
}

const evalFlags: ReadonlySet<string> = new Set(['-e', '--eval', '-p', '--print', '-pe']);

/** The flags of Node that a worker inherits: not those that make it run another program, a test runner or an inspector. */
export function inheritedFlags(execArgv: readonly string[]): readonly string[] {
  return execArgv.filter(
    (word, index) =>
      !/^--(inspect|test|watch|eval|print|input-type|check)\b/.test(word) &&
      !evalFlags.has(word) &&
      !evalFlags.has(execArgv[index - 1] ?? ''),
  );
}

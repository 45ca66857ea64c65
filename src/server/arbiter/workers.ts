import cluster, {type Worker as ClusterWorker} from 'node:cluster';
import {exitCode, messageOf} from '../../errors.ts';
import {
  type BootFailure,
  type DrainOrder,
  type FromWorker,
  isMessage,
  type QueueState,
  type ToWorker,
  type WorkerStats,
} from '../process/messages.ts';
import {serverProgram} from '../process/programs.ts';
import {parseAddress} from '../settings/address.ts';
import type {Settings} from '../settings/settings.ts';
import type {BoundSocket} from './socket.ts';

/** A worker process as the arbiter sees it. */
export interface Worker {
  readonly id: number;
  readonly pid: number;
  /** process.uptime() at its start: `performance` would load seven modules of Node. */
  readonly startedAt: number;
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
  readonly clearQueue: (milliseconds: number) => Promise<QueueState | undefined>;
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
  readonly socket: BoundSocket;
  /** Called for every message of a worker, after the worker's state has been updated. */
  readonly onMessage: (worker: Worker, message: FromWorker) => void;
  readonly onExit: (worker: Worker, exit: WorkerExit) => void;
}

/** The worker processes of one server. */
export interface WorkerSet {
  /** The oldest first. */
  readonly all: () => readonly Worker[];
  /** Starts a worker. Returns a failure when the system cannot create a process. */
  readonly spawn: (isReplacement: boolean) => Worker | BootFailure;
  /**
   * Drains a worker, and kills it half a second after the limit. Kills one that has not booted at once. A second order for
   * the same worker can only shorten the first.
   */
  readonly retire: (worker: Worker, reason: string, order: DrainOrder) => void;
}

const withSocket: ReadonlySet<string> = new Set<ToWorker['type']>(['start', 'socket', 'clear-queue']);

/** Starts workers and keeps their state. Makes no decisions. */
export function workerSet({settings, socket, onMessage, onExit}: WorkerSetOptions): WorkerSet {
  const workers = new Map<number, Worker>();
  cluster.schedulingPolicy = schedulingPolicy(settings.dispatch);
  const address = parseAddress(settings.bind);
  const env =
    address !== undefined && 'host' in address ? {HOST: address.host, PORT: String(socket.port ?? address.port)} : {};
  let inspected: Worker | undefined;

  function spawn(isReplacement: boolean): Worker | BootFailure {
    const inspect = settings.inspect !== undefined && (inspected === undefined || !workers.has(inspected.id));
    cluster.setupPrimary({
      exec: serverProgram('worker'),
      args: [...settings.args],
      execArgv: workerFlags(settings, inspect),
    });
    const child = fork(env);
    if ('exitCode' in child) return child;
    const worker = track(child, isReplacement);
    if (inspect) inspected = worker;
    workers.set(worker.id, worker);
    worker.send({
      type: 'start',
      settings: inspect ? settings : {...settings, inspect: undefined},
      ...(socket.port === undefined ? {} : {port: socket.port}),
    });
    return worker;
  }

  function track(child: ClusterWorker, isReplacement: boolean): Worker {
    const booted = Promise.withResolvers<BootFailure | undefined>();
    const notAccepting = Promise.withResolvers<void>();
    let cleared = Promise.withResolvers<QueueState | undefined>();
    const exited = Promise.withResolvers<WorkerExit>();
    let failure: BootFailure | undefined;
    const worker: Worker = {
      id: child.id,
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
      clearQueue: (milliseconds) => {
        cleared = Promise.withResolvers();
        worker.send({type: 'clear-queue', milliseconds});
        return Promise.race([cleared.promise, exited.promise.then(() => undefined)]);
      },
      send: (message) => {
        const handle = withSocket.has(message.type) ? socket.handle : undefined;
        // A failed send means that the worker has just exited; its `exit` event reports that.
        if (child.isConnected()) child.process.send(message, handle, undefined, () => {});
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

  return {all: () => [...workers.values()], spawn, retire};
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

function workerFlags({maxHeap, workerClass, inspect}: Settings, inspected: boolean): string[] {
  const own = inheritedFlags(process.execArgv);
  const hasHeapFlag = [...own, process.env['NODE_OPTIONS'] ?? ''].some(
    (word) => word.includes('max-old-space-size') || word.includes('max_old_space_size'),
  );
  return [
    ...own,
    ...(maxHeap === 0 || hasHeapFlag || workerClass === 'threads' ? [] : [`--max-old-space-size=${maxHeap}`]),
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

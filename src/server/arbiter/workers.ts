import cluster, {type Worker} from 'node:cluster';
import {messageOf} from '../../errors.ts';
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

/** A worker, as the arbiter knows it. */
export interface Member {
  readonly id: number;
  readonly pid: number;
  /** process.uptime(): `performance` would load seven modules of Node. */
  readonly born: number;
  /** Boots to take another one's place, and does not count before it has it. */
  successor: boolean;
  state: 'booting' | 'ready' | 'leaving';
  stats: WorkerStats | undefined;
  /** Seconds without a heartbeat. */
  missed: number;
  /** Why the arbiter ended it; undefined where it ended by itself. */
  reason: string | undefined;
  /** Undefined when it is ready. */
  readonly booted: Promise<BootFailure | undefined>;
  /** It accepts no connection any more, or is gone. */
  readonly lame: Promise<void>;
  /** Has it take who waits to be accepted or comes for so long, @see clearQueue. Undefined when it is gone. */
  readonly clear: (milliseconds: number) => Promise<QueueState | undefined>;
  readonly gone: Promise<Death>;
  readonly send: (message: ToWorker) => void;
  readonly kill: (signal: NodeJS.Signals) => void;
}

export interface Death {
  readonly code: number | null;
  readonly signal: string | null;
  readonly failure: BootFailure | undefined;
}

export interface MembersFacts {
  readonly settings: Settings;
  readonly socket: BoundSocket;
  /** Every message of a worker, after its record has been kept up to date. */
  readonly heard: (member: Member, message: FromWorker) => void;
  readonly died: (member: Member, death: Death) => void;
}

export interface Members {
  readonly all: () => readonly Member[];
  /** A failure where the system gives no further process. */
  readonly spawn: (successor: boolean) => Member | BootFailure;
  /** Sends a worker away, and kills it when it is not gone in time. */
  readonly retire: (member: Member, reason: string, order: DrainOrder) => void;
}

const needSocket: ReadonlySet<string> = new Set<ToWorker['type']>(['start', 'socket', 'clear']);

/** Starts workers and keeps the record of them. Decides nothing. */
export function members({settings, socket, heard, died}: MembersFacts): Members {
  const records = new Map<number, Member>();
  cluster.schedulingPolicy = settings.dispatch === 'rr' ? cluster.SCHED_RR : cluster.SCHED_NONE;
  const address = parseAddress(settings.bind);
  const place =
    address !== undefined && 'host' in address ? {HOST: address.host, PORT: String(socket.port ?? address.port)} : {};
  let inspected: Member | undefined;

  function spawn(successor: boolean): Member | BootFailure {
    const inspect = settings.inspect !== undefined && (inspected === undefined || !records.has(inspected.id));
    cluster.setupPrimary({
      exec: serverProgram('worker'),
      args: [...settings.args],
      execArgv: workerFlags(settings, inspect),
    });
    const worker = fork(place);
    if ('exitCode' in worker) return worker;
    const member = record(worker, successor);
    if (inspect) inspected = member;
    records.set(member.id, member);
    member.send({
      type: 'start',
      settings: inspect ? settings : {...settings, inspect: undefined},
      ...(socket.port === undefined ? {} : {port: socket.port}),
    });
    return member;
  }

  function record(worker: Worker, successor: boolean): Member {
    const booted = Promise.withResolvers<BootFailure | undefined>();
    const lame = Promise.withResolvers<void>();
    let cleared = Promise.withResolvers<QueueState | undefined>();
    const gone = Promise.withResolvers<Death>();
    let failure: BootFailure | undefined;
    const member: Member = {
      id: worker.id,
      pid: worker.process.pid ?? 0,
      born: process.uptime(),
      successor,
      state: 'booting',
      stats: undefined,
      missed: 0,
      reason: undefined,
      booted: booted.promise,
      lame: lame.promise,
      gone: gone.promise,
      clear: (milliseconds) => {
        cleared = Promise.withResolvers();
        member.send({type: 'clear', milliseconds});
        return Promise.race([cleared.promise, gone.promise.then(() => undefined)]);
      },
      send: (message) => {
        // A worker that has just died is told of by its exit, not here.
        const withSocket = needSocket.has(message.type) && socket.handle !== undefined;
        if (worker.isConnected())
          worker.process.send(message, withSocket ? socket.handle : undefined, undefined, () => {});
      },
      kill: (signal) => void worker.process.kill(signal),
    };
    worker.on('message', (message: unknown) => {
      if (!isMessage<FromWorker>(message)) return;
      member.missed = 0;
      if (message.type === 'socket') return member.send({type: 'socket'});
      if (message.type === 'stats' || message.type === 'drained') member.stats = message.stats;
      if (message.type === 'failed') failure = message.failure;
      if (message.type === 'lame') {
        lame.resolve();
        member.state = 'leaving';
      }
      if (message.type === 'cleared') cleared.resolve(message.queue);
      if (message.type === 'ready') {
        if (member.state === 'booting') member.state = 'ready';
        booted.resolve(undefined);
      }
      heard(member, message);
    });
    worker.once('exit', (code: number | null, signal: string | null) => {
      records.delete(member.id);
      const death: Death = {code, signal, failure};
      booted.resolve(failure ?? {message: `the worker ended ${endText(death)} before it was ready`, exitCode: 3});
      lame.resolve();
      gone.resolve(death);
      died(member, death);
    });
    return member;
  }

  function retire(member: Member, reason: string, order: DrainOrder): void {
    member.reason ??= reason;
    if (member.state === 'booting') return member.kill('SIGKILL');
    member.state = 'leaving';
    member.send({type: 'drain', ...order});
    const timer = setTimeout(() => member.kill('SIGKILL'), order.limit * 1000 + 500);
    void member.gone.finally(() => clearTimeout(timer));
  }

  return {all: () => [...records.values()], spawn, retire};
}

function fork(env: Readonly<Record<string, string>>): Worker | BootFailure {
  let message = 'the system gave no process';
  try {
    const worker = cluster.fork(env);
    // Also this is a way in which spawning fails: with an event, later.
    worker.on('error', () => {});
    if (worker.process.pid !== undefined) return worker;
  } catch (error) {
    message = messageOf(error);
  }
  return {
    message: `a worker could not be started: ${message}`,
    fix: 'look at the limits of processes, descriptors and memory',
    exitCode: 3,
  };
}

/** How long a worker has been there, in seconds, to the millisecond. */
export const secondsOf = (member: Member): number => roundSeconds(process.uptime() - member.born);

export const roundSeconds = (value: number): number => Math.round(value * 1000) / 1000;

/** `with code 1`, `by SIGKILL`. */
export function endText({code, signal}: Pick<Death, 'code' | 'signal'>): string {
  return signal === null ? `with code ${code}` : `by ${signal}`;
}

function workerFlags({maxHeap, workerClass, inspect}: Settings, inspected: boolean): string[] {
  const own = process.execArgv.filter((word) => !word.startsWith('--inspect'));
  const said = [...own, process.env['NODE_OPTIONS'] ?? ''].some(
    (word) => word.includes('max-old-space-size') || word.includes('max_old_space_size'),
  );
  return [
    ...own,
    ...(maxHeap === 0 || said || workerClass === 'threads' ? [] : [`--max-old-space-size=${maxHeap}`]),
    ...(inspected ? [`--inspect=${inspect}`] : []),
  ];
}

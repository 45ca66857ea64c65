import {setImmediate as nextTurn} from 'node:timers/promises';
import {backoff} from '../../../../src/server/arbiter/backoff.ts';
import {workerExited} from '../../../../src/server/arbiter/exits.ts';
import {reconcile} from '../../../../src/server/arbiter/reconcile.ts';
import {type ArbiterState, initialState} from '../../../../src/server/arbiter/state.ts';
import type {Worker, WorkerExit} from '../../../../src/server/arbiter/workers.ts';
import type {BootFailure, QueueState, ToWorker} from '../../../../src/server/process/messages.ts';
import type {Settings} from '../../../../src/server/settings/settings.ts';

/** A worker without a process; the test decides when it boots and exits. */
export interface FakeWorker extends Worker {
  readonly sent: ToWorker['type'][];
  readonly signals: NodeJS.Signals[];
  readonly boot: (failure?: BootFailure) => void;
  readonly exit: (exit?: Partial<WorkerExit>) => void;
}

export interface FakeServer {
  readonly state: ArbiterState;
  readonly started: FakeWorker[];
  /** Events in order, `worker_ready` for instance. */
  readonly events: string[];
}

/** A server without processes. */
export function fakeServer(settings: Partial<Settings> = {}, queue: QueueState[] = []): FakeServer {
  const started: FakeWorker[] = [];
  const events: string[] = [];
  let alive: FakeWorker[] = [];
  function spawn(isReplacement: boolean, number = started.length): FakeWorker {
    const booted = Promise.withResolvers<BootFailure | undefined>();
    const notAccepting = Promise.withResolvers<void>();
    const exited = Promise.withResolvers<WorkerExit>();
    const worker: FakeWorker = {
      id: started.length + 1,
      number,
      pid: 100 + started.length,
      startedAt: process.uptime(),
      isReplacement,
      state: 'booting',
      stats: undefined,
      missedSeconds: 0,
      exitReason: undefined,
      booted: booted.promise,
      notAccepting: notAccepting.promise,
      exited: exited.promise,
      sent: [],
      signals: [],
      clearQueue: async () => {
        worker.sent.push('clear-queue');
        return queue.shift();
      },
      send: ({type}) => void worker.sent.push(type),
      kill: (signal) => {
        worker.signals.push(signal);
        if (signal === 'SIGKILL') worker.exit({code: null, signal});
      },
      boot: (failure) => {
        if (failure === undefined) worker.state = 'ready';
        booted.resolve(failure);
      },
      exit: (exit) => {
        if (!alive.includes(worker)) return;
        alive = alive.filter((other) => other !== worker);
        const whole: WorkerExit = {code: 0, signal: null, failure: undefined, ...exit};
        booted.resolve({message: 'exited', exitCode: 3});
        notAccepting.resolve();
        exited.resolve(whole);
        workerExited(state, worker, whole);
      },
    };
    started.push(worker);
    alive.push(worker);
    return worker;
  }
  const state = initialState({
    settings: {
      workers: 2,
      gracefulTimeout: 5,
      drainDelay: 0,
      handlerTimeout: 0,
      timeout: 30,
      bind: ['127.0.0.1:80'],
      ...settings,
    } as Settings,
    sockets: [
      {
        bind: '127.0.0.1:80',
        port: 80,
        handle: {} as never,
        unlink: () => {},
        close: () => void events.push('socket closed'),
      },
    ],
    log: (_, event) => void events.push(event),
    crashes: backoff(),
    workers: {
      all: () => alive,
      spawn,
      retire: (worker, reason) => {
        worker.exitReason ??= reason;
        worker.state = 'leaving';
        worker.send({type: 'drain', limit: 0, responses: 0, delay: 0, idle: 0, last: false});
      },
      setLogLevel: () => {},
    },
  });
  return {state, started, events};
}

/** A server whose two workers are ready. */
export async function serving(settings: Partial<Settings> = {}, queue: QueueState[] = []): Promise<FakeServer> {
  const server = fakeServer(settings, queue);
  server.state.bootsAlone = false;
  reconcile(server.state);
  for (const worker of server.started) worker.boot();
  await nextTurn();
  return server;
}

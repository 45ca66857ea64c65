import type {LogThreshold} from '../../text/log/levels.ts';
import type {Log} from '../process/log.ts';
import type {BootFailure, FromWorker} from '../process/messages.ts';
import type {Settings} from '../settings/settings.ts';
import {backoff} from './backoff.ts';
import {exitReason, workerCrashing, workerExited, workerTerminated} from './exits.ts';
import {isFresh, isHeld, startMonitor} from './monitor.ts';
import {reconcile, rest, restart, scale} from './reconcile.ts';
import {rollingRestart} from './rolling-restart.ts';
import type {BoundSocket} from './socket.ts';
import {type ArbiterState, initialState, isStopping} from './state.ts';
import {quit, stop} from './stop.ts';
import {type Worker, type WorkerExit, workerSet} from './workers.ts';

export interface ArbiterOptions {
  readonly settings: Settings;
  /** The main one first. */
  readonly sockets: readonly BoundSocket[];
  readonly log: Log;
  /** Called for every message of a worker. */
  readonly onMessage: (worker: Worker, message: FromWorker) => void;
  /** Called for every worker that has exited. */
  readonly onExit: (worker: Worker, reason: string) => void;
}

/** The operations of a running server. gunicorn's signals call them, @see handleSignals. */
export interface Arbiter {
  /** Starts the workers. Resolves with the exit code of the server when it has ended. */
  readonly run: () => Promise<number>;
  /** Resolves with undefined when the first worker is ready, with the failure if none ever is. */
  readonly listening: Promise<BootFailure | undefined>;
  /** TERM: answers every request that has begun, within the graceful timeout. */
  readonly stop: (signal: string) => void;
  /** INT, QUIT: ends at once. */
  readonly quit: (signal: string) => void;
  /** HUP: replaces the workers one after the other, each when its replacement is ready. @see RollingRestart.reload */
  readonly reload: (signal: string) => Promise<BootFailure | undefined>;
  /** Replaces all workers at once, on a laptop: the old ones stop accepting, requests wait for the new ones. */
  readonly restart: () => void;
  /** TTIN, TTOU: one worker more, one fewer. */
  readonly scale: (by: 1 | -1) => void;
  /** WINCH: no workers; connections wait. */
  readonly rest: () => void;
  /** USR1: writes out buffered lines of the access log. */
  readonly flush: () => void;
  /** Sets the level of the service's log in all workers, and in those that start later. */
  readonly setLogLevel: (level: LogThreshold) => void;
  readonly status: () => ArbiterStatus;
}

export interface ArbiterStatus {
  /** Number of workers to keep. */
  readonly target: number;
  /** Number of workers that are ready, have sent a heartbeat in the last seconds and are not held. */
  readonly fresh: number;
  /** Number of `sync` workers that have been busy with one request for seconds. */
  readonly held: number;
  readonly draining: boolean;
  readonly workers: readonly Worker[];
}

/** Keeps the right number of workers. It runs no code of the service and touches no connection. */
export function arbiter({settings, sockets, log, onMessage, onExit}: ArbiterOptions): Arbiter {
  const workers = workerSet({settings, sockets, onMessage: messageReceived, onExit: exited});
  const state = initialState({settings, sockets, log, workers, crashes: backoff()});
  const restarts = rollingRestart(state);

  function messageReceived(worker: Worker, message: FromWorker): void {
    onMessage(worker, message);
    if (message.type === 'loading' && state.bootsAlone) {
      state.bootsAlone = false;
      reconcile(state);
    }
    if (message.type === 'terminated') workerTerminated(state, worker);
    if (message.type === 'crashing') workerCrashing(state, worker);
    if (message.type === 'not-accepting') reconcile(state);
    if (message.type === 'recycle') restarts.recycle(worker, message.reason);
  }

  function exited(worker: Worker, exit: WorkerExit): void {
    onExit(worker, exitReason(worker, exit));
    restarts.forget(worker);
    workerExited(state, worker, exit);
  }

  return {
    run: async () => {
      const monitor = startMonitor(state);
      reconcile(state);
      const code = await state.exited.promise;
      clearInterval(monitor);
      return code;
    },
    listening: state.listening.promise,
    stop: (signal) => stop(state, signal),
    quit: (signal) => quit(state, signal),
    reload: restarts.reload,
    restart: () => restart(state),
    scale: (by) => scale(state, by),
    rest: () => rest(state),
    flush: () => {
      for (const worker of workers.all()) worker.send({type: 'flush'});
    },
    setLogLevel: workers.setLogLevel,
    status: () => statusOf(state),
  };
}

function statusOf(state: ArbiterState): ArbiterStatus {
  const workers = state.workers.all();
  return {
    target: state.target,
    draining: isStopping(state),
    workers,
    fresh: workers.filter(isFresh).length,
    held: workers.filter(isHeld).length,
  };
}

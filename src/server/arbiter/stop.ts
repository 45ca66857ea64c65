import {setTimeout as sleep} from 'node:timers/promises';
import type {QueueState} from '../process/messages.ts';
import type {BoundSocket} from './socket.ts';
import {type ArbiterState, drainOrder, isStopping} from './state.ts';
import type {Worker, WorkerSet} from './workers.ts';

/** TERM: drains all workers, then ends the server with 0. */
export function stop(state: ArbiterState, signal: string): void {
  const {settings, workers, log, sockets} = state;
  if (isStopping(state)) return;
  state.phase = 'stopping';
  clearTimeout(state.backoffTimer);
  log('info', 'draining', {signal, workers: workers.all().length, limit_seconds: settings.gracefulTimeout});
  const order = {...drainOrder(settings), delay: settings.drainDelay, last: true};
  for (const worker of workers.all()) workers.retire(worker, 'stop', order);
  const milliseconds = settings.gracefulTimeout * 1000;
  void finish(state, 0, milliseconds + 500, closeSockets(sockets, workers, milliseconds));
}

/** INT, QUIT: ends all workers at once; the server exits with 0. A second call kills them. */
export function quit(state: ArbiterState, signal: string): void {
  const {workers, log} = state;
  if (state.phase === 'quitting') return workers.all().forEach((worker) => worker.kill('SIGKILL'));
  state.phase = 'quitting';
  clearTimeout(state.backoffTimer);
  log('info', 'quitting', {signal});
  for (const worker of workers.all()) {
    worker.exitReason ??= 'stop';
    worker.send({type: 'quit', signal});
  }
  void finish(state, 0, 1000);
}

/** Kills all workers and ends the server with a code: it cannot continue. */
export function fail(state: ArbiterState, exitCode: number): void {
  state.phase = 'quitting';
  clearTimeout(state.backoffTimer);
  for (const worker of state.workers.all()) {
    worker.exitReason ??= 'stop';
    worker.kill('SIGKILL');
  }
  void finish(state, exitCode, 1000);
}

/** Waits for the workers, kills those that are left after the time, and resolves `exited`. */
async function finish(
  {workers, log, exited}: ArbiterState,
  code: number,
  milliseconds: number,
  socketClosed: Promise<void> = Promise.resolve(),
): Promise<void> {
  const all = Promise.all([socketClosed, ...workers.all().map((worker) => worker.exited)]);
  await Promise.race([all, sleep(milliseconds, undefined, {ref: false})]);
  for (const worker of workers.all()) worker.kill('SIGKILL');
  await all;
  log('info', 'stopped', {code});
  exited.resolve(code);
}

/** A client can begin a handshake and disappear: its half-open connection is not waited for any longer. */
const halfOpenMilliseconds = 1500;
/** A client whose ACK was dropped by a full queue sends its request again after 200 ms or more (Linux's minimum RTO). */
const retransmitMilliseconds = 250;
/** A worker that cannot even connect to the address never sees the queue empty. */
const maxTries = 100;

/**
 * Closes the listening sockets without a reset: the kernel resets every connection that is in an accept queue when it
 * closes. Once all workers have stopped accepting, one of them takes the connections that arrived since, until none does.
 * @param milliseconds after which they are closed regardless
 */
export async function closeSockets(
  sockets: readonly BoundSocket[],
  workers: Pick<WorkerSet, 'all'>,
  milliseconds: number,
): Promise<void> {
  const late = sleep(milliseconds, 'late' as const, {ref: false});
  await Promise.race([Promise.all(workers.all().map((worker) => worker.notAccepting)), late]);
  // One after the other: only the queue of a socket that is closed at once stays empty.
  for (const socket of sockets) await closeSocket(socket, workers, late);
  for (const worker of workers.all()) worker.send({type: 'socket-closed'});
}

async function closeSocket(socket: BoundSocket, workers: Pick<WorkerSet, 'all'>, late: Promise<'late'>): Promise<void> {
  let queue: QueueState | 'late' | undefined = await Promise.race([late, Promise.resolve(undefined)]);
  socket.unlink();
  const halfOpenUntil = Date.now() + halfOpenMilliseconds;
  for (
    let tries = 0;
    tries < maxTries && socket.handle !== undefined && queue !== 'late' && queue !== 'empty';
    tries += 1
  ) {
    const helper: Worker | undefined = workers.all().find(({state}) => state === 'leaving');
    if (helper === undefined || (queue === 'half-open' && Date.now() > halfOpenUntil)) break;
    queue = await Promise.race([helper.clearQueue(socket, queue === 'half-open' ? retransmitMilliseconds : 0), late]);
  }
  socket.close();
}

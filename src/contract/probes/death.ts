import {dockerKill, dockerStart} from '../../commands/docker/index.ts';
import {listProcesses, type Process, sendSignal} from '../in-container/processes.ts';
import {awaitEnd, awaitReply, type Bench, beside} from './containers.ts';
import {hasSignal, mainProcess, workersOf} from './process-tree.ts';

/** How the service dies, and how it comes back. */
export interface Death {
  /** Workers, and those that got the stop signal from outside although their parent hands it on; undefined: no workers. */
  readonly workers: {readonly count: number; readonly signalled: number} | undefined;
  /** It answers again in the same container after SIGKILL. */
  readonly returns: boolean;
  /** What became of the container when its main process was killed; undefined where that is pid 1 itself. */
  readonly crash: {readonly process: string; readonly exitCode: number | undefined} | undefined;
}

/** Ends the service in `container` in several ways; the container is of no further use. */
export async function probeDeath(bench: Bench, container: string, processes: readonly Process[]): Promise<Death> {
  const workers = await signalFrozen(bench, container, processes);
  await bench.run(dockerKill('KILL', container), {capture: true, allow: [1]});
  await awaitEnd(bench, container, 5);
  await bench.run(dockerStart(container), {capture: true, allow: [1]});
  const {ok: returns} = await awaitReply(bench, 'served');
  return {workers, returns, crash: returns ? await crash(bench, container) : undefined};
}

/**
 * Stops every process but pid 1, so that none can hand a signal on, and sends the stop signal as the engine does.
 * Where it then waits at a worker, the init sent it to the whole group, and the server will send it once more.
 */
async function signalFrozen(bench: Bench, container: string, processes: readonly Process[]): Promise<Death['workers']> {
  const workers = workersOf(processes);
  if (workers.length === 0) return undefined;
  const pids = processes.filter(({pid, zombie}) => pid !== 1 && !zombie).map(({pid}) => pid);
  await beside(bench, container, sendSignal, {pids, signal: 'SIGSTOP'}, 'processes');
  const {stopSignal} = bench.image;
  await bench.run(dockerKill(stopSignal, container), {capture: true});
  const frozen = workersOf(await beside(bench, container, listProcesses, null, 'processes'));
  return {count: workers.length, signalled: frozen.filter(({pending}) => hasSignal(pending, stopSignal)).length};
}

async function crash(bench: Bench, container: string): Promise<Death['crash']> {
  const main = mainProcess(await beside(bench, container, listProcesses, null, 'processes'));
  if (main === undefined || main.pid === 1) return undefined;
  // The helper's own processes end with pid 1, perhaps before it can tell: what counts is the container's end.
  await beside(bench, container, sendSignal, {pids: [main.pid], signal: 'SIGKILL'}, 'processes').catch(() => {});
  return {process: main.name, exitCode: await awaitEnd(bench, container, 5)};
}

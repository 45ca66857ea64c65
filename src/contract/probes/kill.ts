import {dockerKill, dockerStart} from '../../commands/docker/index.ts';
import {listProcesses, type Process, sendSignal} from '../in-container/processes.ts';
import {awaitExit, awaitReply, type ProbeContext, runBeside} from './containers.ts';
import {descendantsOfInit, hasSignal, mainProcess, workersOf} from './process-tree.ts';

/** How the service and its container react when they are killed. */
export interface KillResult {
  /** Number of workers, and of those that the init signalled directly; undefined: no workers. */
  readonly workers: {readonly count: number; readonly signalled: number} | undefined;
  /** The service answers again in the same container after SIGKILL. */
  readonly restarts: boolean;
  /** The container's exit code after its main process was killed (undefined: it runs on); undefined if that is pid 1. */
  readonly crash: {readonly process: string; readonly exitCode: number | undefined} | undefined;
}

/** Kills the service in `container` in several ways. The container is of no use afterwards. */
export async function probeKill(
  context: ProbeContext,
  container: string,
  processes: readonly Process[],
): Promise<KillResult> {
  const workers = await signalFrozen(context, container, processes);
  await context.run(dockerKill('KILL', container), {capture: true, allow: [1]});
  await awaitExit(context, container, 5);
  await context.run(dockerStart(container), {capture: true, allow: [1]});
  const {ok: restarts} = await awaitReply(context, 'normal');
  return {workers, restarts, crash: restarts ? await killMainProcess(context, container) : undefined};
}

/**
 * Freezes every process except pid 1, so that none can forward a signal, and sends the stop signal as the engine does.
 * A worker that has it pending got it from the init, which signals the whole group; the server would send it again.
 */
async function signalFrozen(
  context: ProbeContext,
  container: string,
  processes: readonly Process[],
): Promise<KillResult['workers']> {
  const workers = workersOf(processes);
  if (workers.length === 0) return undefined;
  const pids = processes.filter(({pid, zombie}) => pid !== 1 && !zombie).map(({pid}) => pid);
  await runBeside(context, container, sendSignal, {pids, signal: 'SIGSTOP'}, 'processes');
  const {stopSignal} = context.image;
  await context.run(dockerKill(stopSignal, container), {capture: true});
  const frozen = workersOf(descendantsOfInit(await runBeside(context, container, listProcesses, null, 'processes')));
  return {count: workers.length, signalled: frozen.filter(({pending}) => hasSignal(pending, stopSignal)).length};
}

async function killMainProcess(context: ProbeContext, container: string): Promise<KillResult['crash']> {
  const main = mainProcess(await runBeside(context, container, listProcesses, null, 'processes'));
  if (main === undefined || main.pid === 1) return undefined;
  // The helper shares the pid namespace and can die with pid 1 before it reports: only the container's exit counts.
  await runBeside(context, container, sendSignal, {pids: [main.pid], signal: 'SIGKILL'}, 'processes').catch(() => {});
  return {process: main.name, exitCode: await awaitExit(context, container, 5)};
}

import type {Process} from '../in-container/processes.ts';

const shells = new Set(['sh', 'bash', 'dash', 'ash', 'busybox', 'su', 'runuser', 'gosu', 'su-exec', 'setpriv', 'sudo']);
const inits = new Set(['tini', 'tini-static', 'docker-init', 'dumb-init', 'catatonit', 'init', 's6-svscan']);

/**
 * Pid 1 and its descendants. Processes that `docker exec` or a health check started in the container have no parent in its
 * pid namespace: they and their children are not part of the service, and some exit at any moment.
 */
export function descendantsOfInit(processes: readonly Process[]): readonly Process[] {
  const parents = new Map(processes.map(({pid, parent}) => [pid, parent]));
  const isDescendant = (pid: number): boolean => {
    let current = pid;
    while (current > 1) {
      const parent = parents.get(current);
      // The parent has exited or cannot be read: only a chain that ends outside the container is someone else's.
      if (parent === undefined) return true;
      current = parent;
    }
    return current === 1;
  };
  return processes.filter(({pid}) => isDescendant(pid));
}

export const childrenOf = (processes: readonly Process[], pid: number): readonly Process[] =>
  processes.filter(({parent, zombie}) => parent === pid && !zombie);

/**
 * The service's main process: the first one below inits and wrapper shells. In a server with workers it is the server.
 * Undefined if nothing runs.
 */
export function mainProcess(processes: readonly Process[]): Process | undefined {
  let current = processes.find(({pid}) => pid === 1);
  for (;;) {
    if (current === undefined || !isStarter(current)) return current;
    const [child] = childrenOf(processes, current.pid);
    if (child === undefined) return current;
    current = child;
  }
}

/** Whether it only starts another program: an init or the shell of a wrapper. */
export const isStarter = ({name}: Pick<Process, 'name'>): boolean => shells.has(name) || inits.has(name);

/** All processes except the init, which may block signals to wait for them with sigwait(3). */
export function serviceProcesses(processes: readonly Process[]): readonly Process[] {
  return processes.filter(({pid, zombie}) => !zombie && (pid !== 1 || childrenOf(processes, 1).length === 0));
}

/** Workers: processes below a server that is not pid 1 and can forward signals to them. */
export function workersOf(processes: readonly Process[]): readonly Process[] {
  return processes.filter(({pid, parent, zombie}) => !zombie && pid !== 1 && parent > 1);
}

/** By signal number. */
const signalNames = [
  '',
  'HUP',
  'INT',
  'QUIT',
  'ILL',
  'TRAP',
  'ABRT',
  'BUS',
  'FPE',
  'KILL',
  'USR1',
  'SEGV',
  'USR2',
  'PIPE',
  'ALRM',
  'TERM',
  '',
  'CHLD',
  'CONT',
];

/** Whether a signal is in a mask of /proc/PID/status. */
export function hasSignal(mask: string, signal: string): boolean {
  const number = signalNames.indexOf(signal.replace(/^SIG/, ''));
  return number > 0 && ((BigInt(`0x${mask}`) >> BigInt(number - 1)) & 1n) === 1n;
}

import type {Process} from '../in-container/processes.ts';

const shells = new Set(['sh', 'bash', 'dash', 'ash', 'busybox', 'su', 'runuser', 'gosu', 'su-exec', 'setpriv', 'sudo']);
const inits = new Set(['tini', 'tini-static', 'docker-init', 'dumb-init', 'catatonit', 'init', 's6-svscan']);

export const childrenOf = (processes: readonly Process[], pid: number): readonly Process[] =>
  processes.filter(({parent, zombie}) => parent === pid && !zombie);

/**
 * The process that is the service: below inits and the shells of wrapper scripts. Undefined when nothing runs.
 * A server that has workers is found, not the workers.
 */
export function mainProcess(processes: readonly Process[]): Process | undefined {
  let current = processes.find(({pid}) => pid === 1);
  for (;;) {
    if (current === undefined || !(shells.has(current.name) || inits.has(current.name))) return current;
    const [child] = childrenOf(processes, current.pid);
    if (child === undefined) return current;
    current = child;
  }
}

/** Processes that are no init: an init may block signals, since it waits for them in its own way. */
export function serviceProcesses(processes: readonly Process[]): readonly Process[] {
  return processes.filter(({pid, zombie}) => !zombie && (pid !== 1 || childrenOf(processes, 1).length === 0));
}

/** Workers: what neither pid 1 nor its child is, and has a parent that could hand a signal on. */
export function workersOf(processes: readonly Process[]): readonly Process[] {
  return processes.filter(({pid, parent, zombie}) => !zombie && pid !== 1 && parent > 1);
}

const names = [
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

/** Is the signal in a mask of /proc? */
export function hasSignal(mask: string, signal: string): boolean {
  const number = names.indexOf(signal.replace(/^SIG/, ''));
  return number > 0 && ((BigInt(`0x${mask}`) >> BigInt(number - 1)) & 1n) === 1n;
}

import {execFileSync} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], {encoding: 'utf8'}));

export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  /** R, S, Z (a zombie), ... */
  readonly state: string;
  readonly name: string;
  /** Seconds of CPU time in user and kernel mode, of all its threads. */
  readonly cpu: number;
  /** The same of children that have ended and were reaped. */
  readonly cpuOfEnded: number;
}

/** A process and its descendants, each parent before its children. Empty if the process has ended. */
export function processTree(root: number): readonly ProcessFacts[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .map(processFacts)
    .filter((facts) => facts !== undefined);
  const tree = all.filter(({pid}) => pid === root);
  // The list grows while it is read.
  for (const {pid} of tree) tree.push(...all.filter(({parent}) => parent === pid));
  return tree;
}

function processFacts(pid: number): ProcessFacts | undefined {
  let text = '';
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // The process has ended meanwhile.
  }
  // proc(5): `pid (name) state ppid ...`; the name can contain spaces and parentheses.
  const name = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'));
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const seconds = (first: number): number => (Number(fields[first]) + Number(fields[first + 1])) / ticksPerSecond;
  return {pid, name, state: fields[0] ?? '', parent: Number(fields[1]), cpu: seconds(11), cpuOfEnded: seconds(13)};
}

/** CPU seconds of a tree so far, including children that have ended. */
export function cpuOfTree(root: number): number {
  return processTree(root).reduce((sum, {cpu, cpuOfEnded}) => sum + cpu + cpuOfEnded, 0);
}

/** Proportional set size in MB: shared memory counts in proportion. @throws when the process has ended */
export function pssMegabytes(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) / 1024;
}

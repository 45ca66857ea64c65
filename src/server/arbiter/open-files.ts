import {readFileSync} from 'node:fs';

/** For files, the database, the inspector: what a worker opens besides its clients' connections. */
const reserve = 64;

/**
 * As many connections as the process may have descriptors for. Beyond that, what is accepted would be closed at once
 * instead of waiting in the backlog.
 */
export function connectionsWithin(wanted: number, read: () => string = () => readFileSync('/proc/self/limits', 'utf8')): number {
  try {
    const soft = /^Max open files +(\d+)/m.exec(read())?.[1];
    return soft === undefined ? wanted : Math.max(1, Math.min(wanted, Number(soft) - reserve));
  } catch {
    return wanted;
  }
}

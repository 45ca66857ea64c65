import {closeSync, openSync, readFileSync} from 'node:fs';

/** The limit of open files of this process; infinite without one, and where it is not known. */
export function openFileLimit(read: () => string = () => readFileSync('/proc/self/limits', 'utf8')): number {
  try {
    return Number(/^Max open files +(\d+)/m.exec(read())?.[1] ?? Infinity);
  } catch {
    return Infinity;
  }
}

/** What stands in the way of another descriptor: the limit of the process, or that of the system. */
export type Exhausted = 'EMFILE' | 'ENFILE';

/**
 * Whether so many descriptors can be opened: opens and closes them. The number of the lowest free one does not tell, since a
 * listener that was closed leaves a gap.
 * @returns what stands in the way; undefined if nothing does
 */
export function triedDescriptors(
  count: number,
  open: () => number = () => openSync('/dev/null', 'r'),
): Exhausted | undefined {
  const opened: number[] = [];
  try {
    while (opened.length < count) opened.push(open());
    return undefined;
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    return code === 'EMFILE' || code === 'ENFILE' ? code : undefined;
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

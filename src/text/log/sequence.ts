/** Numbers of lines: a gap shows in the sink what was lost on the way. */
export interface Sequence {
  /** Unlike a process id, it has not been used before a restart, on another host or by another thread. */
  readonly instance: string;
  /** 1, 2, 3... */
  readonly next: () => number;
}

/** A sequence of its own. */
export function newSequence(): Sequence {
  let last = 0;
  return {
    instance: Math.random().toString(36).slice(2, 12).padEnd(10, '0'),
    next: () => (last += 1),
  };
}

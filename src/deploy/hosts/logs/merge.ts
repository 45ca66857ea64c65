import type {LogLine} from './line.ts';

/** Lines of several replicas, merged in time. */
export interface Merger<Line extends LogLine> {
  readonly add: (source: number, line: Line) => void;
  /** No line of this source follows. */
  readonly end: (source: number) => void;
  /** Passes on what waits: a source that is silent cannot be waited for. */
  readonly flush: () => void;
}

/** Lines that wait: taken from the front without moving the others. */
interface Queue<Line> {
  lines: Line[];
  first: number;
}

/** Passes a line on as soon as no other source can have an earlier one. */
export function merger<Line extends LogLine>(sources: number, emit: (line: Line) => void): Merger<Line> {
  const queues = Array.from({length: sources}, (): Queue<Line> => ({lines: [], first: 0}));
  const live = new Set(queues.keys());
  const headOf = (queue: Queue<Line>): Line | undefined => queue.lines[queue.first];
  const isKnown = (source: number): boolean => headOf(queues[source] as Queue<Line>) !== undefined;
  function drain(isAll: boolean): void {
    for (;;) {
      if (!isAll && ![...live].every(isKnown)) return;
      let from: Queue<Line> | undefined;
      let line: Line | undefined;
      for (const queue of queues) {
        const head = headOf(queue);
        if (head !== undefined && (line === undefined || head.at < line.at)) [from, line] = [queue, head];
      }
      if (from === undefined || line === undefined) return;
      from.first += 1;
      if (from.first > 1000 && from.first * 2 > from.lines.length)
        [from.lines, from.first] = [from.lines.slice(from.first), 0];
      emit(line);
    }
  }
  return {
    add: (source, line) => {
      queues[source]?.lines.push(line);
      drain(false);
    },
    end: (source) => {
      live.delete(source);
      drain(false);
    },
    flush: () => drain(true),
  };
}

import {writeAll} from '../shell/output.ts';
import {newSequence} from '../text/log/sequence.ts';

/** What became of the events of this process, or of a logger with an output of its own. */
export interface LogCounts {
  /** Lines that were written. */
  readonly lines: number;
  /** Lines of which a part is missing: they were longer than 8 KiB. Each has a field `cut`. */
  readonly cut: number;
  /** Lines that could not be written: the reader has exited, the disk is full. Each leaves a gap in `seq`. */
  readonly dropped: number;
}

/** Where lines go. */
export interface Output {
  readonly instance: string;
  readonly nextSeq: () => number;
  /** Never throws. */
  readonly write: (line: string, cut: boolean) => void;
  readonly counts: () => LogCounts;
}

/** An output with numbers of its own, which begin at 1. */
export function newOutput(write: (line: string) => void): Output {
  const {instance, next} = newSequence();
  let [lines, cut, dropped] = [0, 0, 0];
  return {
    instance,
    nextSeq: next,
    write(line, isCut) {
      try {
        write(line);
        lines += 1;
        if (isCut) cut += 1;
      } catch {
        dropped += 1;
      }
    },
    counts: () => ({lines, cut, dropped}),
  };
}

// A line has 8 KiB at most; on a terminal, escapes and indentation make it longer.
const buffer = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Writes to stdout before it returns: an exit, a signal or a crash of any kind loses no line. A reader that is slow makes
 * the process wait, as a blocking pipe does, even if something has made the pipe non-blocking.
 */
export function writeToStdout(line: string): void {
  const length = line.length * 3 > buffer.length ? Buffer.byteLength(line) : 0;
  if (length > buffer.length) return writeAll(1, Buffer.from(line));
  writeAll(1, buffer.subarray(0, buffer.write(line, 0)));
}

import {writeSync} from 'node:fs';

// Several workers write to one pipe, and the kernel keeps only what is no longer than this in one piece (PIPE_BUF).
const pieceBytes = 4096;
const delayMilliseconds = 100;
// A minute of a reader that stopped, at a thousand lines a second.
const limitBytes = 16 * 1024 * 1024;

export interface LineBuffer {
  /** Takes a line without its end; it is written with others, at the latest after 100 ms. */
  readonly add: (line: string) => void;
  /** Writes all that the pipe takes. */
  readonly flush: () => void;
  /** Lines that were dropped, since nobody reads. */
  readonly dropped: () => number;
}

/** Lines in batches: a call to the system for each costs as much as a small request. */
export function lineBuffer(write: (bytes: Buffer) => number = writeOut): LineBuffer {
  let text = '';
  let pieces: Buffer[] = [];
  let waiting = 0;
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;

  function close(): void {
    if (text === '') return;
    const piece = Buffer.from(text);
    pieces.push(piece);
    waiting += piece.length;
    text = '';
  }
  function drain(): void {
    while (pieces.length > 0) {
      const piece = pieces[0] as Buffer;
      const written = write(piece);
      waiting -= written;
      if (written < piece.length) {
        pieces[0] = piece.subarray(written);
        break;
      }
      pieces.shift();
    }
    // A pipe that is full and does not wait: later.
    if (pieces.length > 0) later();
  }
  function later(): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      close();
      drain();
    }, delayMilliseconds).unref();
  }
  function add(line: string): void {
    // Characters, not bytes: a line of another script than Latin may be cut by another worker's, and is whole text still.
    if (text.length + line.length >= pieceBytes) {
      close();
      drain();
    }
    if (waiting > limitBytes) return void (dropped += 1);
    text += `${line}\n`;
    if (timer === undefined) later();
  }
  return {
    add,
    flush: () => {
      close();
      drain();
    },
    dropped: () => dropped,
  };
}

function writeOut(bytes: Buffer): number {
  try {
    return writeSync(1, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    // Nobody will read it any more.
    return bytes.length;
  }
}

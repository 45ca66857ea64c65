import {tryWrite} from '../../shell/output.ts';

// Several workers write to one pipe, and only writes of up to PIPE_BUF bytes are atomic (pipe(7)).
const pieceBytes = 4096;
const delayMilliseconds = 100;
// One minute of a stopped reader at a thousand lines a second.
const limitBytes = 16 * 1024 * 1024;

export interface LineBuffer {
  /** Takes a line without its line end and writes it with others, after at most 100 ms. */
  readonly add: (line: string) => void;
  /** Writes as much as the pipe takes. */
  readonly flush: () => void;
  /** Number of lines that were dropped because the pipe stayed full. */
  readonly dropped: () => number;
}

/** Writes lines in batches: one system call per line costs as much as a small request. */
export function lineBuffer(write: (bytes: Buffer) => number = writeToStdout): LineBuffer {
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
    // The pipe is full and non-blocking.
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
    // Characters, not bytes: a piece of non-ASCII text can exceed PIPE_BUF, and then another worker's lines may split it.
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

function writeToStdout(bytes: Buffer): number {
  try {
    return tryWrite(1, bytes);
  } catch {
    // The reader has exited, or the disk is full: these lines are lost.
    return bytes.length;
  }
}

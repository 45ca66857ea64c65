import {fstatSync, writeSync} from 'node:fs';

const clock = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes to a file descriptor synchronously and in full. Using process.stdout would leave O_NONBLOCK behind on a pipe,
 * and the service that replaces this process would lose output.
 * A reader that closed the pipe (`entrypoint -l | head -1`) is no error: the rest is dropped.
 */
export function fdWriter(fd: 1 | 2): (chunk: Uint8Array | string) => void {
  let closed = false;
  return (chunk) => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    let written = 0;
    while (!closed && written < bytes.length) {
      try {
        written += writeSync(fd, bytes, written);
      } catch (error) {
        const {code} = error as NodeJS.ErrnoException;
        // Another process made the pipe non-blocking, and it is full: wait for its reader.
        if (code === 'EAGAIN') Atomics.wait(clock, 0, 0, 5);
        else if (code === 'EPIPE' || code === 'EBADF') closed = true;
        else throw error;
      }
    }
  };
}

/** Is this a terminal? node:tty is loaded only for a character device: a terminal or /dev/null. */
export function isTerminal(fd: 1 | 2): boolean {
  try {
    return fstatSync(fd).isCharacterDevice() && process.getBuiltinModule('node:tty').isatty(fd);
  } catch {
    return false;
  }
}

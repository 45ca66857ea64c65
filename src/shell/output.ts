import {fstatSync, writeSync} from 'node:fs';

const clock = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes to a file descriptor at once and in full. process.stdout is left alone on purpose: its use would leave
 * O_NONBLOCK behind on a pipe, and the service that takes this process's place would lose output.
 * A reader that went away (`entrypoint -l | head -1`) is no error: the rest is dropped.
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
        // Somebody else made the pipe non-blocking, and it is full: wait for its reader.
        if (code === 'EAGAIN') Atomics.wait(clock, 0, 0, 5);
        else if (code === 'EPIPE' || code === 'EBADF') closed = true;
        else throw error;
      }
    }
  };
}

/** Is this a terminal? Nothing but one and /dev/null is a character device: node:tty is loaded only for those. */
export function isTerminal(fd: 1 | 2): boolean {
  try {
    return fstatSync(fd).isCharacterDevice() && process.getBuiltinModule('node:tty').isatty(fd);
  } catch {
    return false;
  }
}

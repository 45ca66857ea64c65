import {closeSync, constants, fstatSync, openSync, readSync, writeSync} from 'node:fs';

/**
 * One write. Returns the number of bytes written: 0 while a non-blocking pipe is full.
 * @throws NodeJS.ErrnoException every other error: EPIPE without a reader, ENOSPC...
 */
export function tryWrite(fd: number, bytes: Uint8Array, offset = 0): number {
  try {
    return writeSync(fd, bytes, offset);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}

/**
 * Writes all of it before it returns. A pipe is non-blocking as soon as one of the processes that share it makes it
 * so, and then fails instead of waiting for its reader.
 * @param timeoutMilliseconds after which the rest is dropped; default: never
 * @throws NodeJS.ErrnoException every error but EAGAIN
 */
export function writeAll(fd: number, bytes: Uint8Array, timeoutMilliseconds = Infinity): void {
  const deadline = process.uptime() * 1000 + timeoutMilliseconds;
  for (let written = 0; written < bytes.length;) {
    const count = tryWrite(fd, bytes, written);
    written += count;
    if (count > 0) continue;
    if (process.uptime() * 1000 > deadline) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  }
}

/**
 * A synchronous writer for stdout or stderr. It avoids process.stdout, which leaves O_NONBLOCK set on a pipe: the
 * service that replaces this process would lose output. Once the reader has exited (`entrypoint -l | head -1`), output
 * is dropped without an error.
 */
export function fdWriter(fd: 1 | 2): (chunk: Uint8Array | string) => void {
  let closed = false;
  return (chunk) => {
    if (closed) return;
    try {
      writeAll(fd, typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    } catch (error) {
      const {code} = error as NodeJS.ErrnoException;
      if (code !== 'EPIPE' && code !== 'EBADF') throw error;
      closed = true;
    }
  };
}

/** Whether it is a terminal. Only terminals and /dev/null are character devices: node:tty is loaded for those alone. */
export function isTerminal(fd: 0 | 1 | 2): boolean {
  try {
    return fstatSync(fd).isCharacterDevice() && process.getBuiltinModule('node:tty').isatty(fd);
  } catch {
    return false;
  }
}

/** Whether this process has a terminal at all: programs ask for passwords there, whatever their standard input is. */
export function hasControllingTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r+'));
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether the standard input is a file with content, or a pipe that has something to read by now. A byte of the pipe is
 * lost: ask only where the answer ends the command.
 */
export function hasInput(): boolean {
  let descriptor: number | undefined;
  try {
    const found = fstatSync(0);
    if (found.isFile()) return found.size > 0;
    if (!found.isFIFO()) return false;
    // A description of its own: the flag would stay on the one that others share.
    descriptor = openSync('/proc/self/fd/0', constants.O_RDONLY | constants.O_NONBLOCK);
    return readSync(descriptor, new Uint8Array(1)) > 0;
  } catch {
    return false;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

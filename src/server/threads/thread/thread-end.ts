import {writeAll} from '../../../shell/output.ts';

/** Time limit of the service's own SIGTERM handlers, as in a worker of the other classes. */
const ownEndMilliseconds = 5000;
const writeMilliseconds = 1000;

/**
 * Ends a thread as a worker process ends: signals are delivered only to the main thread, so its SIGTERM handlers get an
 * event. They may end the thread, or leave nothing open; then the service's `exit` handlers run.
 */
export function endThread(): void {
  if (process.listenerCount('SIGTERM') === 0) process.exit(0);
  setTimeout(() => process.exit(0), ownEndMilliseconds).unref();
  process.once('beforeExit', () => process.exit(0));
  process.emit('SIGTERM', 'SIGTERM');
}

/** Writes the thread's output itself. Node would pass it to the main thread, and lose what is under way when it ends. */
export function writeDirectly(): void {
  for (const [descriptor, stream] of [
    [1, process.stdout],
    [2, process.stderr],
  ] as const) {
    const write = (chunk: Buffer | string, encoding: BufferEncoding, done: (error?: Error) => void): void => {
      try {
        writeAll(descriptor, typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk, writeMilliseconds);
        done();
      } catch {
        // As for the server's own log: a reader that is gone must not end the thread.
        done();
      }
    };
    Object.assign(stream, {_write: write, _writev: undefined});
  }
}

import type {Log} from '../process/log.ts';
import {type Exhausted, openFileLimit, triedDescriptors} from '../process/open-files.ts';
import type {Accepting} from './connections.ts';

const reason = 'open files';

/** So few free descriptors are left to the requests in progress: their handlers open files and connections as well. */
const spare = 8;
const checkMilliseconds = 1000;
const pausedMilliseconds = 100;
const logMilliseconds = 60_000;

export interface OpenFilesOptions {
  readonly accepting: Pick<Accepting, 'pause' | 'resume'>;
  /** Whether accepting can be paused without losing connections. */
  readonly pausable: boolean;
  readonly log: Log;
  readonly limit?: number;
  /** @see triedDescriptors */
  readonly tried?: (count: number) => Exhausted | undefined;
}

/**
 * Stops accepting while this process has no descriptors left: further clients wait in the accept queue or go to another
 * worker. Without this, libuv accepts and closes their connections at once, and says nothing. Descriptors of connections are
 * limited already (@see connectionsWithin), those of the service are not.
 *
 * Looks once a second, and ten times a second while it is paused; a new connection costs nothing.
 */
export function watchOpenFiles({
  accepting,
  pausable,
  log,
  limit = openFileLimit(),
  tried = triedDescriptors,
}: OpenFilesOptions): void {
  let paused = false;
  let loggedAt = -Infinity;

  function check(): void {
    const missing = tried(paused ? 2 * spare : spare);
    if (missing !== undefined) exhausted(missing);
    else if (paused) {
      paused = false;
      accepting.resume(reason);
    }
    setTimeout(check, paused ? pausedMilliseconds : checkMilliseconds).unref();
  }
  function exhausted(code: Exhausted): void {
    if (pausable && !paused) {
      paused = true;
      accepting.pause(reason);
    }
    const now = Date.now();
    if (now - loggedAt < logMilliseconds) return;
    loggedAt = now;
    log('error', 'open_files', exhaustedFields(code, limit, pausable));
  }
  setTimeout(check, checkMilliseconds).unref();
}

function exhaustedFields(code: Exhausted, limit: number, pausable: boolean): Readonly<Record<string, unknown>> {
  const effect = pausable ? 'new connections wait until some are closed' : 'new connections are closed at once';
  if (code === 'ENFILE')
    return {
      code,
      message: `the machine has no file descriptors left: ${effect}`,
      fix: 'raise its limit (sysctl fs.file-max), or find the process that does not close its files',
    };
  return {
    code,
    limit,
    message: `no file descriptors left, the limit is ${limit}: ${effect}`,
    fix: 'raise `ulimit -n` (docker run --ulimit nofile=65536), lower --max-connections, or find what the service does not close',
  };
}

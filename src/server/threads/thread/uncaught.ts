import type {AsyncLocalStorage} from 'node:async_hooks';
import {serviceStack} from '../../process/frames.ts';
import type {FromThread} from '../messages.ts';

/**
 * Handles uncaught errors of the service in a pool thread, unless the service does so itself. Only the request whose
 * handler threw is lost: the thread takes no further requests, and ends when its others have ended.
 * @param requests the request that the running code belongs to
 */
export function reportUncaught(
  requests: AsyncLocalStorage<{readonly id: number}>,
  send: (message: FromThread) => void,
): void {
  process.on('uncaughtException', (error: unknown) => {
    if (process.listenerCount('uncaughtException') > 1) return;
    const isError = error instanceof Error;
    send({
      type: 'crashed',
      id: requests.getStore()?.id,
      message: isError ? error.message : String(error),
      stack: isError ? serviceStack(error.stack ?? '') : '',
    });
  });
}

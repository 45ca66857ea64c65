import {subscribe} from 'node:diagnostics_channel';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import type {Socket} from 'node:net';
import {messageOf} from '../../errors.ts';
import {serverLog} from '../process/log.ts';

/**
 * The message of node:http's diagnostics channels. Use its `socket`, not that of the request: Node sets the latter to null
 * when a service stops reading a body (`break` out of `for await`, a pipeline that fails, `body.cancel()`).
 */
export interface HttpEvent {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  readonly server: Server;
}

/** Calls `observe` for each request of this server, before the service gets it. Not called for upgrades. */
export function onRequestStart(server: Server, observe: (event: HttpEvent) => void): void {
  onChannel('http.server.request.start', server, observe);
}

/** Calls `observe` for each response of this server that was passed to the kernel completely. */
export function onResponseFinish(server: Server, observe: (event: HttpEvent) => void): void {
  onChannel('http.server.response.finish', server, observe);
}

function onChannel(channel: string, server: Server, observe: (event: HttpEvent) => void): void {
  const safe = guarded(observe);
  subscribe(channel, (message) => {
    if ((message as HttpEvent).server === server) safe(message as HttpEvent);
  });
}

/**
 * An observer that cannot end the worker: what a subscriber of a diagnostics channel throws becomes an uncaught exception.
 * The first error is logged.
 */
export function guarded<T>(observe: (event: T) => void): (event: T) => void {
  let failed = false;
  return (event) => {
    try {
      observe(event);
    } catch (error) {
      if (failed) return;
      failed = true;
      serverLog()('error', 'observer_failed', {
        message: `a request was not recorded: ${messageOf(error)}`,
        ...(error instanceof Error ? {stack: error.stack} : {}),
        fix: 'report it: this is a bug in the server',
      });
    }
  };
}

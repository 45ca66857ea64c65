import {subscribe} from 'node:diagnostics_channel';
import type {Server, ServerResponse} from 'node:http';
import {Server as NetServer} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';

export interface DrainOptions {
  /** Seconds after which what is still open is cut. */
  readonly limitSeconds: number;
  /** Seconds for which an idle connection may still be used by a proxy that does not know yet. */
  readonly idleSeconds: number;
}

/**
 * Makes a server stoppable without a lost request. `server.close()` is not it: it destroys connections that have
 * not sent a request yet, lets answers under way promise keep-alive, and stops the check of slow requests.
 * So: stop accepting only, tell every connection to close with its next answer, then close those that stay idle.
 * @returns a function that drains; it resolves when every connection is closed, or at the limit
 */
export function drainable(server: Server): (options: DrainOptions) => Promise<void> {
  const open = new Set<ServerResponse>();
  let draining = false;
  subscribe('http.server.request.start', (message) => {
    const {response, server: of} = message as {response: ServerResponse; server: Server};
    if (of !== server) return;
    if (draining) response.shouldKeepAlive = false;
    open.add(response);
    response.once('close', () => open.delete(response));
  });
  return async ({limitSeconds, idleSeconds}) => {
    draining = true;
    const closed = new Promise<void>((resolve) => void NetServer.prototype.close.call(server, () => resolve()));
    for (const response of open) response.shouldKeepAlive = false;
    const idle = (async () => {
      const end = Date.now() + limitSeconds * 1000;
      await Promise.race([sleep(Math.min(idleSeconds, limitSeconds) * 1000), closed]);
      for (let done = false; !done && Date.now() < end; ) {
        server.closeIdleConnections();
        done = await Promise.race([closed.then(() => true), sleep(50).then(() => false)]);
      }
      server.closeAllConnections();
    })();
    await Promise.race([closed, idle]);
  };
}

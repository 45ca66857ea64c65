import {createServer} from 'node:http';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import {parseAddress} from '../settings/address.ts';

/** What the arbiter knows of itself. */
export interface AdminFacts {
  /** A worker is ready and was heard of in the last seconds, and none of them drains. */
  readonly ready: () => {readonly ready: boolean; readonly facts: Readonly<Record<string, unknown>>};
  readonly metrics: () => string;
}

/**
 * The admin listener, in the arbiter: it answers also while every worker is busy.
 * /livez: the arbiter runs. /readyz: a worker would answer. /metrics: the whole server, for Prometheus.
 * @throws NodeJS.ErrnoException when the address cannot be had
 */
export function startAdmin(bind: string, facts: AdminFacts): Promise<Server> {
  const server = createServer((request, response) => answer(request, response, facts));
  // Nobody who probes needs more; and a listener that nobody watches is not held open by half a request.
  Object.assign(server, {headersTimeout: 5000, requestTimeout: 5000, keepAliveTimeout: 10_000, maxConnections: 100, connectionsCheckingInterval: 1000});
  server.unref();
  const address = parseAddress(bind) ?? {host: '127.0.0.1', port: 0};
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => resolve(server.removeListener('error', reject)));
  });
}

function answer({method, url = ''}: IncomingMessage, response: ServerResponse, {ready, metrics}: AdminFacts): void {
  const path = url.split('?', 1)[0];
  const text = (status: number, body: string, type = 'application/json'): void => {
    response.writeHead(status, {'content-type': type, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store'});
    response.end(method === 'HEAD' ? undefined : body);
  };
  if (method !== 'GET' && method !== 'HEAD') return text(405, '{"error":"only GET and HEAD"}\n');
  if (path === '/livez') return text(200, '{"status":"alive"}\n');
  if (path === '/readyz') {
    const {ready: yes, facts} = ready();
    return text(yes ? 200 : 503, `${JSON.stringify({status: yes ? 'ready' : 'not ready', ...facts})}\n`);
  }
  if (path === '/metrics') return text(200, metrics(), 'text/plain; version=0.0.4; charset=utf-8');
  text(404, '{"error":"there are /livez, /readyz and /metrics"}\n');
}

import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {messageOf} from '../../errors.ts';
import {addressFailure} from '../load/listening.ts';
import type {Log} from '../process/log.ts';
import {parseAddress} from '../settings/address.ts';
import type {Settings} from '../settings/settings.ts';
import {type MeasuredWorker, serverMetrics} from './metrics.ts';
import type {ArbiterState} from './types.ts';

/** What an operator sees of the whole server. Loaded only where it is wanted. */
export interface Operations {
  readonly gone: (worker: MeasuredWorker, reason: string) => void;
  /** The same log, whose events are counted on their way. */
  readonly counting: (log: Log) => Log;
  /** False where the address cannot be had: that has been told. */
  readonly listen: (settings: Pick<Settings, 'adminBind'>, state: () => ArbiterState, log: Log) => Promise<boolean>;
}

export function operations(): Operations {
  const metrics = serverMetrics();
  const startTime = Math.round((Date.now() / 1000 - process.uptime()) * 1000) / 1000;
  return {
    gone: metrics.gone,
    counting: (log) => (level, event, facts) => {
      if (event === 'reloaded') metrics.reloaded();
      log(level, event, facts);
    },
    listen: async ({adminBind = ''}, state, log) => {
      try {
        const server = await startAdmin(adminBind, {
          ready: () => {
            const {workers, fresh, draining} = state();
            return {ready: fresh > 0 && !draining, facts: {workers, fresh, draining}};
          },
          metrics: () => {
            const {members, workers: wanted, draining} = state();
            return metrics.text({
              workers: members,
              wanted,
              draining,
              arbiterMemory: process.memoryUsage.rss(),
              startTime,
            });
          },
        });
        const address = server.address();
        log('info', 'admin_listening', {
          bind:
            typeof address === 'object' && address !== null ? adminBind.replace(/:0$/, `:${address.port}`) : adminBind,
        });
        return true;
      } catch (error) {
        const {message, fix} = addressFailure(adminBind, error) ?? {message: messageOf(error)};
        log('error', 'not_listening', {
          message: `the admin listener: ${message}`,
          fix: fix === undefined ? '--admin-bind takes another address' : `${fix} (--admin-bind)`,
        });
        return false;
      }
    },
  };
}

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
  Object.assign(server, {
    headersTimeout: 5000,
    requestTimeout: 5000,
    keepAliveTimeout: 10_000,
    maxConnections: 100,
    connectionsCheckingInterval: 1000,
  });
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
    response.writeHead(status, {
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
    });
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

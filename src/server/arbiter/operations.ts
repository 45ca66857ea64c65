import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {exitCode, messageOf} from '../../errors.ts';
import {addressFailure} from '../load/listening.ts';
import type {Log} from '../process/log.ts';
import type {BootFailure} from '../process/messages.ts';
import {parseAddress} from '../settings/address.ts';
import type {ArbiterStatus} from './arbiter.ts';
import {type MeasuredWorker, serverMetrics} from './metrics.ts';

/** Health and metrics of the whole server. Loaded only with `--admin-bind`. */
export interface Operations {
  readonly exited: (worker: MeasuredWorker, reason: string) => void;
  /** Wraps a log, to count its events. */
  readonly counting: (log: Log) => Log;
  /** Starts the admin listener. Returns the failure if it cannot listen. */
  readonly listen: (bind: string, status: () => ArbiterStatus, log: Log) => Promise<BootFailure | undefined>;
  readonly close: () => void;
}

export function operations(): Operations {
  const metrics = serverMetrics();
  const startTime = Math.round((Date.now() / 1000 - process.uptime()) * 1000) / 1000;
  let server: Server | undefined;
  return {
    exited: metrics.exited,
    counting: (log) => (level, event, fields) => {
      if (event === 'reloaded') metrics.reloaded();
      log(level, event, fields);
    },
    listen: async (bind, status, log) => {
      try {
        server = await startAdmin(bind, {
          ready: () => {
            const {target: workers, fresh, held, draining} = status();
            return {ready: fresh > 0 && !draining, facts: {workers, fresh, held, draining}};
          },
          metrics: () => {
            const {workers, target: wanted, draining} = status();
            return metrics.text({workers, wanted, draining, arbiterMemory: process.memoryUsage.rss(), startTime});
          },
        });
        const address = server.address();
        log('info', 'admin_listening', {
          bind: typeof address === 'object' && address !== null ? bind.replace(/:0$/, `:${address.port}`) : bind,
        });
        return undefined;
      } catch (error) {
        const {message} = addressFailure(bind, error) ?? {message: messageOf(error)};
        return {message: `admin listener: ${message}`, fix: 'set another --admin-bind', exitCode: exitCode.unavailable};
      }
    },
    close: () => {
      server?.close();
      server?.closeAllConnections();
    },
  };
}

/** Sources of the responses of the admin listener. */
export interface AdminSources {
  /** True with a worker that is ready and has sent a heartbeat in the last seconds, while the server does not drain. */
  readonly ready: () => {readonly ready: boolean; readonly facts: Readonly<Record<string, unknown>>};
  readonly metrics: () => string;
}

/**
 * The admin listener, in the arbiter: it answers even while every worker is busy.
 * /livez: the arbiter runs. /readyz: a worker would answer. /metrics: the whole server, for Prometheus.
 * @throws NodeJS.ErrnoException when it cannot listen
 */
export function startAdmin(bind: string, sources: AdminSources): Promise<Server> {
  const server = createServer((request, response) => respond(request, response, sources));
  // Enough for probes and scrapes, and half a request cannot hold a connection open.
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

function respond({method, url = ''}: IncomingMessage, response: ServerResponse, {ready, metrics}: AdminSources): void {
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
    const {ready: isReady, facts} = ready();
    return text(isReady ? 200 : 503, `${JSON.stringify({status: isReady ? 'ready' : 'not ready', ...facts})}\n`);
  }
  if (path === '/metrics') return text(200, metrics(), 'text/plain; version=0.0.4; charset=utf-8');
  text(404, '{"error":"not found: try /livez, /readyz or /metrics"}\n');
}

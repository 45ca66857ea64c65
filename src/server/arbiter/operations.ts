import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {exitCode, messageOf} from '../../errors.ts';
import {type AskedWorker, serviceMetrics} from '../metrics/service-metrics.ts';
import type {Log} from '../process/log.ts';
import {residentBytes} from '../process/memory.ts';
import type {BootFailure, FromWorker} from '../process/messages.ts';
import {listenOnPipe} from '../process/node-internals.ts';
import {parseAddress} from '../settings/address.ts';
import {addressFailure} from '../sockets/address-failure.ts';
import {bindUnixSocket, type Permissions, type UnixSocket} from '../sockets/unix-socket.ts';
import type {ArbiterStatus} from './arbiter.ts';
import {type MeasuredWorker, serverMetrics} from './metrics.ts';

/** Health and metrics of the whole server. Loaded only with `--admin-bind`. */
export interface Operations {
  readonly received: (worker: Pick<AskedWorker, 'id' | 'pid'>, message: FromWorker) => void;
  readonly exited: (worker: MeasuredWorker, reason: string) => void;
  /** Wraps a log, to count its events. */
  readonly counting: (log: Log) => Log;
  /** Starts the admin listener. Returns the failure if it cannot listen. */
  readonly listen: (
    bind: string,
    status: () => ArbiterStatus,
    log: Log,
    permissions: Permissions,
  ) => Promise<BootFailure | undefined>;
  readonly close: () => void;
}

export function operations(): Operations {
  const metrics = serverMetrics();
  const service = serviceMetrics();
  const startTime = Math.round((Date.now() / 1000 - process.uptime()) * 1000) / 1000;
  let server: Server | undefined;
  let socket: UnixSocket | undefined;
  return {
    received: service.received,
    exited: (worker, reason) => {
      metrics.exited(worker, reason);
      service.exited(worker);
    },
    counting: (log) => (level, event, fields) => {
      if (event === 'reloaded') metrics.reloaded();
      log(level, event, fields);
    },
    listen: async (bind, status, log, permissions) => {
      try {
        const given = parseAddress(bind);
        if (given !== undefined && 'path' in given) socket = await bindUnixSocket(given.path, permissions);
        const sources: AdminSources = {
          ready: () => {
            const {target: workers, fresh, held, draining} = status();
            return {ready: fresh > 0 && !draining, facts: {workers, fresh, held, draining}};
          },
          metrics: async () => {
            const {text, problems} = await service.scrape(status().workers);
            const {workers, target: wanted, draining} = status();
            const arbiterMemory = residentBytes();
            return metrics.text({workers, wanted, draining, arbiterMemory, startTime, problems}) + text;
          },
        };
        server = await startAdmin(bind, sources, socket);
        const address = server.address();
        log('info', 'admin_listening', {
          bind: typeof address === 'object' && address !== null ? bind.replace(/:0$/, `:${address.port}`) : bind,
        });
        return undefined;
      } catch (error) {
        const {message, fix} = addressFailure(bind, error, '--admin-bind') ?? {message: messageOf(error)};
        return {message: `admin listener: ${message}`, fix, exitCode: exitCode.unavailable};
      }
    },
    close: () => {
      socket?.unlink();
      server?.close();
      server?.closeAllConnections();
    },
  };
}

/** Sources of the responses of the admin listener. */
export interface AdminSources {
  /** True with a worker that is ready and has sent a heartbeat in the last seconds, while the server does not drain. */
  readonly ready: () => {readonly ready: boolean; readonly facts: Readonly<Record<string, unknown>>};
  readonly metrics: () => Promise<string>;
}

const adminBacklog = 100;

/**
 * The admin listener, in the arbiter: it answers even while every worker is busy.
 * /livez: the arbiter runs. /readyz: a worker would answer. /metrics: the whole server, for Prometheus.
 * @param socket bound already, for the path of a Unix socket
 * @throws NodeJS.ErrnoException when it cannot listen
 */
export function startAdmin(bind: string, sources: AdminSources, socket?: UnixSocket): Promise<Server> {
  const server = createServer((request, response) => {
    respond(request, response, sources).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(500, {'content-type': 'text/plain'});
      response.end(`${messageOf(error)}\n`);
    });
  });
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
    server.once('listening', () => resolve(server.removeListener('error', reject)));
    if (socket === undefined) server.listen(address);
    else listenOnPipe(server, socket.handle, bind.slice('unix:'.length), adminBacklog);
  });
}

async function respond(
  {method, url = ''}: IncomingMessage,
  response: ServerResponse,
  {ready, metrics}: AdminSources,
): Promise<void> {
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
  if (path === '/metrics') return text(200, await metrics(), 'text/plain; version=0.0.4; charset=utf-8');
  text(404, '{"error":"not found: try /livez, /readyz or /metrics"}\n');
}

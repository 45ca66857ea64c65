import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {messageOf} from '../../errors.ts';
import {levelNames, type LogThreshold, thresholdOf} from '../../text/log/levels.ts';
import {listenOnPipe} from '../process/node-internals.ts';
import {parseAddress} from '../settings/address.ts';
import type {UnixSocket} from '../sockets/unix-socket.ts';

/** Sources of the responses of the admin listener. */
export interface AdminSources {
  /** True with a worker that is ready and has sent a heartbeat in the last seconds, while the server does not drain. */
  readonly ready: () => {readonly ready: boolean; readonly facts: Readonly<Record<string, unknown>>};
  readonly metrics: () => Promise<string>;
  /** The level of the service's log, as LOG_LEVEL says or as it was set. */
  readonly logLevel: () => LogThreshold;
  readonly setLogLevel: (level: LogThreshold) => void;
}

const adminBacklog = 100;

/**
 * The admin listener, in the arbiter: it answers even while every worker is busy.
 * /livez: the arbiter runs. /readyz: a worker would answer. /metrics: the whole server, for Prometheus. /log-level: that of
 * the service, to read and to set.
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
  request: IncomingMessage,
  response: ServerResponse,
  {ready, metrics, logLevel, setLogLevel}: AdminSources,
): Promise<void> {
  const {method, url = ''} = request;
  const path = url.split('?', 1)[0];
  const text = (status: number, body: string, type = 'application/json'): void => {
    response.writeHead(status, {
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      'cache-control': 'no-store',
    });
    response.end(method === 'HEAD' ? undefined : body);
  };
  if (path === '/log-level' && method === 'PUT') {
    const level = await sentLevel(request);
    if (level === undefined) return text(400, `${JSON.stringify({error: `no level: send ${levelWords}`})}\n`);
    setLogLevel(level);
    return text(200, `${JSON.stringify({level})}\n`);
  }
  if (method !== 'GET' && method !== 'HEAD') return text(405, '{"error":"only GET and HEAD, and PUT /log-level"}\n');
  if (path === '/livez') return text(200, '{"status":"alive"}\n');
  if (path === '/readyz') {
    const {ready: isReady, facts} = ready();
    return text(isReady ? 200 : 503, `${JSON.stringify({status: isReady ? 'ready' : 'not ready', ...facts})}\n`);
  }
  if (path === '/metrics') return text(200, await metrics(), 'text/plain; version=0.0.4; charset=utf-8');
  if (path === '/log-level') return text(200, `${JSON.stringify({level: logLevel()})}\n`);
  text(404, '{"error":"not found: try /livez, /readyz, /metrics or /log-level"}\n');
}

const levelWords = `${levelNames.join(', ')} or silent`;
const mostOfBody = 1024;

/** The level in a body: as it is, or as JSON, `{"level":"debug"}`. */
async function sentLevel(request: IncomingMessage): Promise<LogThreshold | undefined> {
  let body = '';
  for await (const part of request) {
    body += String(part);
    if (body.length > mostOfBody) return undefined;
  }
  const [, word = ''] = /^\s*(?:\{\s*"level"\s*:\s*)?"?(\w+)"?\s*\}?\s*$/.exec(body) ?? [];
  return thresholdOf(word);
}

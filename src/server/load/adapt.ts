import {createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse} from 'node:http';
import {Readable} from 'node:stream';

/** An HTTP server, and how to close the application after the last response. */
export interface Application {
  readonly server: Server;
  readonly close: () => Promise<void>;
}

interface FetchHandler {
  fetch(request: Request): Response | Promise<Response>;
}

interface Fastify {
  readonly server: Server;
  ready(): Promise<unknown>;
  close(): Promise<void>;
}

interface Koa {
  callback(): RequestListener;
}

/**
 * Makes an HTTP server of a module's default export: an http.Server, a fastify or koa app, an object with `fetch` (hono
 * or a custom one), or a `(request, response)` listener (node:http, express). Undefined for anything else.
 */
export async function adapt(exported: unknown): Promise<Application | undefined> {
  if (isServer(exported)) return {server: exported, close: async () => {}};
  if (has<Fastify>(exported, 'ready', 'close') && isServer((exported as Fastify).server)) {
    await exported.ready();
    return {server: exported.server, close: () => exported.close()};
  }
  const close = async (): Promise<void> => {
    if (has<{close(): Promise<void>}>(exported, 'close')) await exported.close();
  };
  if (has<FetchHandler>(exported, 'fetch'))
    return {server: createServer(fetchListener((request) => exported.fetch(request))), close};
  if (has<Koa>(exported, 'callback')) return {server: createServer(exported.callback()), close};
  if (typeof exported !== 'function') return undefined;
  // One parameter: a fetch handler. More: (request, response) of node:http, (request, response, next) of express.
  const listener =
    exported.length === 1 ? fetchListener(exported as FetchHandler['fetch']) : (exported as RequestListener);
  return {server: createServer(listener), close};
}

function has<T>(value: unknown, ...names: (keyof T & string)[]): value is T {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}

function isServer(value: unknown): value is Server {
  return has<Server>(value, 'listen', 'closeIdleConnections', 'address');
}

function fetchListener(handler: FetchHandler['fetch']): RequestListener {
  return (incoming, response) => {
    respond(handler, incoming, response).catch((error: unknown) => {
      process.stderr.write(
        `${JSON.stringify({level: 'error', event: 'request_failed', message: String((error as Error)?.stack ?? error)})}\n`,
      );
      if (response.headersSent) response.destroy();
      else response.writeHead(500, {'content-type': 'text/plain'}).end('Internal Server Error\n');
    });
  };
}

async function respond(
  handler: FetchHandler['fetch'],
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  const method = incoming.method ?? 'GET';
  const bodyless = method === 'GET' || method === 'HEAD';
  const headers = new Headers();
  for (let index = 0; index < incoming.rawHeaders.length; index += 2) {
    headers.append(incoming.rawHeaders[index] ?? '', incoming.rawHeaders[index + 1] ?? '');
  }
  const request = new Request(new URL(incoming.url ?? '/', `http://${incoming.headers.host ?? 'localhost'}`), {
    method,
    headers,
    signal: closed.signal,
    ...(bodyless ? {} : {body: Readable.toWeb(incoming) as unknown as ReadableStream, duplex: 'half'}),
  });
  const result = await handler(request);
  response.statusCode = result.status;
  if (result.statusText !== '') response.statusMessage = result.statusText;
  for (const [name, value] of result.headers) if (name !== 'set-cookie') response.setHeader(name, value);
  const cookies = result.headers.getSetCookie();
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  if (result.body === null || method === 'HEAD') response.end();
  else
    Readable.fromWeb(result.body as never)
      .on('error', () => response.destroy())
      .pipe(response);
}

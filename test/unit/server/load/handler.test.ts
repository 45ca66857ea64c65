import assert from 'node:assert/strict';
import {createServer, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';
import {test, type TestContext} from 'node:test';
import {isFetchText} from '../../../../src/server/load/handler-kind.ts';
import {handlerListener, isFastifyPlugin} from '../../../../src/server/load/handler.ts';

type Handler = (...words: never[]) => unknown;

/** What a handler answers to three requests one after the other. */
async function answers(t: TestContext, handler: unknown): Promise<readonly string[]> {
  const listener: RequestListener = await handlerListener(handler as Handler);
  const server = createServer(listener);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.after(() => void server.close().closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/path`;
  const all: string[] = [];
  for (let count = 0; count < 3; count += 1)
    all.push(await (await fetch(url, {signal: AbortSignal.timeout(5000)})).text());
  return all;
}

const node = (request: {url: string}, response: {end(text: string): void}): void => response.end(request.url);
const web = (request: Request): Response => new Response(new URL(request.url).pathname);

// Each answers with the path.
const handlers: Readonly<Record<string, unknown>> = {
  'node (request, response)': node,
  'node (request, response), async': async (request: never, response: never) => node(request, response),
  'node (...words)': (...words: [never, never]) => node(...words),
  'node with arguments': function forward() {
    return Reflect.apply(node, undefined, arguments);
  },
  'node (request, ...rest)': (request: never, ...rest: [never]) => node(request, ...rest),
  'node (request, response = x)': (
    request: {url: string},
    response = undefined as unknown as {end(text: string): void},
  ) => response.end(request.url),
  'fetch (request)': web,
  'fetch request => f(a, b)': Function('web', 'return request => web(request, 2)')(web),
  'fetch (request) with arguments, as compilers make it': function compiled(_x: Request) {
    return Reflect.apply(web, undefined, arguments);
  },
  'fetch (request, ...rest)': (request: Request, ...rest: never[]) => ({fetch: web}).fetch(request, ...(rest as [])),
  'fetch (request), async': async (request: Request) => web(request),
  'fetch (request = x)': (request = undefined as unknown as Request) => web(request),
  'fetch (request, info)': (request: Request, info: unknown) => (info === undefined ? undefined : web(request)),
  'fetch (request, info), async': async (request: Request, {incoming}: {incoming: {socket: {remoteAddress: string}}}) =>
    incoming.socket.remoteAddress === '127.0.0.1' ? web(request) : undefined,
  'fetch (...words)': (...words: [Request]) => web(...words),
  'fetch (request, info) that reads a header first': (request: Request, info: unknown) =>
    new Response(
      request.headers.get('host') === null || info === undefined ? 'no host' : new URL(request.url).pathname,
    ),
};

for (const [kind, handler] of Object.entries(handlers)) {
  test(`a handler is recognised: ${kind}`, async (t) => {
    assert.deepEqual(await answers(t, handler), ['/path', '/path', '/path']);
  });
}

test('a handler with two parameters that takes a Request runs once for the first request, and never gets another', async (t) => {
  const seen: unknown[] = [];
  const kinds: readonly Handler[] = [
    (request: Request, info: unknown) => {
      seen.push(request.url, info === undefined);
      return new Response(request.url);
    },
    async (request: Request, _env: unknown) => {
      seen.push(request.url, false);
      return web(request);
    },
    (request: Request, {remoteAddr}: {remoteAddr: {hostname: string}}) => {
      seen.push(request.url, remoteAddr.hostname === '');
      return web(request);
    },
    async function handle(request: Request, context: unknown) {
      seen.push(request.url, context === undefined);
      await request.text();
      return web(request);
    },
    {
      fetch(request: Request, other: unknown): Response {
        seen.push(request.url, other === undefined);
        const {pathname} = new URL(request.url);
        return Response.json(pathname);
      },
    }.fetch,
  ];
  for (const handler of kinds) {
    seen.splice(0);
    await answers(t, handler);
    assert.equal(seen.length, 6, String(handler));
    for (const [index, value] of seen.entries())
      if (index % 2 === 1) assert.equal(value, false);
      else assert.match(String(value), /^http:\/\/127\.0\.0\.1:\d+\/path$/);
  }
});

test('the text of a handler that answers through its second parameter is no fetch handler, whatever else it uses', () => {
  for (const text of [
    '(request, response) => response.end(request.url)',
    'async (req, res) => { const upstream = await fetch(url); res.writeHead(200).end(await new Response(upstream.body).text()); }',
    'function (a, b) { b.statusCode = 404; b.end(); }',
    '(e, t) => r(e, t)',
    '(request, response) => app(request, response)',
    '(request, response) => request.on("data", (chunk) => new Response(chunk))',
    'function () { [native code] }',
  ])
    assert.equal(isFetchText(text), false, text);
  for (const text of [
    '(e,t)=>new Response(e.url)',
    '(e,t)=>app.fetch(e,t)',
    'async(e,t)=>{let n=await e.json();return i(n)}',
    'fetch(request, env) { return router(request); }',
    '(request = x, connInfo = {}) => Response.json(1)',
  ])
    assert.equal(isFetchText(text), true, text);
});

test('() => new Response() is answered', async (t) => {
  assert.deepEqual(await answers(t, () => new Response('hello')), ['hello', 'hello', 'hello']);
});

test('a plugin of fastify is recognised by its first parameter, or by the mark of fastify-plugin', () => {
  assert.equal(
    isFastifyPlugin(async (fastify: unknown, options: unknown) => [fastify, options]),
    true,
  );
  assert.equal(
    isFastifyPlugin(function plugin(fastify: unknown) {
      return fastify;
    }),
    true,
  );
  assert.equal(isFastifyPlugin(Object.assign((app: unknown) => app, {[Symbol.for('skip-override')]: true})), true);
  assert.equal(isFastifyPlugin(node), false);
  assert.equal(isFastifyPlugin(web), false);
});

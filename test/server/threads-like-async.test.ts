import assert from 'node:assert/strict';
import {connect} from 'node:net';
import {test, type TestContext} from 'node:test';
import {until} from '../support/until.ts';
import {startServer, type TestServer} from './support.ts';

// The same service and the same bytes, with both classes: what a client gets must be the same, byte for byte.

const module = `import {createServer} from "node:http";
import {AsyncLocalStorage} from "node:async_hooks";
import {setTimeout as sleep} from "node:timers/promises";
const storage = new AsyncLocalStorage();
const read = async (request) => { let text = ""; for await (const chunk of request) text += chunk.toString("latin1"); return text; };
const routes = {
  "/seen": async (request, response) => { const text = await read(request); response.end(JSON.stringify({method: request.method, version: request.httpVersion, raw: request.rawHeaders, headers: request.headers, distinct: request.headersDistinct.a, trailers: request.rawTrailers, text, complete: request.complete})); },
  "/count": (request, response) => response.end(String(request.rawHeaders.length)),
  "/raw": (request, response) => response.writeHead(200, "Fine", ["X-b", "1", "x-B", "2", "Set-Cookie", "a=1", "Set-Cookie", "b=2", "X-Latin", "caf\\u00e9"]).end(Buffer.from("r\\u00e9sum\\u00e9")),
  "/object": (request, response) => { response.setHeader("X-One", "1"); response.setHeader("x-many", ["2", "3"]); response.statusMessage = "Very Well"; response.writeHead(203, {"X-One": "4", "Content-Type": "text/plain"}); response.end("text \\u00e9 \\u20ac"); },
  "/many": (request, response) => { for (let index = 0; index < 2500; index += 1) response.setHeader("x-" + index, String(index)); response.end(); },
  "/empty": (request, response) => response.writeHead(204).end(),
  "/unchanged": (request, response) => response.writeHead(304, {etag: '"x"'}).end(),
  "/length": (request, response) => response.writeHead(200, {"content-length": 5}).end("hello"),
  "/chunks": async (request, response) => { response.write("one"); await sleep(20); response.write(Buffer.from("two")); await sleep(20); response.end("thr\\u00e9e"); },
  "/turn": (request, response) => { response.write("a"); response.write("b", "latin1"); response.write(Buffer.alloc(5000, "c")); response.write("64656667", "hex"); response.end("\\u20ac"); },
  "/trailers": (request, response) => { response.writeHead(200, {trailer: "X-Sum"}); response.write("x"); response.addTrailers({"X-Sum": "1"}); response.end(); },
  "/hints": (request, response) => { response.writeEarlyHints({link: ["</a.css>; rel=preload", "</b.css>; rel=preload"], "x-trace": "abc"}); response.writeProcessing(); response.end("x"); },
  "/close": (request, response) => { response.setHeader("connection", "close"); response.end("x"); },
  "/bare": (request, response) => { response.sendDate = false; response.removeHeader("connection"); response.removeHeader("transfer-encoding"); response.end("x"); },
  "/short": (request, response) => { response.strictContentLength = true; response.writeHead(200, {"content-length": 5}); try { response.end("four"); } catch (error) { response.destroy(); } },
  "/flush": async (request, response) => { response.writeHead(200, {"x-early": "yes"}); response.flushHeaders(); await sleep(20); response.end("late"); },
  "/early": (request, response) => response.writeHead(403, {"content-type": "text/plain"}).end("no"),
  "/later": async (request, response) => { await sleep(100); response.writeHead(403).end("no"); },
  "/after": async (request, response) => { response.end("accepted"); const text = await read(request); console.log("read " + text.length + " " + request.complete); },
  "/broken": async (request, response) => { response.writeHead(200, {"content-length": 10}); response.write("part"); await sleep(20); response.destroy(); },
  "/broken-chunks": async (request, response) => { response.write("part"); await sleep(20); response.destroy(); },
  "/nothing": (request, response) => response.destroy(),
  "/socket": (request, response) => { const {socket} = request; response.end(JSON.stringify([socket.remoteAddress, socket.localAddress, socket.remoteFamily, typeof socket.remotePort, typeof socket.address().port, socket.setTimeout(0) === socket, socket.setNoDelay() === socket, socket.setKeepAlive() === socket, socket.readyState, socket.encrypted])); },
  "/timeout": (request, response) => response.setTimeout(50, () => response.end("waited")),
  "/enter": (request, response) => { const before = storage.getStore(); storage.enterWith("left over"); response.end(String(before)); },
};
const server = createServer((request, response) => (routes[request.url] ?? routes["/seen"])(request, response));
server.on("checkContinue", (request, response) => {
  if (request.url === "/early") return void response.writeHead(417).end();
  response.writeContinue();
  server.emit("request", request, response);
});
export default server;`;

interface Message {
  readonly what: string;
  readonly send: string;
  /** Sent when the first answer, a 100, has arrived. */
  readonly later?: string;
}

const request = (path: string, {method = 'GET', lines = '', body = ''} = {}): string =>
  `${method} ${path} HTTP/1.1\r\nHost: a\r\n${lines}\r\n${body}`;
const post = (path: string, body: string): string =>
  request(path, {method: 'POST', lines: `Content-Length: ${body.length}\r\n`, body});
const closing = 'Connection: close\r\n';

const messages: readonly Message[] = [
  {what: 'HTTP/1.0 without Host', send: 'GET /seen HTTP/1.0\r\n\r\n'},
  {what: 'HTTP/1.0 with keep-alive', send: 'GET /chunks HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'},
  {what: 'no Host', send: 'GET /seen HTTP/1.1\r\n\r\n'},
  {
    what: 'names and values as they came',
    send: request('/seen', {lines: `a: 1\r\nA: 2\r\nX-Latin: caf\xe9\r\nx-EMPTY:\r\n${closing}`}),
  },
  {what: 'bodies of a length', send: post('/seen', 'caf\xe9') + request('/seen', {lines: closing})},
  {
    what: 'chunked bodies with trailers',
    send: request('/seen', {
      method: 'PUT',
      lines: `Transfer-Encoding: chunked\r\n${closing}`,
      body: '3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n',
    }),
  },
  {
    what: '1500 header lines',
    send: request('/count', {
      lines: `${Array.from({length: 1500}, (_, index) => `x${index}: 1\r\n`).join('')}${closing}`,
    }),
  },
  {
    what: 'more header lines than Node passes on',
    send: request('/count', {
      lines: `${closing}${Array.from({length: 2500}, (_, index) => `x${index}: 1\r\n`).join('')}`,
    }),
  },
  ...[
    '/raw',
    '/object',
    '/many',
    '/empty',
    '/unchanged',
    '/length',
    '/chunks',
    '/turn',
    '/trailers',
    '/hints',
    '/bare',
  ].map((path) => ({what: path, send: request(path) + request('/length', {lines: closing})})),
  ...['/object', '/chunks', '/length', '/empty', '/hints'].map((path) => ({
    what: `HEAD ${path}`,
    send: request(path, {method: 'HEAD'}) + request('/length', {lines: closing}),
  })),
  ...['/close', '/flush', '/socket', '/timeout', '/broken', '/broken-chunks', '/nothing', '/short'].map((path) => ({
    what: path,
    send: request(path, {lines: path === '/close' ? '' : closing}),
  })),
  {
    what: 'a context that a handler enters',
    send: request('/enter') + request('/enter') + request('/enter', {lines: closing}),
  },
  {
    what: 'a body that is not read',
    send:
      post('/early', 'x'.repeat(500_000)) + post('/later', 'x'.repeat(500_000)) + request('/length', {lines: closing}),
  },
  {
    what: 'an expectation that the service accepts',
    send: request('/seen', {method: 'POST', lines: `Expect: 100-continue\r\nContent-Length: 2\r\n${closing}`}),
    later: 'ok',
  },
  {
    what: 'an expectation that it refuses',
    send: request('/early', {method: 'POST', lines: `Expect: 100-continue\r\nContent-Length: 2\r\n${closing}`}),
  },
  {what: 'an unknown expectation', send: request('/length', {lines: `Expect: a miracle\r\n${closing}`})},
  {
    what: 'an Upgrade that the service does not know',
    send: request('/length', {lines: 'Connection: Upgrade, close\r\nUpgrade: x\r\n'}),
  },
];

/** Everything that the server sends, until it closes the connection. */
function answer(t: TestContext, server: TestServer, {send, later}: Message): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(Buffer.from(send, 'latin1')));
    t.after(() => socket.destroy());
    let text = '';
    const done = (end: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(`${withoutChance(text)}(${end})`);
    };
    const timer = setTimeout(done, 10_000, 'still open');
    socket.setEncoding('latin1').on('data', (part: string) => {
      if (later !== undefined && text === '') socket.write(later);
      text += part;
    });
    socket.once('end', () => done('closed'));
    socket.once('error', () => done('closed'));
  });
}

/** Date, ids and the boundaries of chunks, which depend on the turn of a loop. */
function withoutChance(text: string): string {
  return text
    .replaceAll(/Date: [^\r]*/g, 'Date: now')
    .replaceAll(/[0-9a-f]{32}(-[0-9a-f]{16}-01)?/g, 'id')
    .replaceAll(/("remotePort":)\d+/g, '$1 0');
}

test('threads: a client gets the same bytes as from async, whatever it sends', async (t) => {
  const flags = ['--workers=1', '--max-header-size=64k'];
  const [async, threads] = await Promise.all([
    startServer(t, {module, flags}),
    startServer(t, {module, flags: [...flags, '--worker-class=threads', '--threads=1']}),
  ]);
  const seen = await Promise.all(
    messages.map(async (message) => ({
      what: message.what,
      answers: await Promise.all([answer(t, async, message), answer(t, threads, message)]),
    })),
  );
  for (const {what, answers} of seen) {
    assert.equal(answers[1], answers[0], what);
    assert.ok(!answers[0].includes('still open'), `${what}: ${answers[0]}`);
  }
  const after = {
    what: 'a body that is read after the response',
    send: post('/after', 'x'.repeat(600_000)) + request('/length', {lines: closing}),
  };
  assert.equal(await answer(t, threads, after), await answer(t, async, after));
  for (const server of [async, threads]) {
    await until('the body is read', () => server.output().includes('read 600000 true'));
    assert.deepEqual(
      server.log().filter(({level}) => level !== 'info'),
      [],
    );
  }
});

import assert from 'node:assert/strict';
import {createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse} from 'node:http';
import {createServer as createSecureServer} from 'node:https';
import {type AddressInfo, connect} from 'node:net';
import {test, type TestContext} from 'node:test';
import {connect as connectSecurely} from 'node:tls';
import {accessLog} from '../../../../src/server/records/access-log.ts';
import {lineBuffer} from '../../../../src/server/records/line-buffer.ts';
import {identifyRequests} from '../../../../src/server/records/request-id.ts';
import {countRequests, type RequestCounter} from '../../../../src/server/records/stats.ts';
import {makeCertificate} from '../../../support/certificate.ts';
import {temporaryDirectory} from '../../../support/directory.ts';
import {until} from '../../../support/until.ts';

interface LoggingServer {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  readonly lines: readonly string[];
  readonly counter: RequestCounter;
}

/** A server that logs into memory. */
async function logging(
  t: TestContext,
  format: string,
  listener: RequestListener,
  ids = false,
  readable = false,
  server: Server = createServer(listener),
): Promise<LoggingServer> {
  const lines: string[] = [];
  if (ids) identifyRequests(server, {trace: true});
  const log = accessLog(format, readable ? 'text' : 'json', {
    add: (line) => void lines.push(line),
    flush: () => {},
    dropped: () => 0,
  });
  const counter = countRequests(
    server,
    (closed) => void server.on('connection', (socket) => void socket.on('close', () => closed(socket))),
    log.onRequestEnd,
  );
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const {port} = server.address() as AddressInfo;
  return {url: `http://127.0.0.1:${port}`, port, server, lines, counter};
}

/** Waits for `count` lines: a response is sent before its line is logged. */
async function logged(lines: readonly string[], count: number): Promise<void> {
  await until(`${count} lines`, () => lines.length >= count, 5);
  assert.equal(lines.length, count);
}

const hello = (_: IncomingMessage, response: ServerResponse): void => void response.end('hello');
const late = (_: IncomingMessage, response: ServerResponse): void => void setTimeout(() => response.end('late'), 300);

test('a line of JSON describes a request, without its query and headers', async (t) => {
  const {url, lines} = await logging(t, 'json', hello, true);
  await fetch(`${url}/a%20b?token=secret`, {headers: {authorization: 'Bearer secret'}});
  await logged(lines, 1);
  const {
    time,
    ms,
    request_id: id,
    trace_id: trace,
    span_id: span,
    instance,
    ...rest
  } = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.deepEqual(rest, {
    level: 'info',
    severity_text: 'INFO',
    event: 'request',
    method: 'GET',
    path: '/a%20b',
    status: 200,
    bytes: 5,
    client: '127.0.0.1',
    pid: process.pid,
    seq: 1,
  });
  assert.match(`${String(span)} ${String(instance)}`, /^[0-9a-f]{16} [0-9a-z]{10}$/);
  assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 5000, String(time));
  assert.ok(Number(ms) >= 0 && Number(ms) < 5000);
  assert.match(String(id), /^[0-9a-f]{32}$/);
  assert.equal(trace, id);
  assert.doesNotMatch(lines[0] ?? '', /secret/);
});

test('on a terminal a line is readable, unless a format was given', async (t) => {
  const {url, lines} = await logging(t, 'json', hello, false, true);
  await fetch(`${url}/a?b=c`);
  await logged(lines, 1);
  assert.match(lines[0] ?? '', /^\d\d:\d\d:\d\d GET \/a\?b=c 200, 5 bytes, \d+\.\d ms$/);
  const given = await logging(t, '%(s)s', hello, false, true);
  await fetch(given.url);
  await logged(given.lines, 1);
  assert.equal(given.lines[0], '200');
});

test('an invalid path stays one line of valid JSON', async (t) => {
  const {port, lines} = await logging(t, 'json', hello);
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET /"\\${'x'.repeat(5000)} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
  socket.resume();
  await logged(lines, 1);
  assert.ok((lines[0]?.length ?? 0) < 4096);
  assert.ok(String((JSON.parse(lines[0] ?? '') as {path: string}).path).startsWith('/"\\'));
});

test('ids that the client sent are kept; added ones appear in every form of the headers', async (t) => {
  const {url, lines} = await logging(
    t,
    'json',
    (request, response) => {
      response.end(
        JSON.stringify({
          id: request.headers['x-request-id'],
          parent: request.headers['traceparent'],
          raw: request.rawHeaders.filter((word) => /x-request-id|traceparent/i.test(word)),
          distinct: request.headersDistinct['x-request-id'],
        }),
      );
    },
    true,
  );
  const ask = async (
    headers: Record<string, string>,
  ): Promise<{id: string; parent: string; raw: string[]; distinct: string[]}> =>
    (await fetch(url, {headers})).json() as never;
  const given = await ask({});
  assert.match(given.id, /^[0-9a-f]{32}$/);
  assert.equal(given.parent.slice(0, 36), `00-${given.id}-`);
  assert.match(given.parent.slice(36), /^[0-9a-f]{16}-01$/);
  assert.deepEqual(given.raw, ['x-request-id', 'traceparent']);
  assert.deepEqual(given.distinct, [given.id]);
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
  const traced = await ask({traceparent: `00-${trace}-00f067aa0ba902b7-00`});
  assert.deepEqual([traced.id, traced.parent], [trace, `00-${trace}-00f067aa0ba902b7-00`]);
  const both = await ask({'x-request-id': 'mine', traceparent: `00-${trace}-00f067aa0ba902b7-00`});
  assert.equal(both.id, 'mine');
  await logged(lines, 3);
  assert.partialDeepStrictEqual(JSON.parse(lines[2] ?? ''), {request_id: 'mine', trace_id: trace});
  assert.notEqual((await ask({})).id, given.id);
});

test("a format of gunicorn's atoms makes the same line as gunicorn", async (t) => {
  const {url, lines} = await logging(
    t,
    '%(h)s %(l)s %(u)s "%(r)s" %(s)s %(B)s "%(f)s" "%(a)s" %(m)s %(U)s?%(q)s %(H)s %({x-one}i)s %({x-two}o)s %({NONE}e)s %(p)s 100%%',
    (_, response) => {
      response.setHeader('x-two', '2');
      response.statusCode = 404;
      response.end('no');
    },
  );
  await fetch(`${url}/a?b=c`, {
    headers: {authorization: `Basic ${btoa('me:secret')}`, 'user-agent': 'a "quoted" one', 'x-one': '1'},
  });
  await logged(lines, 1);
  assert.equal(
    lines[0],
    `127.0.0.1 - me "GET /a?b=c HTTP/1.1" 404 2 "-" "a \\"quoted\\" one" GET /a?b=c HTTP/1.1 1 2 - <${process.pid}> 100%`,
  );
});

test('bytes are those of the body: none for HEAD, all chunks of a body without a length', async (t) => {
  const {url, lines} = await logging(t, '%(B)s', (request, response) => {
    if (request.url === '/pieces') response.write('x'.repeat(1000));
    response.end('y'.repeat(1000));
  });
  await fetch(url);
  await fetch(url, {method: 'HEAD'});
  await (await fetch(`${url}/pieces`)).text();
  await logged(lines, 3);
  assert.deepEqual(lines.slice(0, 2), ['1000', '0']);
  assert.ok(Number(lines[2]) >= 2000 && Number(lines[2]) < 2050, String(lines[2]));
});

test('a client that disconnects before its response counts as aborted, and is no longer in flight', async (t) => {
  const {port, lines, counter} = await logging(t, 'json', late);
  const socket = connect(port, '127.0.0.1', () =>
    socket.write('GET /slow HTTP/1.1\r\nhost: x\r\n\r\nGET /two HTTP/1.1\r\nhost: x\r\n\r\n'),
  );
  await until('a request is in flight', () => counter.snapshot().inFlight >= 1, 5);
  socket.destroy();
  await logged(lines, counter.snapshot().inFlight + counter.snapshot().aborted);
  await new Promise((resolve) => void setTimeout(resolve, 500));
  const {aborted, inFlight, answered} = counter.snapshot();
  assert.ok(aborted >= 1);
  assert.deepEqual([inFlight, answered.every((count) => count === 0)], [0, true]);
  assert.equal((JSON.parse(lines[0] ?? '') as {status: number}).status, 499);
});

test('a client that disconnects from a TLS server counts as aborted too', async (t) => {
  const directory = temporaryDirectory();
  const {certificate, key} = makeCertificate(directory, 1);
  const {port, lines, counter} = await logging(
    t,
    'json',
    late,
    false,
    false,
    createSecureServer({cert: certificate, key}, late) as unknown as Server,
  );
  const socket = connectSecurely({port, host: '127.0.0.1', rejectUnauthorized: false}, () =>
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'),
  );
  await until('a request is in flight', () => counter.snapshot().inFlight >= 1, 5);
  socket.destroy();
  await logged(lines, 1);
  const {aborted, inFlight} = counter.snapshot();
  assert.deepEqual([aborted, inFlight], [1, 0]);
});

test('pipelined requests are each counted once, by status class', async (t) => {
  const {port, counter} = await logging(t, 'json', (request, response) => {
    response.statusCode = Number(request.url?.slice(1));
    response.end();
  });
  const socket = connect(port, '127.0.0.1');
  socket.write(['200', '404', '500', '204'].map((status) => `GET /${status} HTTP/1.1\r\nhost: x\r\n\r\n`).join(''));
  let text = '';
  for await (const chunk of socket.setEncoding('latin1')) {
    text += String(chunk);
    if (text.split('HTTP/1.1 ').length === 5) break;
  }
  const {answered, inFlight, latencies} = counter.snapshot();
  assert.deepEqual(answered, [0, 2, 0, 1, 1]);
  assert.equal(inFlight, 0);
  assert.equal(
    latencies.reduce((total, count) => total + count, 0),
    4,
  );
});

test('lines are written in atomic pieces, the rest of a piece when the pipe has room', async () => {
  const written: Buffer[] = [];
  let room = Infinity;
  const buffer = lineBuffer((bytes) => {
    const part = Buffer.from(bytes.subarray(0, Math.min(room, bytes.length)));
    written.push(part);
    return part.length;
  });
  for (let count = 0; count < 100; count += 1) buffer.add('x'.repeat(99));
  assert.ok(written.length > 0 && written.every((piece) => piece.length <= 4096 && piece.toString().endsWith('\n')));
  room = 10;
  buffer.flush();
  room = Infinity;
  await new Promise((resolve) => void setTimeout(resolve, 200));
  assert.equal(Buffer.concat(written).toString(), `${'x'.repeat(99)}\n`.repeat(100));
  buffer.add('last');
  await new Promise((resolve) => void setTimeout(resolve, 200));
  assert.ok(Buffer.concat(written).toString().endsWith('x\nlast\n'), 'written after the delay, without a flush');
});

test('a stopped reader costs lines in the end, not unbounded memory', () => {
  const buffer = lineBuffer(() => 0);
  for (let count = 0; count < 20_000; count += 1) buffer.add('x'.repeat(1023));
  assert.ok(buffer.dropped() > 0 && buffer.dropped() < 10_000, String(buffer.dropped()));
});

import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import {type AddressInfo, connect} from 'node:net';
import {test, type TestContext} from 'node:test';
import {identifyRequests} from '../../../../src/server/records/request-id.ts';

interface Seen {
  readonly id: readonly string[];
  readonly parent: readonly string[];
  readonly state: readonly string[];
}

/** Sends header lines, and returns what a service sees of them: it must be the same in every form of the headers. */
async function seen(t: TestContext, lines: readonly string[], trace = true): Promise<Seen> {
  const found = Promise.withResolvers<Seen>();
  const server = createServer((request, response) => {
    const raw = (name: string): string[] =>
      request.rawHeaders.filter((_, index) => request.rawHeaders[index - 1]?.toLowerCase() === name && index % 2 === 1);
    for (const name of ['x-request-id', 'traceparent', 'tracestate']) {
      assert.deepEqual(request.headersDistinct[name] ?? [], raw(name), name);
      assert.equal(request.headers[name] ?? '', raw(name).join(', '), name);
      assert.equal(headersOf(request.rawHeaders).get(name) ?? '', raw(name).join(', '), name);
    }
    assert.equal(request.headers.host, 'x');
    assert.deepEqual(request.headersDistinct['x-last'], ['y']);
    found.resolve({id: raw('x-request-id'), parent: raw('traceparent'), state: raw('tracestate')});
    response.end();
  });
  identifyRequests(server, {trace});
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.after(() => void server.closeAllConnections());
  t.after(() => void server.close());
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.write(
    `GET / HTTP/1.1\r\nHost: x\r\n${lines.map((line) => `${line}\r\n`).join('')}X-Last: y\r\n\r\n`,
    'latin1',
  );
  return found.promise;
}

function headersOf(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let index = 0; index < raw.length; index += 2) headers.append(raw[index] ?? '', raw[index + 1] ?? '');
  return headers;
}

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const span = '00f067aa0ba902b7';
const valid = `00-${trace}-${span}-01`;

// https://www.w3.org/TR/trace-context/#traceparent-header-field-values
const invalid: Readonly<Record<string, readonly string[]>> = {
  'version ff': [`traceparent: ff-${trace}-${span}-01`],
  'a trace id of zeros': [`traceparent: 00-${'0'.repeat(32)}-${span}-01`],
  'a span id of zeros': [`traceparent: 00-${trace}-${'0'.repeat(16)}-01`],
  'upper case': [`traceparent: 00-${trace.toUpperCase()}-${span}-01`],
  'more fields than version 00 has': [`traceparent: ${valid}-what`],
  'a longer flag': [`traceparent: cc-${trace}-${span}-01.x`],
  'a missing field': [`traceparent: 00-${trace}-${span}`],
  'an empty line': ['traceparent:'],
  'several lines': [`traceparent: ${valid}`, `TraceParent: ${valid}`],
  'several in one line': [`traceparent: ${valid}, ${valid}`],
};

for (const [name, lines] of Object.entries(invalid)) {
  test(`an invalid traceparent is replaced, and its tracestate removed: ${name}`, async (t) => {
    const {id, parent, state} = await seen(t, ['tracestate: a=1', ...lines, 'Tracestate: b=2']);
    assert.equal(parent.length, 1);
    assert.match(parent[0] ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    assert.notEqual(parent[0]?.slice(3, 35), trace);
    assert.deepEqual([id, state], [[parent[0]?.slice(3, 35)], []]);
  });
}

test('a valid traceparent is kept with its tracestate, those of later versions by their prefix', async (t) => {
  for (const parent of [valid, `00-${trace}-${span}-00`, `cc-${trace}-${span}-01`, `cc-${trace}-${span}-01-more`]) {
    const found = await seen(t, [`TraceParent: ${parent}`, 'tracestate: a=1', 'tracestate: b=2']);
    assert.deepEqual(found, {id: [trace], parent: [parent], state: ['a=1', 'b=2']});
  }
});

test('a tracestate without a traceparent is removed', async (t) => {
  assert.deepEqual((await seen(t, ['tracestate: a=1'])).state, []);
});

test("a service's own tracer gets the trace headers unchanged", async (t) => {
  const found = await seen(t, ['traceparent: what', 'tracestate: a=1'], false);
  assert.deepEqual([found.parent, found.state], [['what'], ['a=1']]);
  assert.match(found.id.join(), /^[0-9a-f]{32}$/);
});

test('request ids of balancers are kept', async (t) => {
  for (const id of [
    '7f3c1f6e-93f5-4c5a-8a3b-0a5f3a7e9c11',
    '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    'Root=1-67891233-abcdef012345678912345678;Self=1',
    'dGhpcyBpcyBiYXNlNjQ+/w==',
    'edge/7:42',
    'x'.repeat(128),
  ])
    assert.deepEqual((await seen(t, [`X-Request-ID: ${id}`])).id, [id]);
});

test('a request id that is unsafe to log or to pass on, or one of several, is replaced', async (t) => {
  for (const lines of [
    ['x-request-id: '],
    ['x-request-id: a b'],
    ['x-request-id: a"b'],
    ["x-request-id: a'b"],
    ['x-request-id: a\\b'],
    ['x-request-id: <b>'],
    ['x-request-id: a,b'],
    ['x-request-id: caf\u00e9'],
    [`x-request-id: ${'x'.repeat(129)}`],
    ['x-request-id: one', 'X-Request-Id: two'],
  ]) {
    const {id, parent} = await seen(t, lines);
    assert.equal(id.length, 1, lines.join());
    assert.equal(id[0], parent[0]?.slice(3, 35), lines.join());
  }
});

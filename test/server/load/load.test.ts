import assert from 'node:assert/strict';
import {once} from 'node:events';
import {type AddressInfo, createServer, type Socket} from 'node:net';
import {test, type TestContext} from 'node:test';
import {answerReader} from '../../../bench/server/answer.ts';
import {startLoad} from './under-load.ts';

// Tests the load generator itself: no suite detects a failure that it misses.

const answers = {
  length: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  chunks: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3\r\n0\r\n\r\n0\r\n\r\n',
  none: 'HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n',
};

test('a response is complete at its last byte and not before, however it is split', () => {
  for (const [what, text] of Object.entries(answers)) {
    const reader = answerReader();
    const whole = [...text].map((letter) => reader.read(Buffer.from(letter)));
    assert.deepEqual(whole.indexOf(true), text.length - 1, what);
    assert.equal(reader.kept, true, what);
    assert.equal(reader.read(Buffer.from(text)), true, `${what}, once more on the same connection`);
  }
});

test('a response without a length ends with its connection, one with a length does not', () => {
  const open = answerReader();
  assert.equal(open.read(Buffer.from('HTTP/1.1 200 OK\r\n\r\nhello')), false);
  assert.deepEqual([open.end(), open.status, open.kept], [true, 200, false]);
  const cut = answerReader();
  assert.equal(cut.read(Buffer.from(answers.length.slice(0, -1))), false);
  assert.deepEqual([cut.begun, cut.end()], [true, false]);
});

test('Connection: close, HTTP/1.0 and a body longer than declared end the connection', () => {
  for (const text of [
    'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n',
    `${answers.length}!`,
  ]) {
    const reader = answerReader();
    assert.equal(reader.read(Buffer.from(text)), true);
    assert.equal(reader.kept, false, text);
  }
});

/** The failures of a load against a server that reacts like this to every request. */
async function failuresOf(t: TestContext, happens: (socket: Socket) => void): Promise<readonly string[]> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => happens(socket));
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const load = startLoad({port: (server.address() as AddressInfo).port}, [{count: 1, path: '/', thinkMs: 5}]);
  await new Promise((resolve) => setTimeout(resolve, 150));
  return (await load.stop()).failures;
}

test('a failure describes what happened instead of a response', async (t) => {
  assert.deepEqual(await failuresOf(t, (socket) => socket.write(answers.length)), []);
  assert.match((await failuresOf(t, (socket) => socket.end()))[0] ?? '', /^GET \/ kept: closed without an answer/);
  assert.match(
    (await failuresOf(t, (socket) => socket.end(answers.length.slice(0, -1))))[0] ?? '',
    /closed in the middle of the answer/,
  );
  assert.match((await failuresOf(t, (socket) => socket.resetAndDestroy()))[0] ?? '', /ECONNRESET/);
  assert.match(
    (await failuresOf(t, (socket) => socket.write('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n')))[0] ?? '',
    /status 502/,
  );
});

test('a connection that is closed between two requests is not a failure: the next one opens another', async (t) => {
  assert.deepEqual(await failuresOf(t, (socket) => socket.end(answers.length)), []);
});

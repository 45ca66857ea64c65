import assert from 'node:assert/strict';
import {createServer, type IncomingMessage} from 'node:http';
import {type AddressInfo, connect} from 'node:net';
import {test} from 'node:test';
import {dropForbiddenTrailers, examiner, isHost, refusalOf} from '../../../../src/server/requests/strictness.ts';

const request = (rawHeaders: string[], more: Partial<IncomingMessage> = {}): IncomingMessage =>
  ({httpVersion: '1.1', url: '/', method: 'GET', rawHeaders, ...more}) as IncomingMessage;
const strict = examiner(true);
const status = (rawHeaders: string[], more: Partial<IncomingMessage> = {}): number | undefined =>
  refusalOf(strict(request(rawHeaders, more)))?.status;

test('the length of a body is that declared, -1 if it is chunked, 0 without a body', () => {
  for (const examine of [strict, examiner(false)]) {
    assert.equal(examine(request(['Host', 'a'])), 0);
    assert.equal(examine(request(['Host', 'a', 'content-LENGTH', '12'])), 12);
    assert.equal(examine(request(['Transfer-Encoding', 'Chunked', 'Host', 'a'])), -1);
  }
});

test('a request is refused with the status of what is wrong', () => {
  assert.equal(status(['Host', 'a', 'host', 'a']), 400);
  assert.equal(status(['Host', 'a b']), 400);
  assert.equal(status(['Host', 'a', 'Transfer-Encoding', 'gzip, chunked']), 501);
  assert.equal(status(['Host', 'a', 'Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked']), 501);
  assert.equal(status(['Host', 'a', 'Content-Length', '5', 'Transfer-Encoding', 'chunked']), 400);
  for (const httpVersion of ['0.9', '1.2', '2.0']) assert.equal(status(['Host', 'a'], {httpVersion}), 505);
  assert.equal(status([], {httpVersion: '1.0'}), undefined);
  assert.equal(status(['Host', 'a'], {url: '*'}), 400);
  assert.equal(status(['Host', 'a'], {url: '*', method: 'OPTIONS'}), undefined);
});

test('without strictness nothing is refused', () => {
  const lax = examiner(false);
  assert.equal(lax(request(['Host', 'a b', 'Host', 'c'], {httpVersion: '2.0', url: '*'})), 0);
  assert.equal(lax(request(['Transfer-Encoding', 'gzip, chunked'])), -1);
});

test('a Host is a name or an address with an optional port, and nothing else', () => {
  const valid = [
    '',
    'a',
    'A-b.example',
    'a:',
    'a:80',
    'a_b',
    '127.0.0.1:65535',
    '[::1]',
    '[::1]:80',
    '[v1.x:y]',
    'x%20y',
  ];
  const invalid = [
    'a b',
    'a,b',
    'u@a',
    'u:p@a',
    'a/b',
    'a?b',
    'a#b',
    'a:b',
    'a:65536',
    'a:-1',
    '[::1',
    '::1',
    '[::g]',
  ].concat(['[::1]x', '[fe80::1%eth0]', '[1.2.3.4]', 'a\\b', 'a"b', 'caf\xe9', '%zz', 'http://a', 'a\tb']);
  assert.deepEqual([valid.filter((value) => !isHost(value)), invalid.filter(isHost)], [[], []]);
});

test('trailers that frame, route or authenticate are dropped in every form, others are kept', async () => {
  const seen = Promise.withResolvers<IncomingMessage>();
  const server = createServer((incoming) =>
    incoming.resume().once('end', () => {
      dropForbiddenTrailers(incoming);
      seen.resolve(incoming);
    }),
  );
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write(
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\nHost: b\r\nAuthorization: c\r\nx-sum: 2\r\nIf-Match: d\r\n\r\n',
  );
  const {rawTrailers, trailers, trailersDistinct} = await seen.promise;
  assert.deepEqual(rawTrailers, ['X-Sum', '1', 'x-sum', '2']);
  assert.deepEqual({...trailers}, {'x-sum': '1, 2'});
  assert.deepEqual({...trailersDistinct}, {'x-sum': ['1', '2']});
  client.destroy();
  server.close();
});

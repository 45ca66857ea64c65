import assert from 'node:assert/strict';
import {createServer, type IncomingMessage} from 'node:http';
import {test} from 'node:test';
import {clientAddress, scheme, trustProxies} from '../../../../src/server/requests/forwarded.ts';

/** A request from a peer to a server that trusts these proxies. */
function from(
  peer: string | undefined,
  headers: readonly string[],
  trusted = '127.0.0.1,::1,10.0.0.0/8',
): IncomingMessage {
  const server = createServer();
  trustProxies(server, trusted);
  return {
    rawHeaders: headers,
    socket: {destroyed: false, remoteAddress: peer, localAddress: peer === undefined ? undefined : '10.0.0.1', server},
  } as unknown as IncomingMessage;
}

const clients: readonly (readonly [name: string, request: IncomingMessage, client: string])[] = [
  ['the peer, without a header', from('10.0.0.2', []), '10.0.0.2'],
  ['the peer, if it is not trusted', from('203.0.113.9', ['X-Forwarded-For', '198.51.100.7']), '203.0.113.9'],
  ['the address that a trusted peer states', from('10.0.0.2', ['X-Forwarded-For', '198.51.100.7']), '198.51.100.7'],
  [
    'the right-most untrusted address, not what the client wrote',
    from('10.0.0.2', ['x-forwarded-for', '1.2.3.4, 198.51.100.7 ,10.0.0.3']),
    '198.51.100.7',
  ],
  [
    'of several lines as of one list',
    from('10.0.0.2', ['x-forwarded-for', '1.2.3.4', 'X-Forwarded-For', '198.51.100.7, 10.0.0.3']),
    '198.51.100.7',
  ],
  ['the left-most one if all are trusted', from('10.0.0.2', ['x-forwarded-for', '10.0.0.9, 10.0.0.3']), '10.0.0.9'],
  [
    'the left-most one if everything is trusted',
    from('203.0.113.9', ['x-forwarded-for', '1.2.3.4, 5.6.7.8'], '*'),
    '1.2.3.4',
  ],
  [
    'the last proxy that is known, behind junk',
    from('10.0.0.2', ['x-forwarded-for', '1.2.3.4, unknown, 10.0.0.3']),
    '10.0.0.3',
  ],
  ['without a port', from('10.0.0.2', ['x-forwarded-for', '198.51.100.7:4711']), '198.51.100.7'],
  ['without brackets', from('10.0.0.2', ['x-forwarded-for', '[2001:db8::1]:4711']), '2001:db8::1'],
  ['of an IPv4 peer of an IPv6 socket', from('::ffff:10.0.0.2', ['x-forwarded-for', '198.51.100.7']), '198.51.100.7'],
  ['behind a Unix socket', from(undefined, ['x-forwarded-for', '198.51.100.7']), '198.51.100.7'],
  [
    'of Forwarded',
    from('10.0.0.2', ['Forwarded', 'for=192.0.2.60;proto=https, For="[2001:db8::1]:4711"']),
    '2001:db8::1',
  ],
  [
    'of Forwarded, past trusted proxies',
    from('10.0.0.2', ['Forwarded', 'for=192.0.2.60, for=10.0.0.3;by=10.0.0.2']),
    '192.0.2.60',
  ],
  ['of Forwarded, never hidden names', from('10.0.0.2', ['Forwarded', 'for=_secret']), '10.0.0.2'],
  [
    'of Forwarded, quoted separators included',
    from('10.0.0.2', ['Forwarded', 'for=192.0.2.60;x="a,for=1.2.3.4"']),
    '192.0.2.60',
  ],
  [
    'of X-Forwarded-For if both are there',
    from('10.0.0.2', ['Forwarded', 'for=192.0.2.60', 'X-Forwarded-For', '198.51.100.7']),
    '198.51.100.7',
  ],
  ['an empty address of a closed connection', from('', ['x-forwarded-for', '198.51.100.7']), ''],
  ['nothing else behind a Unix socket with an empty list', from(undefined, ['x-forwarded-for', '1.2.3.4'], ''), ''],
  ['nothing else with an empty list', from('127.0.0.1', ['x-forwarded-for', '198.51.100.7'], ''), '127.0.0.1'],
];

for (const [name, request, client] of clients)
  test(`the client is ${name}`, () => assert.equal(clientAddress(request), client));

test('a request whose socket is gone has no client, and takes one from the caller', () => {
  const request = from('10.0.0.2', ['x-forwarded-for', '198.51.100.7']);
  const {socket} = request;
  Object.assign(request, {socket: null});
  assert.deepEqual([clientAddress(request), scheme(request)], ['', 'http']);
  assert.equal(clientAddress(request, socket), '198.51.100.7');
});

test('the scheme is that of a trusted proxy, else of the connection', () => {
  const of = (peer: string, ...headers: string[]): string => scheme(from(peer, headers));
  assert.equal(of('10.0.0.2'), 'http');
  assert.equal(of('10.0.0.2', 'X-Forwarded-Proto', 'https'), 'https');
  assert.equal(of('203.0.113.9', 'X-Forwarded-Proto', 'https'), 'http');
  assert.equal(of('10.0.0.2', 'X-Forwarded-Proto', 'HTTPS, http'), 'https');
  assert.equal(of('10.0.0.2', 'X-Forwarded-Proto', 'wss'), 'https');
  assert.equal(of('10.0.0.2', 'X-Forwarded-Proto', 'javascript'), 'http');
  assert.equal(of('10.0.0.2', 'Forwarded', 'for=1.2.3.4;proto=https'), 'https');
  const secure = from('10.0.0.2', ['X-Forwarded-Proto', 'http']);
  Object.assign(secure.socket, {encrypted: true});
  assert.equal(scheme(secure), 'http');
  assert.equal(scheme(Object.assign(secure, {rawHeaders: []})), 'https');
});

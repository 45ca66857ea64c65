import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {createServer} from 'node:net';
import {networkInterfaces} from 'node:os';
import {test} from 'node:test';
import {
  canonicalAddress,
  isForeign,
  isTaken,
  parsePlaces,
  placeLines,
  type Places,
  type PlacesQuery,
} from '../../../../../src/deploy/hosts/machine/endpoints.ts';

const ask = (query: PlacesQuery): Places =>
  parsePlaces(execFileSync('sh', ['-c', placeLines(query).join('\n')], {encoding: 'utf8'}));

/** What a machine says of a port while a program listens on it. */
async function whileListening<T>(address: string, body: (port: number, places: Places) => T): Promise<T> {
  const server = createServer().listen(0, address);
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
  const {port} = server.address() as {port: number};
  try {
    return body(port, ask({listen: [{address, port}], addresses: ['10.9.9.9', '2001:db8::9']}));
  } finally {
    server.close();
  }
}
const isLinux = process.platform === 'linux';
const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({family}) => family === 'IPv6'));

test('a machine says where programs listen, and its own addresses', async (t) => {
  if (!isLinux) return t.skip('reads files of Linux');
  await whileListening('127.0.0.1', (port, places) => {
    assert.deepEqual(places.listening, [{address: '127.0.0.1', port}]);
    assert.ok(places.addresses.includes('127.0.0.1'));
    const all = {address: '0.0.0.0', port};
    assert.deepEqual([isTaken(all, places), isTaken({...all, address: '10.9.9.9'}, places)], [true, false]);
    assert.deepEqual([isTaken({...all, port: 1}, places), isForeign('127.0.0.1', places)], [false, false]);
    assert.equal(isForeign('10.9.9.9', places), places.addresses.length > 0 && !places.bindsAny.includes(4));
  });
});

test('a program that listens on all addresses of both versions takes the port of every IPv4 address', async (t) => {
  if (!isLinux || !hasIPv6) return t.skip('needs IPv6');
  await whileListening('::', (port, places) => {
    assert.deepEqual(places.listening, [{address: '::', port}]);
    for (const address of ['0.0.0.0', '127.0.0.1', '10.9.9.9', '::', '::1', '2001:db8::9'])
      assert.ok(isTaken({address, port}, places), address);
  });
  await whileListening('::1', (port, places) => {
    assert.deepEqual(places.listening, [{address: '::1', port}]);
    assert.ok(places.addresses.includes('::1'));
    assert.deepEqual(
      ['::', '0:0::1', '2001:db8::9', '0.0.0.0', '127.0.0.1'].map((address) => isTaken({address, port}, places)),
      [true, true, false, false, false],
    );
  });
});

test('a line of tcp6 is read in the byte order of the machine, and an IPv4 address in it is that of IPv4', () => {
  const places = parsePlaces(
    [
      '   0: B80D0120000000000000000005000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000',
      '   1: 0000000000000000FFFF00000100007F:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000',
      'own 20010db8000000000000000000000005',
      'own fe80000000000000021122fffe334455',
      'binds 0',
      'binds6 1',
    ].join('\n'),
  );
  assert.deepEqual(places, {
    listening: [
      {address: '2001:db8::5', port: 80},
      {address: '127.0.0.1', port: 8080},
    ],
    addresses: ['2001:db8::5', 'fe80::211:22ff:fe33:4455'],
    bindsAny: [6],
  });
});

test('an address of IPv6 that is not the machine’s is foreign, however it is written', () => {
  const places: Places = {listening: [], addresses: ['127.0.0.1', '10.0.0.5', '2001:db8::5'], bindsAny: []};
  assert.equal(isForeign('2001:DB8:0::5', places), false);
  assert.equal(isForeign('2001:db8::6', places), true);
  assert.equal(isForeign('2001:db8::6', {...places, bindsAny: [6]}), false);
  assert.equal(isForeign('2001:db8::6', {...places, bindsAny: [4]}), true);
  for (const never of ['::', '::1', '0.0.0.0', '127.0.0.9', 'h1.example.com'])
    assert.equal(isForeign(never, places), false, never);
  // Not asked, or no Linux.
  assert.equal(isForeign('2001:db8::6', {...places, addresses: []}), false);
});

test('equal addresses of IPv6 are equal texts', () => {
  for (const text of ['2001:db8::5', '2001:DB8::5', '2001:0db8:0:0:0:0:0:5', '2001:db8:0::0:5'])
    assert.equal(canonicalAddress(text), '2001:db8::5');
  assert.deepEqual(['h1', '10.0.0.5', '', 'fe80::1%eth0'].map(canonicalAddress), [
    'h1',
    '10.0.0.5',
    '',
    'fe80::1%eth0',
  ]);
});

import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import net from 'node:net';
import {test, type TestContext} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {fillQueue, queuedConnections} from '../../../../src/server/worker/accept-queue.ts';

const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const line = (local: string, remote: string, state: string, inode: number): string =>
  `  12: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 000000003e0715bc 20 0 0 10 -1`;

test('the table of sockets contains the queue of a port: our own connection, those of clients, and handshakes', () => {
  const table = [
    head,
    line('0100007F:0BB8', '00000000:0000', '0A', 1609),
    line('0100007F:0BB8', '0100007F:9001', '01', 0),
    line('0100007F:9001', '0100007F:0BB8', '01', 77),
    line('0100007F:0BB8', '0100007F:9002', '01', 0),
    line('0100007F:0BB8', '0100007F:9003', '08', 0),
    line('0100007F:0BB8', '0100007F:9004', '01', 78),
    line('0100007F:0BB8', '0100007F:9005', '03', 0),
    line('0100007F:0BB8', '0100007F:9006', '06', 0),
    line('0100007F:0BB9', '0100007F:9007', '01', 0),
    head,
    line('0000000000000000FFFF00000100007F:0BB8', '0000000000000000FFFF00000100007F:9008', '01', 0),
    '',
  ].join('\n');
  assert.deepEqual(queuedConnections({address: '0.0.0.0', port: 3000}, 0x9001, table), {
    own: true,
    others: 3,
    halfOpen: 1,
  });
  assert.deepEqual(queuedConnections({address: '0.0.0.0', port: 3000}, 0x9999, table), {
    own: false,
    others: 4,
    halfOpen: 1,
  });
  assert.deepEqual(queuedConnections({address: '0.0.0.0', port: 3002}, 0x9001, table), {
    own: false,
    others: 0,
    halfOpen: 0,
  });
});

test('connections of other addresses with the same port are in other queues', () => {
  const table = [
    head,
    line('0100007F:0BB8', '0100007F:9001', '01', 0),
    line('0100007F:0BB8', '0100007F:9002', '01', 0),
    line('0200007F:0BB8', '0100007F:9003', '01', 0),
    line('0200007F:0BB8', '0100007F:9004', '03', 0),
  ].join('\n');
  const at = (address: string): unknown => queuedConnections({address, port: 3000}, 0x9001, table);
  assert.deepEqual(at('127.0.0.1'), {own: true, others: 1, halfOpen: 0});
  assert.deepEqual(at('0.0.0.0'), {own: true, others: 2, halfOpen: 1});
});

test('without a table the queue counts as empty', () => {
  assert.deepEqual(queuedConnections({address: '0.0.0.0', port: 3000}, 0x9001, ''), {
    own: true,
    others: 0,
    halfOpen: 0,
  });
});

/** Like a worker's: one of two copies of a listening socket. A process that does not accept holds the other. */
async function copyOfListener(t: TestContext, host: string): Promise<net.Server> {
  const server = net.createServer({pauseOnConnect: true});
  await new Promise<void>((resolve) => void server.listen(0, host, resolve));
  const {
    _handle: {fd},
  } = server as unknown as {readonly _handle: {readonly fd: number}};
  const holder = spawn('sleep', ['60'], {stdio: ['ignore', 'ignore', 'ignore', fd]});
  await once(holder, 'spawn');
  t.after(() => holder.kill());
  return server;
}

async function connects(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  const connected = await Promise.race([once(socket, 'connect').then(() => true), sleep(200, false)]);
  socket.destroy();
  return connected;
}

for (const host of ['127.0.0.1', '0.0.0.0', '::']) {
  test(`${host}: a filled queue holds no client, and no client can connect`, async (t) => {
    const copy = await copyOfListener(t, host);
    const {port} = copy.address() as net.AddressInfo;
    assert.equal(await connects(port), true);
    await sleep(50);
    assert.equal(await fillQueue(copy), 'empty');
    assert.equal(await connects(port), false);
  });
}

test('a client that connects just before the queue is filled is reported', async (t) => {
  const copy = await copyOfListener(t, '127.0.0.1');
  const {port} = copy.address() as net.AddressInfo;
  const client = net.connect(port, '127.0.0.1');
  // Connected, but not accepted: the loop has not turned.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  assert.equal(await fillQueue(copy), 'taken');
  client.destroy();
});

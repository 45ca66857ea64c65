import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {processTree} from '../../../bench/server/processes.ts';
import {until} from '../../support/until.ts';
import {head, rawClient, type RawClient} from './raw-client.ts';
import {answers, kill, startLoad, startServer} from './under-load.ts';

const ask = (path: string): string => head(`GET ${path} HTTP/1.1`, 'Host: service');

/** Kept connections, each with the worker that accepted it. */
async function connections(
  port: number,
  count: number,
): Promise<readonly {readonly client: RawClient; readonly worker: number}[]> {
  const clients = await Promise.all(Array.from({length: count}, () => rawClient(port, ask('/'))));
  return Promise.all(
    clients.map(async (client) => {
      assert.ok(await client.sees(/"pid":\d+/));
      return {client, worker: Number(/"pid":(\d+)/.exec(client.received())?.[1])};
    }),
  );
}

test('kill -9 of a worker loses the connections it had accepted and nothing else; no client hangs, and it is replaced', async () => {
  const server = await startServer('--workers', '2');
  const open = await connections(server.port, 40);
  const victim = open[0]?.worker ?? 0;
  for (const {client} of open) client.send(ask('/slow?ms=700'));
  await sleep(200);
  // New clients must not notice. They start once the victim has exited: it could accept one while it dies.
  kill(victim, 'SIGKILL');
  await until(
    () => `the worker ${victim} is reaped`,
    () => processTree(victim).length === 0,
    2,
  );
  const load = startLoad(server, [
    {count: 10, path: '/', keepAlive: false, thinkMs: 10},
    {count: 5, path: '/echo', body: 'b'.repeat(500), thinkMs: 10},
  ]);
  for (const {client, worker} of open) {
    if (worker === victim) assert.ok(await client.ends(1000), 'a client of the killed worker hangs');
    else
      assert.ok(
        await client.sees(new RegExp(`${worker}$`), 4000),
        `a connection of the living worker: ${client.state()}`,
      );
  }
  await until(
    () => `two workers: ${server.log()}`,
    () => server.workers().length === 2,
    10,
  );
  await sleep(300);
  assert.deepEqual((await load.stop()).failures, []);
});

test('when all workers are killed at once, clients that connect meanwhile wait and are answered; none is refused', async () => {
  const server = await startServer('--workers', '2');
  for (const {pid} of server.workers()) kill(pid, 'SIGKILL');
  await sleep(30);
  const load = startLoad(server, [{count: 10, path: '/', keepAlive: false, thinkMs: 20}]);
  await until(
    () => server.log(),
    () => load.sofar.answered > 50,
    10,
  );
  assert.deepEqual((await load.stop()).failures, []);
});

test('a worker that is stopped (SIGSTOP) is replaced after the timeout, and its clients do not wait forever', async () => {
  const server = await startServer('--workers', '2', '--timeout', '2');
  const open = await connections(server.port, 20);
  const victim = open[0]?.worker ?? 0;
  kill(victim, 'SIGSTOP');
  for (const {client, worker} of open) if (worker === victim) client.send(ask('/'));
  await until(
    () => `${victim} has exited: ${server.log()}`,
    () => processTree(victim).length === 0,
    12,
  );
  for (const {client, worker} of open) if (worker === victim) assert.ok(await client.ends(1000));
  await until(
    () => server.log(),
    () => server.workers().length === 2,
    10,
  );
  assert.ok(await answers(server.port));
});

test('workers exit when their arbiter is killed', async () => {
  const server = await startServer('--workers', '2');
  const pids = server.workers().map(({pid}) => pid);
  const client = await rawClient(server.port, ask('/slow?ms=300'));
  await sleep(100);
  kill(server.pid, 'SIGKILL');
  try {
    await until(
      () => 'the workers have exited',
      () => pids.every((pid) => processTree(pid).length === 0),
      10,
    );
  } finally {
    for (const pid of pids) kill(pid, 'SIGKILL');
  }
  assert.ok(await client.ends(1000));
  assert.equal(await answers(server.port), false);
});

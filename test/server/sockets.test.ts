import assert from 'node:assert/strict';
import {existsSync, renameSync, statSync} from 'node:fs';
import net from 'node:net';
import {networkInterfaces} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {long, longIf} from '../support/long.ts';
import {until} from '../support/until.ts';
import {get, killHard, rawConnection, type RequestOptions, startServer, type TestServer} from './support.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({address}) => address === '::1'));
const needsIpv6 = hasIpv6 ? {} : {skip: 'no IPv6 on this machine'};
const second = hasIpv6 ? '[::1]:0' : '127.0.0.2:0';

/** Where a server listens, as its log says it. */
interface Place extends RequestOptions {
  readonly port: number;
}

async function placesOf(server: TestServer): Promise<readonly Place[]> {
  const {bind} = await server.event('listening');
  return String(bind)
    .split(',')
    .map((text) => {
      const [, host = '', port] = /^\[?([^\]]*?)\]?:(\d+)$/.exec(text) ?? [];
      return port === undefined
        ? {port: 0, socketPath: join(server.directory, text.slice('unix:'.length))}
        : {port: Number(port), host};
    });
}

const ask = (place: Place, path = '/'): ReturnType<typeof get> => get(place.port, path, place);

/** Clients that send one request after the other, each on a new connection, until they are refused. */
function load(places: readonly Place[], perPlace: number): Promise<{answered: number; failures: readonly string[]}> {
  const failures: string[] = [];
  let answered = 0;
  const client = async (place: Place): Promise<void> => {
    for (;;) {
      try {
        await ask(place);
        answered += 1;
      } catch (error) {
        const {code = String(error)} = error as NodeJS.ErrnoException;
        if (code === 'ECONNREFUSED' || (code === 'ENOENT' && place.socketPath !== undefined)) return;
        failures.push(`${place.host ?? place.socketPath}: ${code}`);
      }
    }
  };
  return Promise.all(places.flatMap((place) => Array.from({length: perPlace}, () => client(place)))).then(() => ({
    answered,
    failures,
  }));
}

const binds = ['--bind=unix:app.sock', '-b', '127.0.0.1:0', `-b${second}`];
const computes =
  'export default (request, response) => { const end = Date.now() + 2; while (Date.now() < end); response.end(process.env.PORT); };';

for (const workerClass of ['async', 'sync', 'threads'] as const) {
  test(
    `several addresses are served, and TERM under load loses no request at any of them (${workerClass})`,
    longIf(workerClass === 'sync'),
    async (t) => {
      const flags = ['--workers=2', '--threads=1', '--graceful-timeout=5', `--worker-class=${workerClass}`, ...binds];
      const server = await startServer(t, {module: computes, flags});
      const {bind, port} = await server.event('listening');
      const places = await placesOf(server);
      assert.match(String(bind), new RegExp(`^127\\.0\\.0\\.1:${port},unix:app\\.sock,`));
      for (const place of places) assert.equal((await ask(place)).body, String(port));
      const loaded = load(places, 3);
      await sleep(150);
      server.signal('SIGTERM');
      assert.equal((await server.ended).code, 0);
      const {answered, failures} = await loaded;
      assert.deepEqual(failures, []);
      assert.ok(answered > 0, String(answered));
      assert.equal(existsSync(join(server.directory, 'app.sock')), false);
    },
  );
}

test('reloads and TERM, again and again, lose no request at any of three addresses', long, async (t) => {
  for (const workerClass of ['async', 'sync', 'threads']) {
    for (let time = 0; time < 10; time += 1) {
      const flags = ['--workers=2', '--graceful-timeout=10', `--worker-class=${workerClass}`, ...binds];
      const server = await startServer(t, {module: computes, flags});
      const loaded = load(await placesOf(server), 5);
      for (let reloads = 1; reloads <= 3; reloads += 1) {
        server.signal('SIGHUP');
        await server.event('reloaded', {count: reloads, seconds: 30});
      }
      server.signal('SIGTERM');
      assert.equal((await server.ended).code, 0);
      assert.deepEqual((await loaded).failures, [], `${workerClass}, round ${time}`);
    }
  }
});

for (const dispatch of ['rr', 'reuseport']) {
  test(`--dispatch=${dispatch} serves several addresses`, async (t) => {
    const [one, other] = [await freePort(), await freePort()];
    const flags = [`--dispatch=${dispatch}`, '--workers=2', `-b127.0.0.1:${one}`, `-b127.0.0.1:${other}`, '-bunix:s'];
    const server = await startServer(t, {module: computes, flags: [...flags, '--socket-mode=600']});
    for (const place of await placesOf(server)) assert.equal((await ask(place)).status, 200);
    assert.equal(statSync(join(server.directory, 's')).mode & 0o777, 0o600);
    server.signal('SIGTERM');
    assert.equal((await server.ended).code, 0);
  });
}

test('at the connection limit no address accepts, and afterwards all do', async (t) => {
  const flags = ['--workers=1', '--max-connections=2', ...binds];
  const server = await startServer(t, {module: computes, flags});
  const places = await placesOf(server);
  const held = [await rawConnection(t, server.port), await rawConnection(t, server.port)];
  // Half a request holds a connection.
  for (const connection of held) connection.write('GET / HTTP/1.1\r\n');
  await sleep(100);
  let answered = 0;
  const waiting = places.map(async (place) => {
    const {status} = await ask(place);
    answered += 1;
    return status;
  });
  await sleep(150);
  assert.equal(answered, 0);
  for (const connection of held) connection.destroy();
  assert.deepEqual(await Promise.all(waiting), [200, 200, 200]);
});

test('a service that listens itself is served at all addresses, and its address is the main one', async (t) => {
  const module = `import {createServer} from 'node:http';
    const server = createServer((request, response) => response.end(JSON.stringify(server.address())));
    server.listen({port: Number(process.env.PORT), host: '::', exclusive: true});`;
  const server = await startServer(t, {module, flags: ['--workers=1', ...binds]});
  for (const place of await placesOf(server))
    assert.deepEqual(JSON.parse((await ask(place)).body), {address: '127.0.0.1', family: 'IPv4', port: server.port});
});

test('every address that cannot be bound is named', async (t) => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  t.after(() => taken.close());
  await until('the port is taken', () => taken.listening);
  const {port} = taken.address() as net.AddressInfo;
  const flags = [`-b127.0.0.1:${port}`, '-bunix:none/app.sock', '-b', '192.0.2.1:80', '-b127.0.0.1:0'];
  const server = await startServer(t, {module: computes, flags, listening: false});
  assert.equal((await server.ended).code, 69);
  const {message} = await server.event('not_listening');
  assert.deepEqual(String(message).split('; '), [
    `cannot listen on 127.0.0.1:${port}: address already in use`,
    'cannot listen on unix:none/app.sock: its directory does not exist',
    'cannot listen on 192.0.2.1:80: no interface of this machine has that address',
  ]);
});

test('[::] serves both families, and leaves IPv4 to another address with the same port', needsIpv6, async (t) => {
  const both = await startServer(t, {module: computes, flags: ['--workers=1', '--host=[::]', '--port=0']});
  for (const host of ['127.0.0.1', '::1']) assert.equal((await get(both.port, '/', {host})).body, String(both.port));
  const port = await freePort();
  const inspector = await freePort();
  const flags = [
    '--workers=1',
    `-b[::]:${port}`,
    `-b127.0.0.1:${port}`,
    '--admin-bind=[::1]:0',
    '--inspect',
    `--inspect-bind=[::1]:${inspector}`,
  ];
  const apart = await startServer(t, {module: computes, flags});
  for (const host of ['127.0.0.1', '::1']) assert.equal((await get(port, '/', {host})).body, String(port));
  const admin = String((await apart.event('admin_listening'))['bind']);
  assert.ok(apart.output().includes(`ws://[::1]:${inspector}/`), apart.output());
  assert.equal((await get(Number(/^\[::1\]:(\d+)$/.exec(admin)?.[1]), '/readyz', {host: '::1'})).status, 200);
});

test('a Unix socket has its mode, also that of the admin listener; both files go at the end, but not those of a successor', async (t) => {
  const flags = ['--workers=1', '--bind=unix:app.sock', '--admin-bind=unix:admin.sock', '--socket-mode=600'];
  const server = await startServer(t, {module: computes, flags});
  const [app, admin] = [join(server.directory, 'app.sock'), join(server.directory, 'admin.sock')];
  for (const path of [app, admin]) assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal((await get(0, '/readyz', {socketPath: admin})).status, 200);
  // Another server takes the place of this one.
  renameSync(app, join(server.directory, 'old.sock'));
  const successor = net.createServer((socket) => socket.end()).listen(app);
  t.after(() => successor.close());
  await until('the successor listens', () => successor.listening);
  server.signal('SIGTERM');
  assert.equal((await server.ended).code, 0);
  assert.deepEqual([existsSync(app), existsSync(admin)], [true, false]);
});

test('a worker keeps its number in ENTRYPOINT_WORKER: after a crash, a reload, and with fewer workers', async (t) => {
  const module =
    'export default (request, response) => response.end(`${process.env.ENTRYPOINT_WORKER} ${process.pid}`);';
  const server = await startServer(t, {module, flags: ['--workers=2', '--backlog=64']});
  await server.event('worker_ready', {count: 2});
  const numbers = new Map<number, number>();
  const found = async (): Promise<string> => {
    numbers.clear();
    for (let left = 40; left > 0; left -= 1) {
      const [number, pid] = (await server.get('/')).body.split(' ').map(Number);
      numbers.set(pid ?? 0, number ?? -1);
    }
    return [...numbers.values()].sort((one, other) => one - other).join(' ');
  };
  const becomes = (wanted: string): Promise<void> =>
    until(`the numbers are ${wanted}`, async () => (await found()) === wanted);
  await becomes('0 1');
  killHard([...numbers].find(([, number]) => number === 0)?.[0] ?? 0);
  await server.event('worker_ready', {count: 3});
  await becomes('0 1');
  server.signal('SIGHUP');
  await server.event('reloaded');
  await becomes('0 1');
  server.signal('SIGTTOU');
  await becomes('0');
  server.signal('SIGTTIN');
  await becomes('0 1');
});

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const {port} = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

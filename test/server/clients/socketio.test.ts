import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {before, test, type TestContext} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {frameworks, installFrameworks, withFrameworks} from '../../support/frameworks.ts';
import {all, long} from '../../support/long.ts';
import {needs} from '../../support/program.ts';
import {until} from '../../support/until.ts';
import {startServer, type TestServer} from '../support.ts';
import {startHaproxy} from './haproxy.ts';

// What docs/server.md says of sticky sessions.

const module = withFrameworks(readFileSync(join(import.meta.dirname, 'fixtures/socketio.cjs'), 'utf8'));

/** The part of socket.io-client that is used here. */
interface Socket {
  readonly connected: boolean;
  timeout(milliseconds: number): {emitWithAck(event: string, text: string): Promise<string>};
  on(event: string, listener: (error: Error) => void): void;
  disconnect(): void;
}

before(() => {
  if (all) installFrameworks();
});

function connectTo(t: TestContext, port: number, options: object): Socket {
  const {io} = createRequire(`${frameworks}/`)('socket.io-client') as {io: (url: string, options: object) => Socket};
  const socket = io(`http://127.0.0.1:${port}`, {
    forceNew: true,
    reconnectionDelay: 50,
    reconnectionDelayMax: 100,
    ...options,
  });
  t.after(() => socket.disconnect());
  return socket;
}

const start = (t: TestContext, workerClass: string, workers: number, transports?: string): Promise<TestServer> =>
  startServer(t, {
    file: 'service.cjs',
    module,
    env: transports === undefined ? {} : {TRANSPORTS: transports},
    flags: [`--workers=${workers}`, `--worker-class=${workerClass}`, '--threads=1'],
  });

const ask = (socket: Socket, text: string): Promise<string> => socket.timeout(3000).emitWithAck('ask', text);

for (const workerClass of ['async', 'threads'])
  test(
    `socket.io, ${workerClass}: with websockets only, any number of workers serves it, over reloads as well`,
    long,
    async (t) => {
      const server = await start(t, workerClass, 4, 'websocket');
      await server.event('worker_ready', {count: 4});
      const sockets = Array.from({length: 20}, () => connectTo(t, server.port, {transports: ['websocket']}));
      const allConnected = (): boolean => sockets.every(({connected}) => connected);
      await until('all are connected', allConnected);
      const answers = await Promise.all(sockets.map((socket) => ask(socket, 'hello')));
      assert.ok(answers.every((answer) => answer.startsWith('hello by ')));
      for (let count = 1; count <= 2; count += 1) {
        server.signal('SIGHUP');
        await server.event('reloaded', {count, seconds: 30});
        await sleep(500);
        await until('all are connected again', allConnected);
        const again = await Promise.all(sockets.map((socket) => ask(socket, 'again')));
        assert.ok(again.every((answer) => answer.startsWith('again by ')));
      }
    },
  );

test(
  'socket.io: polling needs one worker, or sessions that stick; several workers refuse unknown sessions',
  long,
  async (t) => {
    const alone = await start(t, 'async', 1);
    const socket = connectTo(t, alone.port, {transports: ['polling']});
    await until('it is connected', () => socket.connected);
    assert.match(await ask(socket, 'alone'), /^alone by /);
    const several = await start(t, 'async', 4);
    await several.event('worker_ready', {count: 4});
    let refused = 0;
    for (let count = 0; count < 20; count += 1) {
      // Each on a connection of its own, as those of a browser and of a balancer are.
      const opened = await several.get('/socket.io/?EIO=4&transport=polling');
      const {sid} = JSON.parse(opened.body.slice(1)) as {sid: string};
      const next = await several.get(`/socket.io/?EIO=4&transport=polling&sid=${sid}`, {method: 'POST', body: '40'});
      if (next.status === 400) refused += 1;
    }
    assert.ok(refused > 0, 'documented as a limit: if sessions stick now, say so in docs/server.md');
  },
);

test(
  "socket.io: behind a balancer's cookie, containers of one worker serve polling as well",
  needs('haproxy'),
  async (t) => {
    const servers = await Promise.all([start(t, 'async', 1), start(t, 'async', 1), start(t, 'async', 1)]);
    const port = await startHaproxy(t, {
      backend: [
        'balance roundrobin',
        'cookie SERVED_BY insert indirect nocache',
        ...servers.map((server, index) => `server s${index} 127.0.0.1:${server.port} cookie s${index}`),
      ].join('\n    '),
    });
    const sockets = Array.from({length: 9}, () =>
      connectTo(t, port, {transports: ['polling', 'websocket'], withCredentials: true}),
    );
    await until('all are connected', () => sockets.every(({connected}) => connected));
    const answers = await Promise.all(sockets.map((socket) => ask(socket, 'hello')));
    assert.equal(new Set(answers).size, 3, 'all three servers have clients');
  },
);

import assert from 'node:assert/strict';
import {rmSync, writeFileSync} from 'node:fs';
import {Agent} from 'node:http';
import {join} from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {until} from '../support/until.ts';
import {isAlive, startServer} from './support.ts';

const pidService = 'export default (request, response) => response.end(String(process.pid));';

test('a service that does not boot ends the server with 3 and logs its error once', async (t) => {
  const server = await startServer(t, {
    module: 'throw new Error("the database is missing");',
    flags: ['--workers=2'],
    listening: false,
  });
  assert.deepEqual(await server.ended, {code: 3, signal: null});
  const failed = server.log().filter(({event}) => event === 'worker_failed');
  assert.equal(failed.length, 1, server.output());
  assert.equal(failed[0]?.['message'], 'the database is missing');
  assert.match(String(failed[0]?.['stack']), /service\.mjs:1/);
  assert.doesNotMatch(server.output(), /dist\/|worker\.js/);
});

test('a service that exits while it loads ends the server with 3; a syntax error is logged with its line', async (t) => {
  const exits = await startServer(t, {module: 'process.exit(7);', listening: false});
  assert.equal((await exits.ended).code, 3);
  assert.match(exits.output(), /exited with code 7 before it was ready/);
  const wrong = await startServer(t, {module: 'export default (;', listening: false});
  assert.equal((await wrong.ended).code, 3);
  assert.match(wrong.output(), /service\.mjs:1/);
});

test('a module that cannot be served ends the server with 65; the message lists what can', async (t) => {
  const config = await startServer(t, {module: 'export default {port: 1};', listening: false});
  assert.equal((await config.ended).code, 65);
  assert.match(config.output(), /is not a handler.*fetch/s);
  const nothing = await startServer(t, {module: 'export const x = 1;', listening: false});
  assert.equal((await nothing.ended).code, 65);
  assert.match(nothing.output(), /does not listen/);
});

test('a port that is in use ends the server with 69', async (t) => {
  const first = await startServer(t, {module: pidService, flags: ['--workers=1']});
  for (const dispatch of ['shared', 'rr']) {
    const second = await startServer(t, {
      module: pidService,
      flags: [`--bind=127.0.0.1:${first.port}`, `--dispatch=${dispatch}`],
      listening: false,
    });
    assert.equal((await second.ended).code, 69, second.output());
    assert.match(second.output(), new RegExp(`cannot listen on 127.0.0.1:${first.port}: address already in use`));
  }
});

test('a killed worker is replaced at once, and new connections wait for its replacement', async (t) => {
  const server = await startServer(t, {module: pidService, flags: ['--workers=1']});
  const [worker = 0] = server.workers();
  process.kill(worker, 'SIGKILL');
  await until('the worker has exited', () => !isAlive(worker));
  const answer = await server.get('/');
  assert.notEqual(answer.body, String(worker));
  assert.equal((await server.event('worker_exited'))['signal'], 'SIGKILL');
});

test('workers that crash after they booted are restarted, with a longer delay each time', async (t) => {
  const server = await startServer(t, {
    module: `setTimeout(() => { throw new Error("later"); }, 50); ${pidService}`,
    flags: ['--workers=1'],
  });
  await server.event('crash_loop', {seconds: 30});
  const waits = server
    .log()
    .filter(({event}) => event === 'worker_exited')
    .map(({wait_seconds: wait}) => wait);
  assert.deepEqual(waits.slice(0, 5), [0, 0.1, 0.2, 0.4, 0.8]);
  assert.ok(isAlive(server.pid));
});

test('a worker is recycled after max-requests, within the jitter, and no request fails', async (t) => {
  const server = await startServer(t, {
    module: pidService,
    flags: ['--workers=1', '--max-requests=20', '--max-requests-jitter=10'],
  });
  const agent = new Agent({keepAlive: true, maxSockets: 1});
  t.after(() => agent.destroy());
  const answers = new Map<string, number>();
  for (let count = 0; count < 150; count += 1) {
    const {body} = await server.get('/', {agent});
    answers.set(body, (answers.get(body) ?? 0) + 1);
    await sleep(5);
  }
  assert.ok(answers.size >= 3, JSON.stringify([...answers]));
  assert.ok(
    server.log().filter(({event, reason}) => event === 'worker_exited' && reason === 'max-requests').length >= 1,
  );
});

test('a worker that exceeds max-rss is recycled', async (t) => {
  const server = await startServer(t, {
    module:
      'const kept = []; export default (request, response) => { if (request.url === "/grow") kept.push(Buffer.alloc(200e6, 1)); response.end(String(process.pid)); };',
    flags: ['--workers=1', '--max-rss=200'],
  });
  const {body} = await server.get('/grow');
  await until('the worker is replaced', async () => (await server.get('/')).body !== body);
  assert.equal((await server.event('worker_exited'))['reason'], 'max-rss');
});

test('a worker whose event loop is blocked for the timeout is replaced, and its stack is logged', async (t) => {
  const server = await startServer(t, {
    module:
      'function compute() { for (;;); }\nexport default (request, response) => { if (request.url === "/stuck") compute(); response.end("ok"); };',
    flags: ['--workers=1', '--timeout=1'],
  });
  const lost = server.get('/stuck').catch((error: NodeJS.ErrnoException) => error.code);
  const stuck = await server.event('worker_stuck', {seconds: 15});
  assert.match(String(stuck['stack']), /at compute \(.*service\.mjs:1:/);
  assert.equal(await lost, 'ECONNRESET');
  assert.equal((await server.get('/')).body, 'ok');
});

test('a stopped worker process is killed and replaced by the arbiter', async (t) => {
  const server = await startServer(t, {module: pidService, flags: ['--workers=1', '--timeout=1']});
  const [worker = 0] = server.workers();
  process.kill(worker, 'SIGSTOP');
  await server.event('worker_stuck', {seconds: 15});
  await until('the worker has exited', () => !isAlive(worker));
  assert.match((await server.get('/')).body, /^\d+$/);
});

test('a worker that no longer boots is retried while others serve; when none is left, the server ends with 3', async (t) => {
  const module =
    'import {existsSync} from "node:fs"; if (existsSync("broken")) throw new Error("no database"); export default (request, response) => response.end("ok");';
  const server = await startServer(t, {module, flags: ['--workers=3']});
  await server.event('worker_ready', {count: 3});
  writeFileSync(join(server.directory, 'broken'), '');
  process.kill(server.workers()[0] ?? 0, 'SIGKILL');
  await server.event('worker_failed', {count: 4});
  assert.equal((await server.get('/')).body, 'ok');
  assert.ok(server.workers().length <= 3, String(server.workers()));
  rmSync(join(server.directory, 'broken'));
  await server.event('worker_ready', {count: 4});
  await until('all workers are back', () => server.workers().length === 3);
  writeFileSync(join(server.directory, 'broken'), '');
  for (const worker of server.workers()) process.kill(worker, 'SIGKILL');
  assert.equal((await server.ended).code, 3);
});

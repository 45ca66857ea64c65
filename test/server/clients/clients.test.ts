import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {connect} from 'node:net';
import {join} from 'node:path';
import {before, test, type TestContext} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {promisify} from 'node:util';
import {directoryWith} from '../../support/directory.ts';
import {frameworks, installFrameworks} from '../../support/frameworks.ts';
import {all, long} from '../../support/long.ts';
import {needs} from '../../support/program.ts';
import {until} from '../../support/until.ts';
import {startServer, type TestServer} from '../support.ts';
import {startHaproxy} from './haproxy.ts';

const execute = promisify(execFile);
const fixture = (name: string): string => join(import.meta.dirname, 'fixtures', name);
const module = readFileSync(fixture('service.mjs'), 'utf8');
const classes = ['async', 'sync', 'threads'] as const;

before(() => {
  if (all) installFrameworks();
});

const start = (t: TestContext, workerClass: string, ...flags: readonly string[]): Promise<TestServer> =>
  startServer(t, {module, flags: ['--workers=2', `--worker-class=${workerClass}`, '--threads=2', ...flags]});

/** Output of a program. @throws with its standard error when it fails */
const run = async (program: string, ...words: readonly string[]): Promise<string> =>
  (await execute(program, words, {maxBuffer: 1e8, timeout: 60_000})).stdout;

const curl = (...words: readonly string[]): Promise<string> =>
  run('curl', '--silent', '--show-error', '--max-time', '10', '--write-out', ' %{http_code}', ...words);

interface Pool {
  request(options: {path: string; method: string; body: string}): Promise<{readonly body: {text(): Promise<string>}}>;
  destroy(): Promise<void>;
}

for (const workerClass of classes) {
  test(`curl, ${workerClass}: bodies, versions, upgrades, 100-continue and early answers`, needs('curl'), async (t) => {
    const server = await start(t, workerClass);
    const url = `http://127.0.0.1:${server.port}`;
    const file = join(directoryWith({upload: 'u'.repeat(3_000_000)}), 'upload');
    assert.match(await curl(`${url}/`), /^pid \d+ 200$/);
    assert.match(await curl('--http1.0', `${url}/`), /^pid \d+ 200$/);
    assert.match(await curl('--http2', `${url}/`), /^pid \d+ 200$/, 'Upgrade: h2c');
    assert.equal(await curl('--http2', '--data', 'hello', `${url}/echo`), '5 bytes by POST 200');
    assert.match(await curl('--head', `${url}/`), /^HTTP\/1\.1 200 OK[\s\S]* 200$/);
    assert.equal(await curl('--data-binary', `@${file}`, `${url}/echo`), '3000000 bytes by POST 200', '100-continue');
    assert.equal(await curl('--upload-file', file, `${url}/echo`), '3000000 bytes by PUT 200');
    assert.equal(
      await curl('--header', 'Transfer-Encoding: chunked', '--upload-file', file, `${url}/echo`),
      '3000000 bytes by PUT 200',
    );
    assert.equal(await curl('--upload-file', file, `${url}/early`), 'not wanted 403');
    assert.equal(await curl('--header', 'Expect:', '--upload-file', file, `${url}/early`), 'not wanted 403');
    assert.match(await curl('--compressed', `${url}/`, `${url}/`), /^pid \d+ 200pid \d+ 200$/);
  });

  test(`Node's fetch and a pool of undici, ${workerClass}: no request fails over 5 reloads`, long, async (t) => {
    const server = await start(t, workerClass);
    const {Pool} = createRequire(`${frameworks}/`)('undici') as {
      readonly Pool: new (origin: string, options: {connections: number}) => Pool;
    };
    const pool = new Pool(`http://127.0.0.1:${server.port}`, {connections: 4});
    t.after(() => pool.destroy());
    const reloading = new AbortController();
    let answered = 0;
    const failures: string[] = [];
    const client = async (ask: (count: number) => Promise<string>): Promise<void> => {
      for (let count = 0; !reloading.signal.aborted; count += 1) {
        try {
          assert.match(await ask(count), /^(?:pid|\d+ bytes)/);
          answered += 1;
        } catch (error) {
          failures.push(`${String(error)} ${String((error as Error).cause ?? '')}`);
        }
        await sleep(Math.random() * 10);
      }
    };
    const url = `http://127.0.0.1:${server.port}`;
    const clients = [
      ...Array.from({length: 6}, () => client(async () => (await fetch(`${url}/slow`)).text())),
      ...Array.from({length: 6}, () =>
        client(async () => (await fetch(`${url}/echo`, {method: 'POST', body: 'hello'})).text()),
      ),
      ...Array.from({length: 6}, () =>
        client(async () => (await pool.request({path: '/echo', method: 'POST', body: 'hello'})).body.text()),
      ),
    ];
    for (let count = 1; count <= 5; count += 1) {
      await sleep(500);
      server.signal('SIGHUP');
      await server.event('reloaded', {count, seconds: 30});
    }
    reloading.abort();
    await Promise.all(clients);
    assert.deepEqual(failures, []);
    assert.ok(answered > 200, `${answered} were answered`);
  });

  test(`Java's HttpClient, ${workerClass}: its Upgrade to h2c is ignored`, needs('java', 'javac'), async (t) => {
    const server = await start(t, workerClass);
    assert.equal(await run('java', fixture('Client.java'), String(server.port), '20'), 'right: 280\n');
  });

  test(`ab with keep-alive, ${workerClass}: HTTP/1.0 is answered completely`, needs('ab'), async (t) => {
    const server = await start(t, workerClass);
    const output = await run('ab', '-q', '-k', '-n', '2000', '-c', '20', `http://127.0.0.1:${server.port}/`);
    assert.match(output, /Complete requests: +2000\n/);
    assert.doesNotMatch(output, /Non-2xx responses/);
    // The number of a process has not always the same length.
    assert.match(output, /Failed requests: +0\n|\(Connect: 0, Receive: 0, Length: \d+, Exceptions: 0\)/);
  });

  test(
    `HAProxy's plain httpchk, ${workerClass}: OPTIONS in HTTP/1.0 without Host is answered`,
    needs('haproxy'),
    async (t) => {
      const server = await start(t, workerClass);
      const socket = join(directoryWith({}), 'admin.sock');
      await startHaproxy(t, {
        global: `stats socket ${socket} mode 600 level admin`,
        backend: `option httpchk\n    server one 127.0.0.1:${server.port} check inter 200ms fall 1 rise 1`,
      });
      const status = (): Promise<string> =>
        new Promise((resolve, reject) => {
          let text = '';
          const client = connect(socket, () => void client.write('show stat\n'));
          client.setEncoding('utf8').on('data', (more: string) => (text += more));
          client.once('end', () => resolve(text.split('\n').find((line) => line.startsWith('service,one,')) ?? ''));
          client.once('error', reject);
        });
      await until('HAProxy has checked the server', async () => /,L7\w+,/.test(await status()), 5, 100);
      for (let count = 0; count < 5; count += 1) {
        assert.match(await status(), /,UP,.*,L7OK,200,/);
        await sleep(200);
      }
    },
  );
}

// It pipelines nothing in HTTP/1.1 and does not open a connection again that was closed: so not `sync`.
for (const workerClass of ['async', 'threads'])
  test(`h2load in HTTP/1.1 mode, ${workerClass}: every request succeeds`, needs('h2load'), async (t) => {
    const server = await start(t, workerClass);
    const output = await run('h2load', '--h1', '-n', '5000', '-c', '20', `http://127.0.0.1:${server.port}/`);
    assert.match(output, /5000 done, 5000 succeeded, 0 failed, 0 errored, 0 timeout/);
  });

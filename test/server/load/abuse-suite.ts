import assert from 'node:assert/strict';
import {afterEach, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {until} from '../../support/until.ts';
import {type AbuseCase, badChunks, notHttp, smuggling} from './abuse-cases.ts';
import {randomNumbers, seed} from './random.ts';
import {head, rawClient, type RawClient, statuses, upgrade} from './raw-client.ts';
import {all, answers, descriptors, startLoad, startServer} from './under-load.ts';

const maxBodySize = 100_000;
const idle = all ? 10_000 : 1000;
// The well-behaved clients open and close connections meanwhile.
const slack = 12;

const get = (path: string): string => head(`GET ${path} HTTP/1.1`, 'Host: service');
const post = (...headers: readonly string[]): string => head('POST /echo HTTP/1.1', 'Host: service', ...headers);
const at =
  (bytes: string, milliseconds = 50) =>
  async (client: RawClient): Promise<void> => {
    client.send(bytes);
    await sleep(milliseconds);
  };

/** Every third idle connection has sent a request. */
const asked = (index: number): boolean => (index % 100) % 3 === 2;

/** Declares the tests: input that a server must reject, and behaviour that must not affect it or its other clients. */
export async function abuse(kind: 'async' | 'sync' | 'threads'): Promise<void> {
  const server = await startServer(
    '--workers',
    '2',
    '--worker-class',
    kind,
    '--headers-timeout',
    '2',
    '--request-timeout',
    '4',
    '--keep-alive',
    '2',
    '--max-body-size',
    String(maxBodySize),
    '--access-log',
  );
  /** Well-behaved clients, which must not notice anything. */
  const load = startLoad(server, [
    {count: 4, path: '/', thinkMs: 50},
    {count: 2, path: '/echo', body: 'b'.repeat(5000), thinkMs: 50},
    {count: 2, path: '/', keepAlive: false, thinkMs: 50},
  ]);
  await sleep(1500);
  const atFirst = server.workers().map(({pid}) => ({pid, open: descriptors(pid)}));

  afterEach(async () => {
    assert.deepEqual(
      server.workers().map(({pid}) => pid),
      atFirst.map(({pid}) => pid),
      `the workers are the same: ${server.log().slice(-3000)}`,
    );
    await until(
      () =>
        `no connection is left over: ${JSON.stringify(atFirst)}, now ${server
          .workers()
          .map(({pid}) => descriptors(pid))
          .join(', ')}`,
      () => atFirst.every(({pid, open}) => descriptors(pid) <= open + slack),
      10,
    );
    assert.deepEqual(load.sofar.failures, []);
  });

  /** Sends the bytes. The server must reject them (4xx, 5xx or no response), close, and execute no hidden request. */
  async function mustReject({name, bytes}: AbuseCase): Promise<readonly string[]> {
    const client = await rawClient(server.port, bytes);
    const ended = await client.ends(5000);
    client.socket.destroy();
    const [first] = statuses(client.received());
    return [
      ...(ended ? [] : [`${name}: the connection stays open`]),
      ...(first === undefined || first >= 400 ? [] : [`${name}: answered ${client.received().slice(0, 200)}`]),
      ...(client.received().includes('smuggled') ? [`${name}: the hidden request was answered`] : []),
    ];
  }

  for (const [what, cases] of Object.entries({
    'a body whose length can be read in two ways': smuggling,
    'a bad chunk': badChunks,
    'input that is not HTTP': notHttp,
  })) {
    test(`${what} is rejected, and the connection closed (${cases.length} cases)`, async () => {
      const wrong = await Promise.all(cases.map(mustReject));
      assert.deepEqual(wrong.flat(), []);
      const response = await fetch(`http://127.0.0.1:${server.port}/`);
      assert.equal(((await response.json()) as {smuggled: number}).smuggled, 0);
    });
  }

  /** The status of the response. With a rejection, the connection must be closed too. */
  async function firstStatus(...pieces: readonly string[]): Promise<number | undefined> {
    const client = await rawClient(server.port);
    for (const piece of pieces) client.send(piece);
    await client.sees(/HTTP\/1\.1 [2-5]\d\d /, 4000);
    const status = statuses(client.received()).find((each) => each !== 100);
    if (status !== 200) assert.ok(await client.ends(4000), `after ${status} the connection stays open`);
    if (status === 413)
      assert.doesNotMatch(client.received(), /100 Continue/, 'asked for the body before it rejected it');
    client.socket.destroy();
    return status;
  }

  test('headers that are too large get 431, a body that is too large 413, and one at the limit is served', async () => {
    const chunk = `${(10_000).toString(16)}\r\n${'c'.repeat(10_000)}\r\n`;
    assert.equal(await firstStatus(head('GET / HTTP/1.1', 'Host: service', `X: ${'y'.repeat(20_000)}`)), 431);
    assert.equal(await firstStatus(post(`Content-Length: ${maxBodySize}`), 'b'.repeat(maxBodySize)), 200);
    assert.equal(await firstStatus(post('Transfer-Encoding: chunked'), chunk.repeat(10), '0\r\n\r\n'), 200);
    assert.equal(await firstStatus(post(`Content-Length: ${maxBodySize + 1}`)), 413);
    assert.equal(await firstStatus(post(`Content-Length: ${maxBodySize + 1}`, 'Expect: 100-continue')), 413);
    assert.equal(await firstStatus(post('Transfer-Encoding: chunked'), chunk.repeat(11), '0\r\n\r\n'), 413);
    assert.equal(await firstStatus(post('Transfer-Encoding: chunked'), ...Array.from({length: 50}, () => chunk)), 413);
    // Even if the service does not read the body.
    assert.equal(await firstStatus(head('POST /ignore HTTP/1.1', 'Host: service', 'Content-Length: 1000000000')), 413);
  });

  test('invalid bytes after a valid request close the connection, and at most the first request is answered', async () => {
    for (const rest of ['garbage\r\n\r\n', '\0\0\0\0', head('GET / HTTP/1.1'), `${post('Content-Length: x')}`]) {
      const client = await rawClient(server.port, get('/') + rest);
      assert.ok(await client.ends(5000), JSON.stringify(rest));
      assert.match(String(statuses(client.received())), /^(200|400|200,400)$/, client.received());
    }
  });

  // A sync worker closes the connection after each response.
  if (kind !== 'sync')
    test('500 pipelined requests are answered in order', async () => {
      const client = await rawClient(
        server.port,
        Array.from({length: 500}, (_, index) =>
          head(index % 50 === 7 ? 'GET /slow?ms=20 HTTP/1.1' : 'GET / HTTP/1.1', 'Host: service'),
        ).join(''),
      );
      await until(
        () => `${statuses(client.received()).length} responses`,
        () => statuses(client.received()).length === 500,
        10,
      );
      assert.ok(statuses(client.received()).every((status) => status === 200));
      client.socket.destroy();
    });

  test('a client that sends nothing, half a head, half a body, or a byte now and then is disconnected at the limit', async () => {
    const upload = post('Content-Length: 1000');
    const begun = performance.now();
    const clients = await Promise.all(
      [undefined, 'G', 'GET / HTTP/1.1\r\nHost: ser', upload, `${upload}half`].flatMap((bytes) =>
        Array.from({length: 10}, () => rawClient(server.port, bytes)),
      ),
    );
    const slow = await Promise.all(
      Array.from({length: 10}, () => rawClient(server.port, 'GET / HTTP/1.1\r\nHost: service\r\nX: ')),
    );
    const drip = setInterval(() => {
      for (const client of slow) if (client.state() === 'open') client.send('y');
    }, 100);
    try {
      for (const client of [...clients, ...slow])
        assert.ok(await client.ends(10_000 - (performance.now() - begun)), client.received());
    } finally {
      clearInterval(drip);
    }
  });

  test('clients that reset the connection at any moment leave nothing behind', async () => {
    const moments: readonly ((client: RawClient) => Promise<void>)[] = [
      async () => {},
      at('GET /'),
      at('GET / HTTP/1.1\r\nHost: '),
      at(get('/'), 0),
      at(get('/')),
      at(get('/slow?ms=500')),
      at(get('/stream')),
      at(get('/').repeat(50), 0),
      at(get('/slow?ms=100').repeat(5), 20),
      at(post('Content-Length: 1000')),
      at(`${post('Content-Length: 1000')}half`),
      at(`${post('Transfer-Encoding: chunked')}ff\r\nha`),
      at(upgrade),
      at(upgrade, 0),
      async (client) => {
        client.socket.pause();
        await at(get('/big').repeat(5), 100)(client);
      },
    ];
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(
        moments.flatMap((moment) =>
          Array.from({length: 5}, async () => {
            const client = await rawClient(server.port);
            await moment(client);
            client.reset();
          }),
        ),
      );
    }
  });

  test('randomly corrupted requests kill no worker', async (context) => {
    context.diagnostic(`ENTRYPOINT_TEST_SEED=${seed}`);
    const random = randomNumbers(seed);
    const good = [
      get('/'),
      `${post('Content-Length: 5')}hello`,
      upgrade,
      `${post('Transfer-Encoding: chunked', 'Expect: 100-continue')}5\r\nhello\r\n0\r\n\r\n`,
    ];
    const corrupt = (text: string): Buffer => {
      const bytes = Buffer.from(text);
      for (let left = 1 + Math.floor(random() * 4); left > 0; left -= 1)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      return random() < 0.3 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes;
    };
    for (let left = all ? 200 : 20; left > 0; left -= 1) {
      await Promise.all(
        Array.from({length: 50}, async () => {
          const client = await rawClient(
            server.port,
            Buffer.concat(
              Array.from({length: 1 + Math.floor(random() * 3)}, () =>
                corrupt(good[Math.floor(random() * good.length)] ?? ''),
              ),
            ),
          );
          await client.ends(Math.floor(random() * 150));
          client.socket.destroy();
        }),
      );
    }
  });

  test('meanwhile, every request of well-behaved clients was answered', async () => {
    const {answered, failures} = await load.stop();
    assert.deepEqual(failures, []);
    assert.ok(answered > 100, `${answered} were answered`);
  });

  test('no input corrupted the log: each line is one JSON object', () => {
    // The last line can be incomplete.
    const lines = server.log().split('\n').slice(0, -1);
    assert.deepEqual(
      lines.filter((line) => {
        try {
          return typeof JSON.parse(line) !== 'object';
        } catch {
          return true;
        }
      }),
      [],
    );
    assert.ok(lines.length > 100);
  });

  // With its own server, and last: ten thousand clients keep this process busy for seconds.
  test(`${idle} idle connections at once do not block other clients, and leave nothing behind`, async () => {
    const patient = await startServer('--workers', '2', '--worker-class', kind, '--headers-timeout', '60');
    await answers(patient.port);
    const before = patient.workers().map(({pid}) => ({pid, open: descriptors(pid)}));
    const clients: RawClient[] = [];
    while (clients.length < idle) {
      clients.push(
        ...(await Promise.all(
          Array.from({length: 100}, (_, index) =>
            rawClient(patient.port, [undefined, 'GET / HTTP/1.1\r\nHo', get('/')][index % 3]),
          ),
        )),
      );
    }
    await until(
      () => 'every request is answered',
      () => clients.every((client, index) => !asked(index) || client.received() !== ''),
      5,
    );
    assert.ok(clients.every((client, index) => client.state() === 'open' || (kind === 'sync' && asked(index))));
    assert.ok(await answers(patient.port, 3000));
    for (const [index, client] of clients.entries()) {
      if (index % 2 === 0) client.reset();
      else client.socket.destroy();
    }
    await until(
      () =>
        `the descriptors are ${JSON.stringify(before)} again: ${patient
          .workers()
          .map(({pid}) => descriptors(pid))
          .join(', ')}`,
      () => before.every(({pid, open}) => descriptors(pid) <= open),
      15,
    );
  });
}

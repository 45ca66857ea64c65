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
// The decent clients' own connections come and go.
const slack = 12;

const get = (path: string): string => head(`GET ${path} HTTP/1.1`, 'Host: service');
const post = (...headers: readonly string[]): string => head('POST /echo HTTP/1.1', 'Host: service', ...headers);
const at =
  (bytes: string, milliseconds = 50) =>
  async (client: RawClient): Promise<void> => {
    client.send(bytes);
    await sleep(milliseconds);
  };

/** Of the idle ones, every third has sent a request, and has nothing to say any more. */
const asked = (index: number): boolean => (index % 100) % 3 === 2;

/** Declares the tests: what nobody may send, and what must not matter to a server and to its other clients. */
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
  /** Decent clients, who must not notice anything. */
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

  /** Sends it; the server must refuse (4xx, 5xx, or nothing at all) and close, and nothing hidden in it is carried out. */
  async function mustRefuse({name, bytes}: AbuseCase): Promise<readonly string[]> {
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
    'what is no HTTP': notHttp,
  })) {
    test(`${what} is refused, and the connection closed (${cases.length} cases)`, async () => {
      const wrong = await Promise.all(cases.map(mustRefuse));
      assert.deepEqual(wrong.flat(), []);
      const response = await fetch(`http://127.0.0.1:${server.port}/`);
      assert.equal(((await response.json()) as {smuggled: number}).smuggled, 0);
    });
  }

  /** The status of the answer; where it is a refusal, the connection must be closed as well. */
  async function firstStatus(...pieces: readonly string[]): Promise<number | undefined> {
    const client = await rawClient(server.port);
    for (const piece of pieces) client.send(piece);
    await client.sees(/HTTP\/1\.1 [2-5]\d\d /, 4000);
    const status = statuses(client.received()).find((each) => each !== 100);
    if (status !== 200) assert.ok(await client.ends(4000), `after ${status} the connection stays open`);
    if (status === 413)
      assert.doesNotMatch(client.received(), /100 Continue/, 'first asked for the body, and then refused it');
    client.socket.destroy();
    return status;
  }

  test('headers that are too large are answered with 431, a body that is too large with 413, and one at the limit is served', async () => {
    const chunk = `${(10_000).toString(16)}\r\n${'c'.repeat(10_000)}\r\n`;
    assert.equal(await firstStatus(head('GET / HTTP/1.1', 'Host: service', `X: ${'y'.repeat(20_000)}`)), 431);
    assert.equal(await firstStatus(post(`Content-Length: ${maxBodySize}`), 'b'.repeat(maxBodySize)), 200);
    assert.equal(await firstStatus(post('Transfer-Encoding: chunked'), chunk.repeat(10), '0\r\n\r\n'), 200);
    assert.equal(await firstStatus(post(`Content-Length: ${maxBodySize + 1}`)), 413);
    assert.equal(await firstStatus(post(`Content-Length: ${maxBodySize + 1}`, 'Expect: 100-continue')), 413);
    assert.equal(await firstStatus(post('Transfer-Encoding: chunked'), chunk.repeat(11), '0\r\n\r\n'), 413);
    assert.equal(await firstStatus(post('Transfer-Encoding: chunked'), ...Array.from({length: 50}, () => chunk)), 413);
    // Also where the service does not look at bodies.
    assert.equal(await firstStatus(head('POST /ignore HTTP/1.1', 'Host: service', 'Content-Length: 1000000000')), 413);
  });

  test('what comes behind a good request is judged by itself: no more than the first is answered, and the connection closed', async () => {
    for (const rest of ['garbage\r\n\r\n', '\0\0\0\0', head('GET / HTTP/1.1'), `${post('Content-Length: x')}`]) {
      const client = await rawClient(server.port, get('/') + rest);
      assert.ok(await client.ends(5000), JSON.stringify(rest));
      assert.match(String(statuses(client.received())), /^(200|400|200,400)$/, client.received());
    }
  });

  // A sync worker closes after each answer.
  if (kind !== 'sync')
    test('500 requests in one go are answered in their order', async () => {
      const client = await rawClient(
        server.port,
        Array.from({length: 500}, (_, index) =>
          head(index % 50 === 7 ? 'GET /slow?ms=20 HTTP/1.1' : 'GET / HTTP/1.1', 'Host: service'),
        ).join(''),
      );
      await until(
        () => `${statuses(client.received()).length} answers`,
        () => statuses(client.received()).length === 500,
        10,
      );
      assert.ok(statuses(client.received()).every((status) => status === 200));
      client.socket.destroy();
    });

  test('who sends nothing, half of a head, half of a body, or a byte now and then, is cut off at the limit', async () => {
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

  test('requests that are spoilt at random kill no worker', async (context) => {
    context.diagnostic(`ENTRYPOINT_TEST_SEED=${seed}`);
    const random = randomNumbers(seed);
    const good = [
      get('/'),
      `${post('Content-Length: 5')}hello`,
      upgrade,
      `${post('Transfer-Encoding: chunked', 'Expect: 100-continue')}5\r\nhello\r\n0\r\n\r\n`,
    ];
    const spoil = (text: string): Buffer => {
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
                spoil(good[Math.floor(random() * good.length)] ?? ''),
              ),
            ),
          );
          await client.ends(Math.floor(random() * 150));
          client.socket.destroy();
        }),
      );
    }
  });

  test('all the while, clients that behave were answered, each time', async () => {
    const {answered, failures} = await load.stop();
    assert.deepEqual(failures, []);
    assert.ok(answered > 100, `${answered} were answered`);
  });

  test('nothing that came has spoilt the log: each line is one JSON object', () => {
    // The last line may be on its way.
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

  // With a server of its own, and after the others: ten thousand clients keep this process busy for seconds.
  test(`${idle} connections that do nothing, all at once, keep nobody else from being served, and leave nothing behind`, async () => {
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
      () => 'who asked was answered',
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

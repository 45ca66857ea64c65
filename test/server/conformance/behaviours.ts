import {all} from '../../support/long.ts';
import {until} from '../../support/until.ts';
import type {TestServer} from '../support.ts';
import {type Client, openClient} from './client.ts';
import type {Handler} from './message.ts';
import {readResponses, type Received, valueOf} from './responses.ts';

export type WorkerClass = 'async' | 'sync' | 'threads';

/** Something a client or the service can see, which should not depend on the worker class. */
export interface Behaviour {
  readonly name: string;
  /** Of which services. Default: both. */
  readonly handlers?: readonly Handler[];
  /** What is seen, as JSON. */
  readonly observe: (server: TestServer, handler: Handler) => Promise<unknown>;
  /** Of all classes that `differs` does not name. */
  readonly expected: unknown;
  /** Differences that are meant, each with the sentence of docs/server.md that says so. */
  readonly differs?: Partial<Readonly<Record<WorkerClass, {readonly expected: unknown; readonly documented: string}>>>;
  readonly skip?: boolean;
}

const get = (path: string, ...fields: readonly string[]): string =>
  `${[`GET ${path} HTTP/1.1`, 'Host: service', ...fields].join('\r\n')}\r\n\r\n`;

/** The answers to what was sent, when there are `count` or the connection has ended. */
async function ask(server: TestServer, text: string, {count = 1, seconds = 5} = {}): Promise<readonly Received[]> {
  const client = openClient(server.port);
  client.write(Buffer.from(text, 'latin1'));
  const read = (): readonly Received[] =>
    readResponses(client.text(), client.closed() !== undefined, () => false).responses;
  await client.wait(() => read().filter(({complete}) => complete).length >= count, Date.now() + seconds * 1000);
  client.destroy();
  return read();
}

async function one(server: TestServer, text: string): Promise<Received> {
  const [first] = await ask(server, text);
  if (first === undefined) throw new Error('no answer within 5 s');
  return first;
}

const seenBy = async (server: TestServer, ...fields: readonly string[]): Promise<Record<string, string>> =>
  (JSON.parse((await one(server, get('/raw', ...fields))).body) as {headers: Record<string, string>}).headers;

/** Lines of the access log for a path. */
const logged = (server: TestServer, path: string): readonly Record<string, unknown>[] =>
  server
    .output()
    .split('\n')
    .filter((line) => line.includes('"event":"request"') && line.includes(`"path":"${path}"`))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const upgraded = async (client: Client, pattern: RegExp): Promise<string> => {
  await client.wait(() => pattern.test(client.text()), Date.now() + 5000);
  return client.text().replace(/^[\s\S]*?\r\n\r\n/, '');
};

export const behaviours: readonly Behaviour[] = [
  {
    name: 'the version of a request',
    handlers: ['node'],
    observe: async (server) =>
      (JSON.parse((await one(server, 'GET /raw HTTP/1.0\r\n\r\n')).body) as {version: string}).version,
    expected: '1.0',
  },
  {
    name: 'order, case and duplicates of request fields',
    handlers: ['node'],
    observe: async (server) => {
      const {body} = await one(server, get('/raw', 'X-B: 1', 'x-a: 2', 'X-b: 3', 'Expect: 100-continue'));
      return (JSON.parse(body) as {names: string[]}).names.slice(0, 10);
    },
    expected: ['Host', 'service', 'X-B', '1', 'x-a', '2', 'X-b', '3', 'Expect', '100-continue'],
  },
  {
    name: 'reason, order, case and duplicates of a response',
    handlers: ['node'],
    observe: async (server) => {
      const client = openClient(server.port);
      client.write(Buffer.from(get('/reason')));
      await client.wait(() => client.text().includes('own'), Date.now() + 5000);
      client.destroy();
      return client.text().split('\r\n').slice(0, 6);
    },
    expected: ['HTTP/1.1 299 Of My Own', 'X-B: 1', 'x-a: 2', 'X-B: 3', 'Set-Cookie: a=1', 'set-cookie: b=2'],
  },
  {
    name: 'reason and cookies of a Response',
    handlers: ['fetch'],
    observe: async (server) => {
      const response = await one(server, get('/reason'));
      return [response.status, response.reason, valueOf(response, 'x-b'), valueOf(response, 'set-cookie')];
    },
    expected: [299, 'Of My Own', '1, 3', 'a=1\nb=2'],
  },
  {
    name: 'informational answers and their fields',
    handlers: ['node'],
    observe: async (server) => {
      const client = openClient(server.port);
      client.write(Buffer.from(get('/hints')));
      await client.wait(() => client.text().includes('hinted'), Date.now() + 5000);
      client.destroy();
      const [hints = '', processing = ''] = client.text().split('\r\n\r\n');
      return [hints.toLowerCase().split('\r\n').toSorted(), processing];
    },
    expected: [
      ['http/1.1 103 early hints', 'link: </a.css>; rel=preload, </b.js>; rel=preload', 'x-hint: yes'],
      'HTTP/1.1 102 Processing',
    ],
  },
  {
    name: 'trailers of a response',
    handlers: ['node'],
    observe: async (server) => {
      const {body, trailers} = await one(server, get('/trailers'));
      return [body, trailers];
    },
    expected: ['12345', [['x-sum', '15']]],
  },
  {
    name: 'Connection: close of the service',
    observe: async (server) => {
      const responses = await ask(server, get('/close'), {count: 2});
      return responses.map((response) => [response.body, valueOf(response, 'connection')]);
    },
    expected: [['closing', 'close']],
  },
  {
    name: 'persistence of a connection',
    observe: async (server) => (await ask(server, get('/raw') + get('/raw'), {count: 2})).map(({closes}) => closes),
    expected: [false, false],
    differs: {sync: {expected: [true], documented: 'one request at a time, `Connection: close`'}},
  },
  {
    name: 'an upgrade, with bytes sent behind it at once and later',
    handlers: ['node'],
    observe: async (server) => {
      const client = openClient(server.port);
      client.write(Buffer.from(`${get('/up', 'Connection: Upgrade', 'Upgrade: echo', 'X-Id: 7')}early `));
      const head = await upgraded(client, /early/);
      client.write(Buffer.from('late'));
      const both = await upgraded(client, /late/);
      client.finish();
      await client.wait(() => false, Date.now() + 5000);
      return [/X-Id: 7/i.test(client.text()), head, both, client.closed()];
    },
    expected: [true, 'early ', 'early late', 'end'],
  },
  {
    name: 'an early answer to a client that is still sending',
    observe: async (server) => {
      const client = openClient(server.port);
      client.write(
        Buffer.from(`POST /early HTTP/1.1\r\nHost: service\r\nContent-Length: 900000\r\n\r\n${'e'.repeat(400_000)}`),
      );
      await client.wait(() => client.text().includes('not wanted'), Date.now() + 5000);
      client.write(Buffer.alloc(500_000, 'e'));
      const text = client.text();
      client.destroy();
      return text.slice(0, 12);
    },
    expected: 'HTTP/1.1 403',
  },
  {
    name: 'a client that leaves is noticed by the service',
    observe: async (server) => {
      const before = server.output().split('left: false').length;
      const client = openClient(server.port);
      client.write(Buffer.from(get('/wait')));
      await new Promise((resolve) => void setTimeout(resolve, 100));
      client.destroy();
      await until('the service notices', () => server.output().split('left: false').length > before, 3);
      return 'noticed';
    },
    expected: 'noticed',
  },
  {
    name: 'a body beyond the limit, with its length and without, is a 413',
    observe: async (server) => {
      const declared = await one(server, 'POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n');
      const chunked = await one(
        server,
        `POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n${'x'.repeat(0x20_00_00)}\r\n0\r\n\r\n`,
      );
      return [declared, chunked].map(({status, closes}) => [status, closes]);
    },
    expected: [
      [413, true],
      [413, true],
    ],
  },
  {
    name: 'fields beyond the limit are a 431',
    observe: async (server) => {
      const {status, closes} = await one(server, get('/raw', `X: ${'x'.repeat(20_000)}`));
      return [status, closes];
    },
    expected: [431, true],
  },
  {
    name: 'a head that takes too long is a 408',
    observe: async (server) => (await one(server, 'GET /raw HTTP/1.1\r\n')).status,
    expected: 408,
    skip: !all,
  },
  {
    name: 'the address of the client',
    handlers: ['node'],
    observe: async (server) => {
      const {address, port, family} = JSON.parse((await server.get('/address')).body) as Record<string, unknown>;
      return [address, typeof port, family];
    },
    expected: ['127.0.0.1', 'number', 'IPv4'],
  },
  {
    name: 'ids that a request brings are kept',
    observe: async (server) => {
      const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      const seen = await seenBy(server, 'X-Request-Id: mine', `traceparent: ${trace}`);
      return [seen['x-request-id'], seen['traceparent']?.slice(0, 36)];
    },
    expected: ['mine', '00-0af7651916cd43dd8448eb211c80319c-'],
  },
  {
    name: 'ids that a request lacks are made',
    observe: async (server) => {
      const seen = await seenBy(server);
      return [
        /^[\da-f]{32}$/.test(seen['x-request-id'] ?? ''),
        /^00-[\da-f]{32}-[\da-f]{16}-0[01]$/.test(seen['traceparent'] ?? ''),
      ];
    },
    expected: [true, true],
  },
  {
    name: 'what the access log has of a request',
    observe: async (server) => {
      await one(server, get('/reason', 'X-Request-Id: logged'));
      await until(
        'the line is written',
        () => logged(server, '/reason').some((line) => line['request_id'] === 'logged'),
        3,
      );
      const line = logged(server, '/reason').find((each) => each['request_id'] === 'logged') ?? {};
      return [Object.keys(line).toSorted(), line['method'], line['status'], line['client']];
    },
    expected: [
      'bytes client event instance level method ms path pid request_id seq severity_text span_id status time trace_id'.split(
        ' ',
      ),
      'GET',
      299,
      '127.0.0.1',
    ],
  },
  {
    name: 'what the access log has of a refusal and of a client that left',
    observe: async (server) => {
      await one(server, 'POST /body?refused HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n');
      await until(
        '413 and 499 are written',
        () => [413, 499].every((status) => server.output().includes(`"status":${status}`)),
        3,
      );
      return [logged(server, '/wait')[0]?.['status'], logged(server, '/body').some(({status}) => status === 413)];
    },
    expected: [499, true],
  },
  {
    name: 'a handler that fails costs one request',
    observe: async (server) => {
      const pids = server.workers().join();
      const [failed] = await ask(server, get('/fail'));
      const after = await server.get('/raw', {seconds: 5});
      return [failed?.status, after.status, server.workers().join() === pids];
    },
    expected: [500, 200, true],
  },
  {
    name: 'the handlers of the service run when the server stops',
    observe: async (server) => {
      const before = server.output().length;
      server.signal('SIGTERM');
      const {code} = await server.ended;
      return [
        ...new Set(
          [
            ...server
              .output()
              .slice(before)
              .matchAll(/own handler: (\w+)/g),
          ].map(([, event]) => event),
        ),
        code,
      ];
    },
    expected: ['SIGTERM', 'exit', 0],
  },
];

import {type Answer, get, head, type Message, post, served} from '../message.ts';

const framing = 'RFC 9110 8.6, RFC 9112 6.2, 6.3';
const values = 'RFC 9110 5.5, 5.1';

/** A GET of /respond/NAME with this answer. */
const responds = (name: string, path: string, rule: string, answer: Answer, more: Partial<Message> = {}): Message => ({
  name,
  rule,
  send: [get(`/respond/${path}`)],
  answers: [answer],
  after: 'open',
  ...more,
});
const failed: Answer = {status: 500, fields: {'x-forged': undefined}};
/** What contradicts itself becomes a 500, is put right, or ends the connection; it never shifts the next answer. */
const contradicts = (name: string, path: string, rule: string): Message =>
  responds(
    name,
    path,
    `${rule}; the connection never goes out of step`,
    {status: [200, 500], cut: true},
    {after: 'either', unanswered: 1, silence: true, alone: true},
  );

export const responses: readonly Message[] = [
  responds('a response of known length', 'length', framing, {
    status: 200,
    body: '12345',
    fields: {'content-length': '5', 'transfer-encoding': undefined},
  }),
  responds('a response of unknown length', 'stream', 'RFC 9112 7.1', {
    status: 200,
    body: '12345',
    fields: {'content-length': undefined},
  }),
  responds('a response of 300 kB', 'large', framing, {status: 200, body: 'x'.repeat(300_000)}),
  responds('an empty response', 'empty', framing, {status: 200, body: ''}),
  responds('204', '204', 'RFC 9110 15.3.5, 8.6: no body, no length', {
    status: 204,
    body: '',
    fields: {'content-length': undefined, 'transfer-encoding': undefined},
  }),
  responds('204 with a length of the service', '204-length', 'RFC 9110 8.6: MUST NOT be sent', {
    status: [204, 500],
    fields: {'transfer-encoding': undefined},
  }),
  responds('205', '205', 'RFC 9110 15.3.6: no body', {status: 205, body: ''}),
  responds('304', '304', 'RFC 9110 15.4.5, RFC 9112 6.3: a length but no body', {
    status: 304,
    fields: {etag: '"a"', 'transfer-encoding': undefined},
  }),
  responds("a status of the service's own", 'status-299', 'RFC 9110 15', {status: 299, body: 'own'}),
  ...['length', 'stream', 'large', '204', '304', 'both', 'long', 'short', 'chunked'].map((path) =>
    responds(
      `HEAD of ${path}`,
      path,
      'RFC 9110 9.3.2: no body',
      {status: [200, 204, 304, 500], body: ''},
      {
        send: [head(`HEAD /respond/${path} HTTP/1.1`)],
        after: ['both', 'long', 'short'].includes(path) ? 'either' : 'open',
      },
    ),
  ),
  ...['length', 'stream', 'chunked', 'large'].map((path) =>
    responds(
      `HTTP/1.0 of ${path}`,
      path,
      'RFC 9112 6.1: no transfer coding',
      {status: 200, body: path === 'large' ? 'x'.repeat(300_000) : '12345', fields: {'transfer-encoding': undefined}},
      {
        send: [head(`GET /respond/${path} HTTP/1.0`)],
        after: 'closed',
        behind: false,
      },
    ),
  ),
  responds(
    'HTTP/1.0 with keep-alive of a stream',
    'stream',
    'RFC 9112 6.3, 9.3: its end is that of the connection',
    {status: 200, body: '12345', fields: {'transfer-encoding': undefined}},
    {
      send: [head('GET /respond/stream HTTP/1.0', 'Connection: keep-alive')],
      after: 'closed',
      behind: false,
    },
  ),
  contradicts('a length that is too long', 'short', framing),
  contradicts('a length that is too short', 'long', framing),
  contradicts('a length that is too short for a stream', 'long-stream', framing),
  contradicts('a length and chunked', 'both', 'RFC 9112 6.2: MUST NOT be sent'),
  contradicts('two lengths', 'two-lengths', framing),
  contradicts('a length that is no number', 'bad-length', framing),
  contradicts('a coding of the service that is not applied', 'gzip-coding', 'RFC 9112 6.1'),
  responds('chunked of the service', 'chunked', 'RFC 9112 6.1', {
    status: 200,
    body: '12345',
    fields: {'content-length': undefined},
  }),
  contradicts('101 that nothing asked for', 'status-101', 'RFC 9110 15.2.2'),
  responds(
    'a stream that fails',
    'cut',
    'RFC 9112 7.1, 8: the end is not faked',
    {status: 200, cut: true},
    {after: 'closed', behind: false},
  ),
  responds(
    'Connection: close of the service',
    'close',
    'RFC 9112 9.6',
    {status: 200, body: 'closing', fields: {connection: /close/i}},
    {after: 'closed', behind: false},
  ),
  responds(
    'Connection: close of the service, and HTTP/1.0',
    'close',
    'RFC 9112 9.6',
    {status: 200, body: 'closing'},
    {
      send: [head('GET /respond/close HTTP/1.0', 'Connection: keep-alive')],
      after: 'closed',
      behind: false,
    },
  ),
  responds(
    'Connection: keep-alive of the service to a client that closes',
    'keep-alive',
    'RFC 9112 9.3, 9.6: the server closes and says so',
    {status: 200, body: 'staying', fields: {connection: /close/i}},
    {
      send: [get('/respond/keep-alive', 'Connection: close')],
      after: 'closed',
      behind: false,
    },
  ),
  responds('Connection: keep-alive of the service', 'keep-alive', 'RFC 9112 9.3', {status: 200, body: 'staying'}),
  responds('another option in Connection of the service', 'connection-field', 'RFC 9110 7.6.1', {
    status: 200,
    body: 'hop',
  }),
  responds('CRLF in a value', 'injection', `${values}: never sent`, failed, {alone: true}),
  responds('a value in Latin-1', 'latin1', values, {status: 200, fields: {'x-value': 'caf\u00e9'}}),
  responds('a value beyond Latin-1', 'not-latin1', values, failed, {alone: true}),
  responds('a name with a space', 'bad-name', values, failed, {alone: true}),
  responds('CRLF in the reason', 'bad-reason', 'RFC 9112 4', failed, {alone: true}),
  responds('status 99', 'status-99', 'RFC 9110 15: three digits', failed, {alone: true}),
  responds('status 1000', 'status-1000', 'RFC 9110 15: three digits', failed, {alone: true}),
  responds('a handler that throws', 'throw', 'RFC 9110 15.6.1: one request fails, not the worker', failed, {
    alone: true,
  }),
  responds('a handler that rejects', 'reject', 'RFC 9110 15.6.1: one request fails, not the worker', failed, {
    alone: true,
  }),
  responds('two cookies', 'cookies', 'RFC 6265 3: never folded', {
    status: 200,
    fields: {'set-cookie': 'a=1; Path=/\nb=2'},
  }),
  responds('Date of the service', 'date', 'RFC 9110 6.6.1: one', {
    status: 200,
    fields: {date: 'Tue, 15 Nov 1994 08:12:31 GMT'},
  }),
  responds('Date of the server', 'empty', 'RFC 9110 6.6.1: MUST', {status: 200, fields: {date: /GMT$/}}),
  responds('trailers', 'trailers', 'RFC 9110 6.5', {status: 200, body: '12345'}, {only: 'node'}),
  responds('early hints', 'hints', 'RFC 8297', {status: 200, informational: [103], body: 'hinted'}, {only: 'node'}),
  responds(
    '102',
    'processing',
    'RFC 2518 10.1',
    {status: 200, informational: [102], body: 'processed'},
    {only: 'node'},
  ),
  responds(
    'early hints to HTTP/1.0',
    'hints',
    'RFC 9110 15.2: MUST NOT be sent',
    {status: 200, informational: [], body: 'hinted'},
    {
      only: 'node',
      send: [head('GET /respond/hints HTTP/1.0')],
      after: 'closed',
      behind: false,
    },
  ),
  responds(
    '102 to HTTP/1.0',
    'processing',
    'RFC 9110 15.2: MUST NOT be sent',
    {status: 200, informational: [], body: 'processed'},
    {
      only: 'node',
      send: [head('GET /respond/processing HTTP/1.0')],
      after: 'closed',
      behind: false,
    },
  ),
  responds('a response of a network error', 'error', 'Fetch 6.4: no status to send', failed, {only: 'fetch'}),
  responds('no response', 'nothing', 'a handler that returns none', failed, {only: 'fetch'}),
  responds('a response whose body was read', 'used', 'Fetch 2.2.4: not usable', failed, {only: 'fetch'}),
  {
    name: 'one response object for all requests',
    rule: 'Fetch 2.2.4: the second use fails cleanly, or the body is sent again',
    send: [get('/respond/same') + get('/respond/same')],
    answers: [{status: [200, 500]}, {status: [200, 500]}],
    after: 'open',
    only: 'fetch',
  },
  ...[100, 70_000, 1_000_000].map((bytes) =>
    responds(
      `an answer that does not read a body of ${bytes} bytes`,
      'unread',
      'RFC 9112 9.3, 9.6: read to its end, or the connection closes',
      {status: 403, body: 'not wanted'},
      {
        send: [post('/respond/unread', 'u'.repeat(bytes))],
        after: 'open',
      },
    ),
  ),
  responds(
    'an answer that does not read a chunked body',
    'unread',
    'RFC 9112 9.3, 9.6',
    {status: 403, body: 'not wanted'},
    {
      send: [
        `${head('POST /respond/unread HTTP/1.1', 'Transfer-Encoding: chunked')}11170\r\n${'u'.repeat(70_000)}\r\n0\r\n\r\n`,
      ],
    },
  ),
  served(
    'an error before the body, then a request',
    'RFC 9112 9.3',
    `${post('/respond/throw', 'u'.repeat(100_000))}${get('/next')}`,
    {},
    {
      alone: true,
      answers: [{status: 500}, {status: 200, seen: {target: '/next', url: 'http://@host/next'}}],
    },
  ),
];

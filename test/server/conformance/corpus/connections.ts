import {chunked, get, head, hostless, lenient, type Message, post, refused, served, smuggled} from '../message.ts';

const expectation = 'RFC 9110 10.1.1';
const persistence = 'RFC 9112 9.3';
const closing = 'RFC 9112 9.6: nothing is processed behind a close';
const five = 'Content-Length: 5';
const expecting = (line: string, ...more: readonly string[]): string => head(line, ...more, 'Expect: 100-continue');

export const expectations: readonly Message[] = [
  served(
    'a body that waits for 100 Continue',
    expectation,
    [expecting('POST /wait HTTP/1.1', five), /100 Continue\r\n\r\n$/, 'hello'],
    {},
    {answers: [{status: 200, informational: [100], seen: {body: 'hello'}}]},
  ),
  served(
    'the same, chunked and in other letters',
    expectation,
    [
      head('POST /wait HTTP/1.1', 'Transfer-Encoding: chunked', 'Expect: 100-Continue'),
      /100 Continue\r\n\r\n$/,
      '5\r\nhello\r\n0\r\n\r\n',
    ],
    {},
    {answers: [{status: 200, informational: [100], seen: {body: 'hello'}}]},
  ),
  served(
    'a body that does not wait',
    `${expectation}: 100 MAY be omitted`,
    `${expecting('POST /wait HTTP/1.1', five)}hello`,
    {},
    {
      answers: [{status: 200, informational: 'any', seen: {body: 'hello'}}],
    },
  ),
  served(
    'an expectation without a body',
    expectation,
    expecting('GET /wait HTTP/1.1'),
    {},
    {
      answers: [{status: 200, informational: 'any'}],
    },
  ),
  served(
    'an expectation of HTTP/1.0',
    `${expectation}: MUST be ignored`,
    `${expecting('POST /wait HTTP/1.0', five)}hello`,
    {body: 'hello'},
  ),
  lenient(
    'an unknown expectation',
    `${expectation}: 417, or ignored`,
    head('GET /wait HTTP/1.1', 'Expect: something'),
    {},
    [200, 417],
  ),
  refused(
    'an expectation with a length beyond the limit',
    `${expectation}: the final status at once, without 100`,
    expecting('POST /wait HTTP/1.1', 'Content-Length: 200000000'),
    413,
  ),
  refused(
    'an expectation and an invalid Host',
    'RFC 9112 3.2',
    hostless('POST / HTTP/1.1', 'Host: a b', five, 'Expect: 100-continue'),
  ),
  refused(
    'an expectation and an unknown coding',
    'RFC 9112 6.1',
    expecting('POST / HTTP/1.1', 'Transfer-Encoding: gzip'),
    [400, 501],
  ),
  refused('an expectation of HTTP/2.0', 'RFC 9110 2.5', expecting('POST / HTTP/2.0', five), [400, 505]),
  served(
    'two requests that expect',
    expectation,
    [
      expecting('POST /one HTTP/1.1', five),
      /100 Continue\r\n\r\n$/,
      `hello${expecting('POST /two HTTP/1.1', five)}`,
      /100 Continue\r\n\r\n$/,
      'again',
    ],
    {},
    {
      answers: [
        {status: 200, informational: [100], seen: {body: 'hello'}},
        {status: 200, informational: [100], seen: {body: 'again'}},
      ],
    },
  ),
];

/** The last answer says `close`, and so does what happens. */
const closes = (name: string, rule: string, send: string, more: Partial<Message> = {}): Message => ({
  name,
  rule,
  send: [send],
  answers: [{status: 200, fields: {connection: /close/i}}],
  after: 'closed',
  behind: false,
  ...more,
});

export const connections: readonly Message[] = [
  served(
    'two requests, one after the other',
    persistence,
    [get('/one'), /"\/one"|\/one"/, get('/two')],
    {},
    {
      answers: [{status: 200, fields: {}}, {status: 200}],
    },
  ),
  closes('Connection: close', closing, get('/', 'Connection: close')),
  closes('Connection: CLOSE', 'RFC 9110 7.6.1: case-insensitive', get('/', 'Connection: CLOSE')),
  closes('Connection: keep-alive, close', 'RFC 9112 9.3: close wins', get('/', 'Connection: keep-alive, close')),
  closes('Connection: close, x', 'RFC 9110 7.6.1', get('/', 'Connection: close, x')),
  closes('close in a second field', 'RFC 9110 5.3, 7.6.1', get('/', 'Connection: x', 'Connection: close')),
  closes('a POST that closes', closing, post('/', 'hello', 'Connection: close')),
  closes('a chunked POST that closes', closing, chunked('/', '5\r\nhello\r\n0\r\n\r\n', 'Connection: close')),
  closes(
    'a request behind a close',
    'RFC 9112 9.6: the final response is sent, nothing else',
    get('/', 'Connection: close'),
    {
      behind: true,
    },
  ),
  closes(
    'a request behind HTTP/1.0',
    'RFC 9112 9.6: the final response is sent, nothing else',
    head('GET /v HTTP/1.0'),
    {
      behind: true,
    },
  ),
  closes('a pipeline behind a close', closing, get('/', 'Connection: close') + smuggled + post('/smuggled', 'hello')),
  served('Connection: keep-alive', persistence, get('/', 'Connection: keep-alive')),
  served('Connection: closed', 'RFC 9110 7.6.1: another option', get('/', 'Connection: closed')),
  served('Keep-Alive of the client', 'RFC 9112 C.2.2', get('/', 'Keep-Alive: timeout=1, max=1')),
  served('Proxy-Connection', 'RFC 9112 C.2.2: not for servers', get('/', 'Proxy-Connection: close')),
  {
    name: 'HTTP/1.0',
    rule: 'RFC 9112 9.3: closed after the response',
    send: [head('GET /v HTTP/1.0')],
    answers: [{status: 200, fields: {'transfer-encoding': undefined}}],
    after: 'closed',
    behind: false,
  },
  served(
    'HTTP/1.0 with keep-alive',
    'RFC 9112 9.3, C.2.2',
    head('GET /v HTTP/1.0', 'Connection: keep-alive'),
    {},
    {
      answers: [{status: 200, fields: {'transfer-encoding': undefined}}],
      after: 'either',
    },
  ),
  {
    name: 'a POST of HTTP/1.0',
    rule: 'RFC 9112 6.3',
    send: [`${head('POST /v HTTP/1.0', five)}hello`],
    answers: [{status: 200, seen: {body: 'hello'}}],
    after: 'closed',
    behind: false,
  },
  served(
    'a pipeline of three',
    'RFC 9112 9.3.2: answered in order',
    get('/one') + post('/two', 'hello') + get('/three'),
    {},
    {
      answers: [
        {status: 200, seen: {target: '/one', url: 'http://@host/one'}},
        {status: 200, seen: {target: '/two', url: 'http://@host/two', body: 'hello'}},
        {status: 200, seen: {target: '/three', url: 'http://@host/three'}},
      ],
    },
  ),
  served(
    'a slow request before a fast one',
    'RFC 9112 9.3.2',
    get('/respond/later') + get('/fast'),
    {},
    {
      answers: [
        {status: 200, body: 'later'},
        {status: 200, seen: {target: '/fast', url: 'http://@host/fast'}},
      ],
    },
  ),
  served(
    'a pipeline with HEAD in it',
    'RFC 9112 6.3',
    head('HEAD /one HTTP/1.1') + get('/two'),
    {},
    {
      answers: [
        {status: 200, body: ''},
        {status: 200, seen: {target: '/two', url: 'http://@host/two'}},
      ],
    },
  ),
  served(
    'a pipeline of 30',
    'RFC 9112 9.3.2',
    Array.from({length: 30}, (_, index) => get(`/${index}`)).join(''),
    {},
    {
      answers: Array.from({length: 30}, (_, index) => ({
        status: 200,
        seen: {target: `/${index}`, url: `http://@host/${index}`},
      })),
    },
  ),
  served(
    'a pipeline of chunked requests',
    'RFC 9112 9.3.2',
    chunked('/one', '1\r\na\r\n0\r\n\r\n') + chunked('/two', '1\r\nb\r\n0\r\n\r\n'),
    {},
    {
      answers: [
        {status: 200, seen: {body: 'a'}},
        {status: 200, seen: {body: 'b'}},
      ],
    },
  ),
  served(
    'an empty line between two requests',
    'RFC 9112 2.2',
    `${post('/one', 'hello')}\r\n${get('/two')}`,
    {},
    {
      answers: [{status: 200}, {status: 200, seen: {target: '/two', url: 'http://@host/two'}}],
    },
  ),
  {
    name: 'a pipeline with a close in its middle',
    rule: closing,
    send: [get('/one') + get('/two', 'Connection: close') + smuggled],
    answers: [{status: 200}, {status: 200, fields: {connection: /close/i}}],
    after: 'closed',
  },
  {
    name: 'a pipeline with noise in its middle',
    rule: 'RFC 9112 9.3.2, 9.6: what came before is answered, what comes behind is not processed',
    send: [`${get('/one')}noise\r\n\r\n${smuggled}`],
    answers: [{status: 200, seen: {target: '/one'}}, {status: 400}],
    after: 'closed',
  },
  {
    name: 'a pipeline with two Hosts in its middle',
    rule: 'RFC 9112 3.2, 9.6',
    send: [get('/respond/later') + hostless('GET /two HTTP/1.1', 'Host: a', 'Host: b') + smuggled],
    answers: [{status: 200, body: 'later'}, {status: 400}],
    after: 'closed',
  },
  {
    name: 'a pipeline with an unknown coding in its middle',
    rule: 'RFC 9112 6.1, 9.6',
    send: [`${get('/one') + head('POST /two HTTP/1.1', 'Transfer-Encoding: gzip, chunked')}0\r\n\r\n${smuggled}`],
    answers: [{status: 200}, {status: [400, 501]}],
    after: 'closed',
  },
  {
    name: 'HTTP/1.0 in the middle of a pipeline',
    rule: closing,
    send: [get('/one') + head('GET /two HTTP/1.0') + smuggled],
    answers: [{status: 200}, {status: 200}],
    after: 'closed',
  },
];

/** A client that has sent all it wants to send. */
const finished = (name: string, send: string, answers: Message['answers']): Message => ({
  name,
  rule: 'RFC 9112 9.6, RFC 9293 3.6: a half-closed connection still carries the answer',
  send: [send, 'FIN'],
  answers,
  after: 'closed',
});

export const halfClosed: readonly Message[] = [
  finished('a request and FIN', get('/fin'), [{status: 200, seen: {method: 'GET'}}]),
  finished('a request that takes longer, and FIN', get('/respond/later'), [{status: 200, body: 'later'}]),
  finished('a POST and FIN', post('/fin', 'hello'), [{status: 200, seen: {body: 'hello'}}]),
  finished('a chunked POST and FIN', chunked('/fin', '5\r\nhello\r\n0\r\n\r\n'), [
    {status: 200, seen: {body: 'hello'}},
  ]),
  finished('a pipeline and FIN', get('/respond/later') + get('/fin'), [{status: 200, body: 'later'}, {status: 200}]),
  finished('a large answer, and FIN', get('/respond/large'), [{status: 200, body: 'x'.repeat(300_000)}]),
  finished('HTTP/1.0 and FIN', head('GET /fin HTTP/1.0'), [{status: 200}]),
  finished('an invalid Host and FIN', hostless('GET /fin HTTP/1.1', 'Host: a b'), [{status: 400}]),
  {name: 'nothing and FIN', rule: 'RFC 9112 9.6', send: ['FIN'], answers: [], after: 'closed'},
  {
    name: 'half a request line and FIN',
    rule: 'RFC 9112 8: incomplete',
    send: ['GET /smuggled HT', 'FIN'],
    answers: [{status: [400, 408]}],
    after: 'closed',
    silence: true,
  },
  {
    name: 'half a head and FIN',
    rule: 'RFC 9112 8: incomplete',
    send: ['GET /smuggled HTTP/1.1\r\nHost: service.example\r\nX-Id: @id\r\n', 'FIN'],
    answers: [{status: [400, 408]}],
    after: 'closed',
    silence: true,
  },
];

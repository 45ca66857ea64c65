import {chunked, head, host, id, lenient, type Message, refused, served, smuggled} from '../message.ts';

const syntax = 'RFC 9112 7.1';
const extensions = 'RFC 9112 7.1.1';
const trailers = 'RFC 9110 6.5, RFC 9112 7.1.2';
const good = (name: string, rule: string, coded: string): Message =>
  served(name, rule, chunked('/chunks', coded), {body: 'hello'});
/** The handler may have begun when the body turns out to be invalid. */
const bad = (name: string, rule: string, coded: string, status: number | readonly number[] = 400): Message =>
  refused(name, rule, chunked('/chunks', coded), status, {unanswered: 1});
const maybe = (name: string, rule: string, coded: string): Message =>
  lenient(name, rule, chunked('/chunks', coded), {body: 'hello'}, [200, 400], {unanswered: 1});

export const chunks: readonly Message[] = [
  good('two chunks', syntax, '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'),
  good('one chunk for each byte', syntax, '1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n0\r\n\r\n'),
  good('zeros before the size', syntax, '0000005\r\nhello\r\n0000\r\n\r\n'),
  served('no data', syntax, chunked('/chunks', '0\r\n\r\n'), {body: ''}),
  served('sizes in hexadecimal', syntax, chunked('/chunks', `A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n`), {
    body: '01234567890123456789',
  }),
  served('data with CRLF', syntax, chunked('/chunks', '4\r\n\r\n\r\n\r\n0\r\n\r\n'), {body: '\r\n\r\n'}),
  served('in pieces', syntax, [chunked('/chunks', '5'), 10, '\r', 10, '\nhel', 10, 'lo\r', 10, '\n0\r\n', 10, '\r\n'], {
    body: 'hello',
  }),
  ...[
    '',
    'g',
    '0x5',
    '-5',
    '+5',
    ' 5',
    '5 5',
    '5h',
    '5.0',
    '"5"',
    '\u00b2',
    'FFFFFFFFFFFFFFFFF',
    '10000000000000005',
    '5\0',
  ].map((size) => bad(`the chunk size ${JSON.stringify(size)}`, syntax, `${size}\r\nhello\r\n0\r\n\r\n`, [400, 413])),
  bad('data that is longer than its size', syntax, '4\r\nhello\r\n0\r\n\r\n'),
  bad('data that is shorter than its size', syntax, '6\r\nhello\r\n0\r\n\r\n'),
  bad('no CRLF behind the data', syntax, '5\r\nhello0\r\n\r\n'),
  bad('LF behind the size', 'RFC 9112 2.2, 7.1: CRLF', '5\nhello\r\n0\r\n\r\n'),
  bad('LF behind the data', syntax, '5\r\nhello\n0\r\n\r\n'),
  bad('LF behind the last chunk', syntax, '5\r\nhello\r\n0\n\r\n'),
  bad('CR behind the size', syntax, '5\rhello\r\n0\r\n\r\n'),
  bad('two bytes in place of CRLF behind the data', syntax, '5\r\nhelloXX0\r\n\r\n'),
  good('an extension', extensions, '5;name\r\nhello\r\n0\r\n\r\n'),
  good('an extension with a value', extensions, '5;name=value\r\nhello\r\n0;last=1\r\n\r\n'),
  good('an extension with a quoted value', extensions, '5;name="a; \\"b\\" c"\r\nhello\r\n0\r\n\r\n'),
  good('two extensions', extensions, '5;a=1;b\r\nhello\r\n0\r\n\r\n'),
  maybe('whitespace before an extension', `${extensions}: BWS`, '5 ;name\r\nhello\r\n0\r\n\r\n'),
  maybe('whitespace behind the size', extensions, '5 \r\nhello\r\n0\r\n\r\n'),
  maybe('an extension without a name', extensions, '5;\r\nhello\r\n0\r\n\r\n'),
  maybe('an extension with an empty value', extensions, '5;a=\r\nhello\r\n0\r\n\r\n'),
  bad('CR in an extension', `${extensions}, 2.2`, '5;a\rb\r\nhello\r\n0\r\n\r\n'),
  bad('LF in an extension', `${extensions}, 2.2`, `5;a\n${smuggled}\r\nhello\r\n0\r\n\r\n`),
  bad('NUL in an extension', extensions, '5;a\0\r\nhello\r\n0\r\n\r\n'),
  bad(
    'an extension of 100 kB',
    `${extensions}: a limit SHOULD be set`,
    `5;${'a'.repeat(100_000)}\r\nhello\r\n0\r\n\r\n`,
    [400, 413, 431],
  ),
  lenient(
    '1,000 chunks with long extensions',
    `${extensions}: their sum ought to be limited`,
    chunked('/chunks', `${`1;${'a'.repeat(200)}\r\nx\r\n`.repeat(1000)}0\r\n\r\n`),
    {body: 'x'.repeat(1000)},
    [200, 400, 413, 431],
    {unanswered: 1},
  ),
  {
    name: 'a chunked body that ends too early',
    rule: 'RFC 9112 8: incomplete, never processed as if complete',
    send: [chunked('/chunks', '5\r\nhello\r\n'), 'FIN'],
    answers: [{status: [400, 408]}],
    after: 'closed',
    unanswered: 1,
    silence: true,
  },
  {
    name: 'a chunked body without its last line',
    rule: 'RFC 9112 7.1: the trailer section ends with an empty line',
    send: [chunked('/chunks', '5\r\nhello\r\n0\r\n'), 'FIN'],
    answers: [{status: [400, 408]}],
    after: 'closed',
    unanswered: 1,
    silence: true,
  },
];

const trailing = (...lines: readonly string[]): string =>
  `5\r\nhello\r\n0\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

export const trailerFields: readonly Message[] = [
  served('a trailer', trailers, chunked('/chunks', trailing('X-Sum: 15'), 'Trailer: X-Sum'), {
    body: 'hello',
    fields: {'x-sum': undefined},
    trailers: {'x-sum': '15'},
  }),
  served(
    'a trailer that was not announced',
    `${trailers}: MUST NOT be merged`,
    chunked('/chunks', trailing('X-Sum: 15')),
    {
      body: 'hello',
      fields: {'x-sum': undefined},
    },
  ),
  served('two trailers', trailers, chunked('/chunks', trailing('X-A: 1', 'X-B: 2')), {
    trailers: {'x-a': '1', 'x-b': '2'},
  }),
  ...[
    'Content-Length: 3',
    'Transfer-Encoding: chunked',
    'Host: other.example',
    'Authorization: Basic YTpi',
    'Connection: close',
    'Content-Type: text/html',
    'X-Forwarded-For: 10.0.0.1',
    'Cookie: a=1',
  ].map((line) =>
    lenient(
      `the trailer ${line}`,
      'RFC 9110 6.5.1: refused or ignored, never merged',
      chunked('/chunks', trailing(line)),
      {
        body: 'hello',
        fields: {
          [line.startsWith('Host') ? 'x-none' : (line.split(':')[0] ?? '').toLowerCase()]: line.startsWith('Transfer')
            ? 'chunked'
            : undefined,
        },
      },
      [200, 400],
      {unanswered: 1},
    ),
  ),
  bad('a trailer without a colon', 'RFC 9112 5', trailing('X-Sum')),
  bad('a trailer with a space before its colon', 'RFC 9112 5.1', trailing('X-Sum : 15')),
  bad('a trailer without a name', 'RFC 9112 5', trailing(': 15')),
  bad('NUL in a trailer', 'RFC 9110 5.5', trailing('X-Sum: \0')),
  bad('CR in a trailer', 'RFC 9112 2.2', trailing('X-Sum: a\rb')),
  bad('a request line in place of trailers', 'RFC 9112 7.1.2', `5\r\nhello\r\n0\r\n${smuggled}`),
  bad('trailers of 100 kB', 'RFC 9110 5.4', trailing(`X-Sum: ${'a'.repeat(100_000)}`), [400, 413, 431]),
  maybe('a folded trailer', 'RFC 9112 5.2', trailing('X-Sum: a', ' b')),
  served(
    'trailers of an HTTP/1.1 client that says TE',
    'RFC 9110 10.1.4',
    `${head('POST /chunks HTTP/1.1', 'TE: trailers', 'Connection: TE', 'Transfer-Encoding: chunked')}${trailing('X-Sum: 15')}`,
    {body: 'hello'},
  ),
  {
    name: 'noise behind a chunked body',
    rule: 'RFC 9112 3, 9.3: the first is answered, the noise refused',
    send: [chunked('/chunks', '5\r\nhello\r\n0\r\n\r\n5\r\nhello\r\n')],
    answers: [{status: 200, seen: {body: 'hello'}}, {status: 400}],
    after: 'closed',
  },
  served(
    'a chunked body, then a request in the same packet',
    'RFC 9112 9.3.2',
    `${chunked('/first', '5\r\nhello\r\n0\r\n\r\n')}GET /second HTTP/1.1\r\n${host}${id}\r\n`,
    {},
    {
      answers: [
        {status: 200, seen: {body: 'hello'}},
        {status: 200, seen: {target: '/second', url: 'http://@host/second'}},
      ],
    },
  ),
];

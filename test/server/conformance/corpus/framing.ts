import {chunked, get, head, lenient, type Message, post, refused, served, smuggled} from '../message.ts';

const length = 'RFC 9110 8.6, RFC 9112 6.3';
const coding = 'RFC 9112 6.1, 7';
const both = 'RFC 9112 6.1, 6.3';
const five = '5\r\nhello\r\n0\r\n\r\n';
const body = (...fields: readonly string[]): string => head('POST /body HTTP/1.1', ...fields);
const withLength = (value: string): string => `${body(`Content-Length:${value}`)}hello`;
const withCoding = (...values: readonly string[]): string =>
  `${body(...values.map((value) => `Transfer-Encoding:${value}`))}${five}`;
/** With both: a server that takes the length processes the smuggled request. */
const pair = (coded: string): string =>
  `${body(coded, 'Content-Length: 4')}${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;

export const lengths: readonly Message[] = [
  served('Content-Length', length, withLength(' 5'), {body: 'hello'}),
  served('Content-Length: 0', length, `${body('Content-Length: 0')}`, {body: ''}),
  served('a POST without a body', 'RFC 9112 6.3', body(), {body: ''}),
  served('whitespace around the length', 'RFC 9110 5.5', withLength('\t 5 \t'), {body: 'hello'}),
  served('zeros before the length', 'RFC 9110 8.6: digits', withLength(' 0005'), {body: 'hello'}),
  ...[
    '+5',
    '-5',
    '-0',
    '0x5',
    '5.0',
    '5e0',
    '5 5',
    '5;',
    '5a',
    'a5',
    '',
    '1_0',
    '"5"',
    '5, 6',
    '5,',
    ',5',
    'five',
    '\u00b2',
    '18446744073709551621',
    '9'.repeat(60),
  ].map((value) =>
    refused(`Content-Length: ${value}`, `${length}: MUST be refused`, withLength(` ${value}`), [400, 413]),
  ),
  lenient('Content-Length: 5, 5', 'RFC 9110 8.6: refused or taken as one', withLength(' 5, 5'), {body: 'hello'}),
  lenient(
    'the same length twice',
    'RFC 9110 8.6: refused or taken as one',
    `${body('Content-Length: 5', 'Content-Length: 5')}hello`,
    {
      body: 'hello',
    },
  ),
  refused('two lengths', `${length}: MUST be refused`, `${body('Content-Length: 5', 'Content-Length: 6')}hello`),
  refused(
    'two lengths that would smuggle',
    length,
    `${body('Content-Length: 0', `Content-Length: ${smuggled.length}`)}${smuggled}`,
  ),
  refused('the length behind a space', 'RFC 9112 5.1', `${body('Content-Length : 5')}hello`),
  lenient('a folded length', 'RFC 9112 5.2', `${body('Content-Length:', ' 5')}hello`, {body: 'hello'}),
  refused('a length beyond the limit', 'RFC 9110 15.5.14', body('Content-Length: 200000000'), 413),
  {
    name: 'a body that ends too early',
    rule: 'RFC 9112 8: incomplete, never processed as if complete',
    send: [`${body('Content-Length: 10')}hello`, 'FIN'],
    answers: [{status: [400, 408]}],
    after: 'closed',
    unanswered: 1,
    silence: true,
  },
  served('a body in pieces', length, [`${body('Content-Length: 5')}he`, 10, 'll', 10, 'o'], {body: 'hello'}),
  served('a body of 1 MB', length, post('/body', 'x'.repeat(1_000_000)), {body: 'x'.repeat(1_000_000)}),
];

export const codings: readonly Message[] = [
  served('chunked', coding, withCoding(' chunked'), {body: 'hello'}),
  served('chunked in other letters', 'RFC 9112 7: case-insensitive', withCoding(' cHunKed'), {body: 'hello'}),
  lenient('whitespace around the coding', 'RFC 9110 5.5: valid; a refusal is safe', withCoding('\t chunked \t'), {
    body: 'hello',
  }),
  served('the name in other letters', 'RFC 9110 5.1', `${body('tRANSFER-eNCODING: chunked')}${five}`, {body: 'hello'}),
  ...[
    'gzip, chunked',
    'junk, chunked',
    'identity, chunked',
    'gzip',
    'identity',
    'xchunked',
    'chunkedx',
    'chunked;q=1',
    'chunked; a=b',
    '"chunked"',
    "'chunked'",
    'chunked, gzip',
    'chunked, chunked',
    'chunked, identity',
    'chun ked',
    '\u000bchunked',
    '\u000cchunked',
    'chunked\u0000',
    '\u00a0chunked',
    'chunked,',
    'chunk',
    'x',
  ].map((value) =>
    refused(
      `Transfer-Encoding: ${value}`,
      `${coding}: only chunked is implemented`,
      withCoding(` ${value}`),
      [400, 501],
    ),
  ),
  refused('an empty Transfer-Encoding', coding, withCoding(''), [400, 501]),
  lenient(
    'an empty element before chunked',
    'RFC 9110 5.6.1.2',
    withCoding(' , chunked'),
    {body: 'hello'},
    [200, 400, 501],
  ),
  refused('chunked in two fields', 'RFC 9112 6.1: not more than once', withCoding(' chunked', ' chunked'), [400, 501]),
  refused('chunked, then another field', coding, withCoding(' chunked', ' identity'), [400, 501]),
  refused('another field, then chunked', coding, withCoding(' gzip', ' chunked'), [400, 501]),
  refused('an unknown coding of a GET', coding, get('/body', 'Transfer-Encoding: gzip'), [400, 501]),
  refused(
    'a coding of a GET that is chunked last',
    coding,
    `${get('/body', 'Transfer-Encoding: gzip, chunked')}0\r\n\r\n`,
    [400, 501],
  ),
  served('chunked of a GET', 'RFC 9112 6.3', `${get('/body', 'Transfer-Encoding: chunked')}${five}`, {method: 'GET'}),
  refused('the coding behind a space', 'RFC 9112 5.1', `${body('Transfer-Encoding : chunked')}${five}`),
  lenient(
    'a folded coding',
    'RFC 9112 5.2',
    `${body('Transfer-Encoding:', ' chunked')}${five}`,
    {body: 'hello'},
    [200, 400, 501],
  ),
  served(
    'an underscore in the name is another field',
    'RFC 9110 5.1',
    `${body('Transfer_Encoding: chunked', 'Content-Length: 5')}hello`,
    {
      body: 'hello',
    },
  ),
  lenient(
    'chunked in HTTP/1.0',
    'RFC 9112 6.1: faulty framing, MUST close',
    `${head('POST /body HTTP/1.0', 'Connection: keep-alive', 'Transfer-Encoding: chunked')}${five}${smuggled}`,
    {body: 'hello'},
    [200, 400, 501],
    {after: 'closed'},
  ),
];

export const smuggling: readonly Message[] = [
  lenient('chunked and a length', `${both}: MUST close`, pair('Transfer-Encoding: chunked'), {}, [200, 400], {
    after: 'closed',
  }),
  lenient(
    'a length, then chunked',
    `${both}: MUST close`,
    `${body('Content-Length: 5', 'Transfer-Encoding: chunked')}${five}`,
    {},
    [200, 400],
    {
      after: 'closed',
    },
  ),
  ...['xchunked', ' chunked, identity', '\u000bchunked', 'chunked\u000b', ' ,chunked', ' "chunked"', ' chunked;'].map(
    (value) => refused(`a length and Transfer-Encoding:${value}`, both, pair(`Transfer-Encoding:${value}`), [400, 501]),
  ),
  refused('a length and two codings', both, pair('Transfer-Encoding: chunked\r\nTransfer-Encoding: x'), [400, 501]),
  refused('a length and a coding behind a space', both, pair('Transfer-Encoding : chunked')),
  refused('a length and a coding behind a CR', both, pair('X: a\rTransfer-Encoding: chunked')),
  lenient(
    'a length and a coding behind an LF',
    'RFC 9112 2.2',
    pair('X: a\nTransfer-Encoding: chunked'),
    {},
    [200, 400],
    {after: 'closed'},
  ),
  lenient('a length and a folded coding', both, pair('Transfer-Encoding:\r\n chunked'), {}, [200, 400], {
    after: 'closed',
  }),
  refused(
    'a coding in capitals and a length in a list',
    both,
    `${body('TRANSFER-ENCODING: CHUNKED', 'Content-Length: 5, 6')}${five}`,
  ),
  refused('a length with a NUL', both, `${body('Content-Length: 5\0')}hello`),
  served('a body that looks like a request', length, post('/body', smuggled), {}),
  served(
    'a chunk that looks like a request',
    coding,
    chunked('/body', `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`),
  ),
  served(
    'a GET with a body that looks like a request',
    'RFC 9112 6.3',
    `${get('/body', `Content-Length: ${smuggled.length}`)}${smuggled}`,
  ),
];

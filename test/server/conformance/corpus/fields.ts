import {get, head, host, hostless, id, lenient, type Message, refused, served} from '../message.ts';

const names = 'RFC 9110 5.1, RFC 9112 5';
const values = 'RFC 9110 5.5';
const rest = `${host}${id}\r\n`;
const many = (count: number, name = 'a'): string => Array.from({length: count}, () => `${name}:b\r\n`).join('');

export const fields: readonly Message[] = [
  served('an empty value', values, get('/', 'X-Empty:'), {fields: {'x-empty': ''}}),
  served('whitespace around a value', values, get('/', 'X-Value: \t a b\t \t'), {fields: {'x-value': 'a b'}}),
  served('no whitespace before a value', values, get('/', 'X-Value:a'), {fields: {'x-value': 'a'}}),
  served('whitespace and colons in a value', values, get('/', 'X-Value: a  b\tc: d'), {
    fields: {'x-value': 'a  b\tc: d'},
  }),
  served('bytes beyond ASCII in a value', `${values}: obs-text is kept`, get('/', 'X-Value: caf\u00e9'), {
    fields: {'x-value': 'caf\u00e9'},
  }),
  served('all characters of a token in a name', names, get('/', "!#$%&'*+-.^_`|~09azAZ: x"), {
    fields: {"!#$%&'*+-.^_`|~09azaz": 'x'},
  }),
  served('names of JavaScript', names, get('/', '__proto__: a', 'constructor: b', 'hasOwnProperty: c'), {
    fields: {constructor: 'b', hasownproperty: 'c'},
  }),
  served('a field twice', 'RFC 9110 5.2: in order', get('/', 'X-List: a', 'X-Other: 1', 'x-list: b'), {
    fields: {'x-list': 'a, b'},
  }),
  served('120 fields', 'RFC 9110 5.4', get('/', ...Array.from({length: 120}, (_, index) => `X-${index}: ${index}`)), {
    fields: {'x-0': '0', 'x-119': '119'},
  }),
  served('a field of 7 kB', 'RFC 9110 5.4', get('/', `X-Long: ${'v'.repeat(7000)}`), {
    fields: {'x-long': 'v'.repeat(7000)},
  }),
  refused('a field of 20 kB', 'RFC 9110 5.4, RFC 6585 5', get('/', `X-Long: ${'v'.repeat(20_000)}`), 431),
  refused('a name of 20 kB', 'RFC 9110 5.4, RFC 6585 5', get('/', `${'n'.repeat(20_000)}: v`), 431),
  refused(
    'fields of 200 kB',
    'RFC 9110 5.4, RFC 6585 5',
    get('/', ...Array.from({length: 200}, () => `X: ${'v'.repeat(1000)}`)),
    431,
  ),
  lenient(
    'a field behind 2,400 others',
    'RFC 9110 5.4: refused or processed, never ignored',
    `GET / HTTP/1.1\r\n${host}${id}${many(2400)}X-Last: last\r\n\r\n`,
    {fields: {'x-last': 'last'}},
    [200, 400, 431],
  ),
  refused(
    'a second Host behind 2,400 other fields',
    'RFC 9112 3.2; RFC 9110 5.4',
    `GET / HTTP/1.1\r\n${host}${id}${many(2400)}Host: other.example\r\n\r\n`,
    [400, 431],
  ),
  lenient(
    'the length of a body behind 2,400 fields',
    'RFC 9110 5.4: the framing is that of all fields',
    `POST / HTTP/1.1\r\n${host}${id}${many(2400)}Content-Length: 5\r\n\r\nhello`,
    {body: 'hello'},
    [200, 400, 431],
  ),
  refused('a space before a colon', 'RFC 9112 5.1: MUST be refused', get('/', 'X-Value : a')),
  refused('a tab before a colon', 'RFC 9112 5.1: MUST be refused', get('/', 'X-Value\t: a')),
  refused('no colon', 'RFC 9112 5', get('/', 'X-Value')),
  refused('an empty name', names, get('/', ': a')),
  refused('a space in a name', names, get('/', 'X Value: a')),
  ...['(', ')', ',', '/', ';', '<', '=', '>', '?', '@', '[', '\\', ']', '{', '}', '"'].map((character) =>
    refused(`${character} in a name`, names, get('/', `X${character}: a`)),
  ),
  refused('a byte beyond ASCII in a name', names, get('/', 'caf\u00e9: a')),
  refused('NUL in a name', names, get('/', 'X\0: a')),
  refused('NUL in a value', `${values}: refused or replaced by a space`, get('/', 'X-Value: a\0b')),
  refused('CR in a value', `${values}, RFC 9112 2.2`, get('/', 'X-Value: a\rb')),
  refused('CR in a value that looks like a field', 'RFC 9112 2.2', get('/', 'X-Value: a\rTransfer-Encoding: chunked')),
  refused('CR CR LF', 'RFC 9112 2.2', get('/', 'X-Value: a\r')),
  lenient(
    'LF in a value that looks like a field',
    'RFC 9112 2.2: MAY end the line',
    get('/', 'X-Value: a\nX-Next: b'),
    {
      fields: {'x-value': 'a', 'x-next': 'b'},
    },
  ),
  lenient('another control character in a value', `${values}: MAY be kept`, get('/', 'X-Value: a\u0001b'), {
    fields: {'x-value': 'a\u0001b'},
  }),
  lenient('DEL in a value', `${values}: MAY be kept`, get('/', 'X-Value: a\u007fb'), {fields: {'x-value': 'a\u007fb'}}),
  lenient('a folded value', 'RFC 9112 5.2: refused, or folded into spaces', get('/', 'X-Value: a', ' b'), {
    fields: {'x-value': 'a b'},
  }),
  lenient('a value folded with a tab', 'RFC 9112 5.2', get('/', 'X-Value: a', '\tb'), {}),
  lenient(
    'a value folded into what looks like a field',
    'RFC 9112 5.2',
    get('/', 'X-Value: a', ' Host: other.example'),
    {
      fields: {host: 'service.example'},
    },
  ),
  lenient(
    'whitespace before the first field',
    'RFC 9112 2.2: MUST be refused, or the line ignored',
    `GET / HTTP/1.1\r\n X-Fold: a\r\n${rest}`,
    {fields: {'x-fold': undefined}},
  ),
  lenient('a line of spaces among the fields', 'RFC 9112 5.2', `GET / HTTP/1.1\r\n${host} \r\n${id}\r\n`),
  refused('a request line among the fields', 'RFC 9112 5', get('/', 'GET /smuggled HTTP/1.1')),
  served(
    'Connection names the id',
    'RFC 9110 7.6.1: hop-by-hop for proxies',
    get('/', 'X-Hop: 1', 'Connection: x-hop'),
    {
      method: 'GET',
    },
  ),
  served('Cookies', 'RFC 6265 5.4', get('/', 'Cookie: a=1; b=2'), {fields: {cookie: 'a=1; b=2'}}),
  served(
    'Content-Type of nonsense',
    'RFC 9110 8.3',
    `${head('POST / HTTP/1.1', 'Content-Type: ;;', 'Content-Length: 2')}ab`,
    {
      body: 'ab',
    },
  ),
  served('Accept-Encoding that is invalid', 'RFC 9110 12.5.3', get('/', 'Accept-Encoding: ;q=;;'), {method: 'GET'}),
  served(
    'Content-Encoding of a request',
    'RFC 9110 8.4: passed on',
    `${head('POST / HTTP/1.1', 'Content-Encoding: gzip', 'Content-Length: 2')}ab`,
    {
      body: 'ab',
    },
  ),
  served('Range', 'RFC 9110 14.2', get('/', 'Range: bytes=0-1'), {fields: {range: 'bytes=0-1'}}),
  refused('no fields and no Host', 'RFC 9112 3.2', 'GET /none HTTP/1.1\r\n\r\n'),
  served('no fields in HTTP/1.0', 'RFC 9112 3.2', hostless('GET /none HTTP/1.0'), {target: '/none'}),
];

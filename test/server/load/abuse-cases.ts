import {head} from './raw-client.ts';

/** Bytes that a server must not parse as a request, or not as more than one. */
export interface AbuseCase {
  readonly name: string;
  readonly bytes: string | Uint8Array;
}

// If two programs parse the length of a message differently, the rest of its body is a request to one of them.
const hidden = head('GET /smuggled HTTP/1.1', 'Host: service');
const hiddenLength = String(hidden.length);
const post = (headers: readonly string[], body: string): string =>
  head('POST /echo HTTP/1.1', 'Host: service', ...headers) + body;
const get = (...headers: readonly string[]): string => head('GET / HTTP/1.1', ...headers);
const chunked = 'Transfer-Encoding: chunked';

/** Two lengths, or an ambiguous length (RFC 9112, 6.3 and 11.2). */
export const smuggling: readonly AbuseCase[] = [
  {
    name: 'Content-Length before chunked',
    bytes: post([`Content-Length: ${hidden.length + 5}`, chunked], `0\r\n\r\n${hidden}`),
  },
  {
    name: 'chunked before Content-Length',
    bytes: post([chunked, 'Content-Length: 4'], `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`),
  },
  {name: 'chunked and Content-Length: 0', bytes: post([chunked, 'Content-Length: 0'], `0\r\n\r\n${hidden}`)},
  {
    name: 'two different Content-Lengths',
    bytes: post(['Content-Length: 0', `Content-Length: ${hiddenLength}`], hidden),
  },
  {
    name: 'two different Content-Lengths, the other way round',
    bytes: post([`Content-Length: ${hiddenLength}`, 'Content-Length: 0'], hidden),
  },
  ...[
    '0, 5',
    '+5',
    '-1',
    '5 5',
    '0x5',
    '1e1',
    '5;',
    '"5"',
    '５',
    '99999999999999999999',
    '18446744073709551616',
    '',
  ].map((length): AbuseCase => ({
    name: `Content-Length: ${length}`,
    bytes: Buffer.from(post([`Content-Length: ${length}`], hidden), 'utf8'),
  })),
  {name: 'a space before the colon of Content-Length', bytes: post([`Content-Length : ${hiddenLength}`], hidden)},
  {
    name: 'a space before the colon of Transfer-Encoding',
    bytes: post(['Transfer-Encoding : chunked'], `0\r\n\r\n${hidden}`),
  },
  ...[
    'xchunked',
    'chunked, identity',
    'identity',
    'identity, chunked, identity',
    'chunked-not',
    '"chunked"',
    'chunked\x0b',
    '\x0bchunked',
    'chunked;q=1',
    '',
  ].map((coding): AbuseCase => ({
    name: `Transfer-Encoding: ${JSON.stringify(coding)}`,
    bytes: post([`Transfer-Encoding: ${coding}`], `0\r\n\r\n${hidden}`),
  })),
  {
    name: 'chunked and then another coding in a second header',
    bytes: post([chunked, 'Transfer-Encoding: identity'], `0\r\n\r\n${hidden}`),
  },
  {
    name: 'chunked in a folded header, together with a length',
    bytes: post(['X: y\r\n Transfer-Encoding: chunked', 'Content-Length: 5'], `0\r\n\r\n${hidden}`),
  },
  {name: 'a header after a bare CR', bytes: post(['X: y\rContent-Length: 0'], hidden)},
  {
    name: 'a header after a bare LF',
    bytes: post([`X: y\nContent-Length: ${hiddenLength}`, 'Content-Length: 0'], hidden),
  },
  {name: 'a header after a NUL', bytes: post([`X: y\0`, 'Content-Length: 0'], hidden)},
];

const chunks = (body: string): string => post([chunked], body);

export const badChunks: readonly AbuseCase[] = [
  {name: 'a size that is no number', bytes: chunks(`zz\r\n${hidden}`)},
  {name: 'a negative size', bytes: chunks(`-1\r\n${hidden}`)},
  {name: 'a size with a sign', bytes: chunks(`+5\r\nhello\r\n0\r\n\r\n`)},
  {name: "a size in C's manner", bytes: chunks(`0x5\r\nhello\r\n0\r\n\r\n`)},
  {name: 'a size beyond 64 bits', bytes: chunks(`FFFFFFFFFFFFFFFF1\r\n${hidden}`)},
  {name: 'an empty size', bytes: chunks(`\r\n${hidden}`)},
  {name: 'more bytes than the size says', bytes: chunks(`3\r\nhello\r\n0\r\n\r\n`)},
  {name: 'a size that ends with a bare LF', bytes: chunks(`5\nhello\n0\n\n`)},
  {name: 'no line end after the bytes', bytes: chunks(`5\r\nhello0\r\n\r\n`)},
  {name: 'an extension of 40 KB', bytes: chunks(`5;x=${'y'.repeat(40_000)}\r\nhello\r\n0\r\n\r\n`)},
  {name: 'trailers of 40 KB', bytes: chunks(`5\r\nhello\r\n0\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`)},
];

export const notHttp: readonly AbuseCase[] = [
  {name: 'no Host', bytes: get()},
  {name: 'bare LFs', bytes: 'GET / HTTP/1.1\nHost: service\n\n'},
  {name: 'HTTP 9.9', bytes: head('GET / HTTP/9.9', 'Host: service')},
  {name: 'a lower case method', bytes: head('get / HTTP/1.1', 'Host: service')},
  {name: 'an unknown method', bytes: head('FETCHME / HTTP/1.1', 'Host: service')},
  {name: 'the preface of HTTP/2', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'},
  {name: 'TLS', bytes: Buffer.from('1603010200010001fc0303', 'hex')},
  {name: 'an SSH client', bytes: 'SSH-2.0-OpenSSH_9.2\r\n'},
  {name: 'zeros', bytes: Buffer.alloc(5000)},
  {name: 'a header without a name', bytes: get('Host: service', ': value')},
  {name: 'a header without a colon', bytes: get('Host: service', 'nothing')},
  {name: "a space in a header's name", bytes: get('Host: service', 'X Y: z')},
  {name: 'a control character in a value', bytes: get('Host: service', 'X: \x01')},
  {name: 'headers of 40 KB', bytes: get('Host: service', `X: ${'y'.repeat(40_000)}`)},
  {name: 'an address of 40 KB', bytes: head(`GET /${'y'.repeat(40_000)} HTTP/1.1`, 'Host: service')},
  {
    name: 'ten thousand headers',
    bytes: get('Host: service', ...Array.from({length: 10_000}, (_, index) => `X${index}: y`)),
  },
  {name: 'CONNECT', bytes: head('CONNECT service:443 HTTP/1.1', 'Host: service:443')},
];

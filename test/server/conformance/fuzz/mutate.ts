import {below, type FuzzRequest, pick, type Random} from './grammar.ts';

type Mutation = (random: Random, request: FuzzRequest) => FuzzRequest;

const lines: readonly string[] = [
  'Host: other.example',
  'Host: a b',
  'Host:',
  'Content-Length: 5',
  'Content-Length: 0',
  'Content-Length: -1',
  'Content-Length: 99999999999999999999',
  'Content-Length: 200000000',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding : chunked',
  ' folded',
  'Connection: close',
  'Connection: keep-alive, upgrade',
  'Upgrade: h2c',
  'Expect: 100-continue',
  'Expect: nothing',
  'Trailer: Content-Length',
  'no colon',
  ': no name',
  `X-Long: ${'l'.repeat(20_000)}`,
  'X-Control: \u0001\u007f',
  'X-Null: \0',
];
const requestLines: readonly string[] = [
  'GET * HTTP/1.1',
  'OPTIONS * HTTP/1.1',
  'GET //other/echo HTTP/1.1',
  'GET http://other.example/echo HTTP/1.1',
  'GET http://[/echo HTTP/1.1',
  'CONNECT a:1 HTTP/1.1',
  'TRACE /echo HTTP/1.1',
  'GET /echo HTTP/2.0',
  'GET /echo HTTP/0.9',
  'GET /echo',
  'GET /echo HTTP/1.0',
  'get /echo HTTP/1.1',
  'POST /echo#f HTTP/1.1',
  `GET /${'p'.repeat(20_000)} HTTP/1.1`,
];

const structural: readonly Mutation[] = [
  // A field twice, gone, in another place, or one of the list.
  (random, request) => ({
    ...request,
    fields: request.fields.flatMap((line) => (random() < 0.3 ? [line, line] : [line])),
  }),
  (random, request) => ({...request, fields: request.fields.filter(() => random() < 0.7)}),
  (random, request) => ({...request, fields: request.fields.toSorted(() => random() - 0.5)}),
  (random, request) => ({
    ...request,
    fields: request.fields.toSpliced(below(random, request.fields.length + 1), 0, pick(random, lines)),
  }),
  (random, request) => ({...request, line: pick(random, requestLines)}),
  // Sizes and framing that do not fit.
  (random, request) => ({
    ...request,
    fields: request.fields.map((line) =>
      line.startsWith('Content-Length')
        ? `Content-Length: ${Math.max(0, Number(line.slice(16)) + below(random, 21) - 10)}`
        : line,
    ),
  }),
  (random, request) => ({
    ...request,
    body: request.body.replace(/^[0-9a-f]+/, (size) =>
      pick(random, [`0${size}`, `${size}0`, `-${size}`, `${size};`, ' ', 'ffffffffff', '0']),
    ),
  }),
  (random, request) => ({
    ...request,
    body: request.body.replaceAll('\r\n', () => (random() < 0.2 ? pick(random, ['\n', '\r', '', '\r\n\r\n']) : '\r\n')),
  }),
  (random, request) => ({...request, body: request.body.replace(/\r\n\r\n$/, `\r\n${pick(random, lines)}\r\n\r\n`)}),
  (random, request) => ({
    ...request,
    fields: request.fields.map((line) =>
      random() < 0.3 ? line.replace(': ', pick(random, [':', ' : ', ':\t', ':\r\n ', ':\n'])) : line,
    ),
  }),
  (random, request) => ({
    ...request,
    fields: request.fields.map((line) => (random() < 0.3 ? line.toUpperCase() : line)),
  }),
];

/** One to three changes to the structure of a request. */
export function mutateRequest(random: Random, request: FuzzRequest): FuzzRequest {
  let mutated = request;
  for (let count = 1 + below(random, 3); count > 0; count -= 1) mutated = pick(random, structural)(random, mutated);
  return mutated;
}

const bits: readonly string[] = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  ' ',
  '\t',
  ':',
  '\u00ff',
  '0',
  'HTTP/1.1',
  'GET / HTTP/1.1\r\n\r\n',
];

/** A change to the bytes, wherever it falls. */
export function mutateText(random: Random, text: string): string {
  const at = below(random, text.length);
  const end = at + below(random, 20);
  return pick(random, [
    () => text.slice(0, at) + pick(random, bits) + text.slice(at),
    () => text.slice(0, at) + String.fromCharCode(below(random, 256)) + text.slice(at + 1),
    () => text.slice(0, at) + text.slice(end),
    () => text.slice(0, end) + text.slice(at),
    () => text.slice(0, at),
  ])();
}

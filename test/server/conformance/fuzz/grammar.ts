/** Random numbers in [0, 1). */
export type Random = () => number;

export const pick = <T>(random: Random, values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
export const below = (random: Random, limit: number): number => Math.floor(random() * limit);

/** A request in pieces, so that mutations can work on its structure. */
export interface FuzzRequest {
  readonly id: string;
  readonly line: string;
  readonly fields: readonly string[];
  readonly body: string;
  /** Whether the service reads the body and answers in any case. */
  readonly certain: boolean;
  /** Whether it announces the end of the connection. */
  readonly closes: boolean;
}

const certain = ['/echo', '/echo', '/slow', '/stream', '/early'];
/** What ends the body, or the request, from inside. */
const uncertain = ['/break', '/gunzip', '/throw'];
const fields: readonly string[] = [
  'Accept: */*',
  'Cookie: a=1; b=2',
  'X-Empty:',
  'Accept-Encoding: gzip, br',
  'User-Agent: fuzzer (caf\u00e9)',
  'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  'X-Request-Id: abc',
  'Via: 1.1 proxy',
  'X-Forwarded-For: 10.0.0.1, 10.0.0.2',
];
const rareFields: readonly string[] = [
  'Connection: keep-alive',
  'Connection: close',
  'Connection: Upgrade\r\nUpgrade: h2c',
  'Connection: Upgrade\r\nUpgrade: websocket',
  'Expect: 100-continue',
  'TE: trailers',
];

/**
 * A valid request.
 * @param more further methods. HEAD is none for a request that is mutated: its answer could not be read.
 */
export function makeRequest(random: Random, id: string, more: readonly string[]): FuzzRequest {
  const isCertain = random() < 0.85;
  const path = pick(random, isCertain ? certain : uncertain);
  const hasBody = random() < 0.5;
  const method = hasBody
    ? pick(random, ['POST', 'PUT', 'PATCH'])
    : pick(random, ['GET', 'GET', 'GET', 'DELETE', 'OPTIONS', ...more]);
  const version = random() < 0.05 ? '1.0' : '1.1';
  const text = hasBody ? 'b'.repeat(below(random, random() < 0.1 ? 200_000 : 300)) : '';
  // In HTTP/1.0 there is no transfer coding.
  const chunked = hasBody && version === '1.1' && random() < 0.5;
  const rare = random() < 0.15 ? [pick(random, rareFields)] : [];
  return {
    id,
    closes: version === '1.0' || rare.includes('Connection: close'),
    line: `${method} ${path}?id=${id} HTTP/${version}`,
    fields: [
      'Host: service.example',
      `X-Id: ${id}`,
      ...fields.filter(() => random() < 0.2),
      ...rare,
      ...(hasBody ? [chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${text.length}`] : []),
    ],
    body: chunked ? chunksOf(random, text) : text,
    certain: isCertain,
  };
}

function chunksOf(random: Random, text: string): string {
  let coded = '';
  for (let at = 0; at < text.length;) {
    const size = Math.min(text.length - at, 1 + below(random, 1 + text.length / 2));
    const extension = random() < 0.2 ? pick(random, [';a', ';a=b', ';a="b;c"']) : '';
    coded += `${size.toString(16)}${extension}\r\n${text.slice(at, at + size)}\r\n`;
    at += size;
  }
  return `${coded}0\r\n${random() < 0.2 ? 'X-Trailer: t\r\n' : ''}\r\n`;
}

export const textOf = ({line, fields: lines, body}: FuzzRequest): string =>
  `${[line, ...lines].join('\r\n')}\r\n\r\n${body}`;

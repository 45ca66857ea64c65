import type {IncomingMessage} from 'node:http';
import type {Head} from './messages.ts';

/** The head of a request as bytes of HTTP/1.1, in latin1, which is how Node reads headers. */
export function requestHead({
  method = 'GET',
  url = '/',
  rawHeaders,
}: Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders'>): string {
  let text = `${method} ${url} HTTP/1.1\r\n`;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    // The loop has answered it already.
    if (name.length !== 6 || name.toLowerCase() !== 'expect') text += `${name}: ${rawHeaders[index + 1]}\r\n`;
  }
  return `${text}\r\n`;
}

/** Between two threads: the loop decides how the answer is framed, and whether the connection is kept. */
const ours: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'date']);

/** The head of an answer, without the empty line. Undefined where it is none. */
export function readHead(text: string): Head | undefined {
  const [first = '', ...lines] = text.split('\r\n');
  const match = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(first);
  if (match === null) return undefined;
  const headers: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (!ours.has(name.toLowerCase())) headers.push(name, line.slice(colon + 1).trim());
  }
  return {status: Number(match[1]), reason: match[2] ?? '', headers};
}

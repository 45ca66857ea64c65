import type {IncomingMessage} from 'node:http';
import type {ResponseHead} from './messages.ts';

/** The head of a request in HTTP/1.1, to be encoded as latin1, which is how Node reads headers. */
export function requestHead({
  method = 'GET',
  url = '/',
  rawHeaders,
}: Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders'>): string {
  let text = `${method} ${url} HTTP/1.1\r\n`;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    // The event loop has answered it already.
    if (name.length !== 6 || name.toLowerCase() !== 'expect') text += `${name}: ${rawHeaders[index + 1]}\r\n`;
  }
  return `${text}\r\n`;
}

/** Headers that the event loop decides: the framing of the response, and whether the connection stays open. */
const connectionHeaders: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding', 'date']);

/** Parses the head of a response, without the empty line. Undefined if it is not one. */
export function parseHead(text: string): ResponseHead | undefined {
  const [first = '', ...lines] = text.split('\r\n');
  const match = /^HTTP\/1\.[01] (\d{3}) ?(.*)$/.exec(first);
  if (match === null) return undefined;
  const headers: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon);
    if (!connectionHeaders.has(name.toLowerCase())) headers.push(name, line.slice(colon + 1).trim());
  }
  return {status: Number(match[1]), reason: match[2] ?? '', headers};
}

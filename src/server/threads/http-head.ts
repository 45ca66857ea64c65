import type {IncomingMessage} from 'node:http';

/** The head of a request as HTTP/1 text, to be encoded as latin1, which is how Node reads headers. */
export function requestHead({
  method = 'GET',
  url = '/',
  httpVersion,
  rawHeaders,
}: Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'rawHeaders'>): string {
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let index = 0; index < rawHeaders.length; index += 2)
    text += `${rawHeaders[index]}: ${rawHeaders[index + 1]}\r\n`;
  return `${text}\r\n`;
}

/** Trailers as lines of text. */
export function trailerLines(raw: readonly string[]): string {
  let text = '';
  for (let index = 0; index < raw.length; index += 2) text += `${raw[index]}: ${raw[index + 1]}\r\n`;
  return text;
}

/** How the body of a request is framed (RFC 9112, 6.3): Transfer-Encoding overrides a length. */
export function bodyFraming(raw: readonly string[]): 'complete' | 'length' | 'chunked' {
  let framing: 'complete' | 'length' = 'complete';
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string;
    if (name.length === 14 && name.toLowerCase() === 'content-length') framing = 'length';
    if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') return 'chunked';
  }
  return framing;
}

/** Whether the head of a response says that the connection is closed after it. */
export const saysClose = (text: string): boolean => /\r\nconnection: *(?:[^\r]*,)? *close *[,\r]/i.test(text);

/** The head of a response with `Connection: close` in place of `keep-alive`; other options of the connection stay. */
export function closingHead(text: string): string {
  if (/\r\nconnection: *close\r\n/i.test(text)) return text;
  const options = ['close'];
  // Without the empty line.
  const rest = text.slice(0, -2).replaceAll(/\r\n(?:connection: *([^\r]*)|keep-alive:[^\r]*)/gi, (_, value = '') => {
    for (const option of String(value).split(','))
      if (!/^\s*(?:close|keep-alive)?\s*$/i.test(option)) options.push(option.trim());
    return '';
  });
  const line = `Connection: ${options.join(', ')}\r\n`;
  // Where node:http puts it: before the framing, which comes last.
  const framed = rest.replace(/(?:content-length|transfer-encoding):[^\r]*\r\n$/i, (framing) => line + framing);
  return `${framed === rest ? rest + line : framed}\r\n`;
}

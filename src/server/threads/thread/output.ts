import type {Duplex} from 'node:stream';
import {endsConnection, responseOf, sentHead} from '../../process/node-internals.ts';
import {type FromThread, maxText, passable, type ResponseHead} from '../messages.ts';

/** What a service has written to a connection and the event loop has not got yet. */
export interface Output {
  /** Adds what was written. Returns bytes that come before the response, a 1xx, to be sent at once. */
  readonly put: (chunk: Buffer | string, encoding: BufferEncoding) => string | undefined;
  readonly isEmpty: () => boolean;
  /** Begins with the next response. */
  readonly reset: () => void;
  /** Everything since the last call. */
  readonly take: () => Pick<FromThread & {readonly type: 'response'}, 'head' | 'chunks' | 'encoding'>;
  /** Characters and bytes that were added, and have not been acknowledged. */
  inTransit: number;
}

/**
 * Separates the head of a response from its body, and joins small parts of the body. The head is taken from the response
 * itself, which has just written it: nothing is parsed.
 * @param raw whether it is an upgraded connection, without a head
 */
export function collectOutput(socket: Duplex, raw: boolean): Output {
  let head: ResponseHead | undefined;
  let headSent = raw;
  let chunks: (Uint8Array | string)[] = [];
  let encoding: 'latin1' | 'utf8' | undefined;

  /** The head of the response begins the first write of it. False for bytes before that. */
  function putHead(chunk: Buffer | string, written: BufferEncoding): boolean {
    const response = responseOf(socket);
    const text = response === undefined ? '' : sentHead(response);
    if (response === undefined || text === '' || typeof chunk !== 'string' || !chunk.startsWith(text)) return false;
    headSent = true;
    head = {text, status: response.statusCode, last: endsConnection(response)};
    // A head that was written alone is latin1, whatever the text that follows.
    if (chunk.length === text.length) encoding = 'latin1';
    else add(chunk.slice(text.length), written);
    return true;
  }
  /** Text is joined as long as it has one encoding, and so are small buffers. */
  function add(chunk: Buffer | string, written: BufferEncoding): void {
    if (chunk.length === 0) return;
    const part = typeof chunk === 'string' ? textPart(chunk, written) : bytesPart(chunk);
    output.inTransit += part.length;
    const last = chunks.length - 1;
    if (typeof part === 'string' && typeof chunks[last] === 'string') chunks[last] += part;
    else chunks.push(part);
  }
  function textPart(text: string, written: BufferEncoding): Uint8Array | string {
    const kind = written === 'utf8' || written === 'utf-8' ? 'utf8' : latin1Names.has(written) ? 'latin1' : undefined;
    if (kind !== undefined && (encoding === undefined || encoding === kind)) {
      encoding = kind;
      return text;
    }
    return new Uint8Array(Buffer.from(text, written));
  }
  function bytesPart(bytes: Uint8Array): Uint8Array | string {
    if (encoding === 'utf8' || bytes.length > maxText) return new Uint8Array(bytes);
    encoding = 'latin1';
    return passable(bytes);
  }
  const output: Output = {
    inTransit: 0,
    put: (chunk, written) => {
      if (headSent) add(chunk, written);
      else if (!putHead(chunk, written)) return typeof chunk === 'string' ? chunk : chunk.toString('latin1');
      return undefined;
    },
    reset: () => {
      headSent = false;
      output.inTransit = 0;
    },
    isEmpty: () => head === undefined && chunks.length === 0,
    take: () => {
      const taken = {head, chunks, encoding: encoding ?? 'latin1'} as const;
      [head, chunks, encoding] = [undefined, [], undefined];
      return taken;
    },
  };
  return output;
}

/** What Node writes as one byte for each character. */
const latin1Names: ReadonlySet<string> = new Set(['latin1', 'binary', 'ascii']);

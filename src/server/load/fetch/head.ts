import {fieldsOf} from './response.ts';

/** The head of a response, ready for `writeHead`. */
export interface ResponseHead {
  /** Names and values in turn. */
  readonly fields: string[];
  /** The handler's own Content-Length, if it is a valid one. */
  readonly length: number | undefined;
  /** Whether the handler wants the connection to be closed. */
  readonly close: boolean;
  /** Whether a value has characters that are sent as latin1: node:http encodes them like the text that follows. */
  readonly latin1: boolean;
}

/**
 * Fields that belong to this connection (RFC 9110, 7.6.1). node:http sets them itself: what a handler says about framing
 * could contradict what is sent, and the next response would begin in the wrong place. Fetch has no trailers.
 */
const connectionFields: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'trailer',
  'transfer-encoding',
]);

/** Further ones that a proxy does not pass on. */
const proxyFields: ReadonlySet<string> = new Set(['te', 'upgrade', 'proxy-authenticate', 'proxy-authorization']);

/** What `fetch` decodes. A body with any other coding is left as it is. */
const decodedCodings: ReadonlySet<string> = new Set(['gzip', 'x-gzip', 'deflate', 'br', 'zstd']);

/** The head of a handler's response, without the fields that describe another message than the one that is sent. */
export function responseHead(result: Response): ResponseHead {
  const plain = fieldsOf(result);
  if (plain !== undefined && !hasFraming(plain))
    return {fields: plain.slice(), length: undefined, close: false, latin1: plain.some(isLatin1)};
  const {headers} = result;
  // Only a response of `fetch` has a URL.
  const dropped = result.url ? fieldsOfUpstream(result) : connectionFields;
  const fields: string[] = [];
  let length: number | undefined;
  let [close, latin1] = [false, false];
  for (const [name, value] of headers) {
    if (dropped.has(name)) {
      if (name === 'connection' && dropped === connectionFields) close ||= /(?:^|,)\s*close\s*(?:,|$)/i.test(value);
    } else if (name === 'content-length') length = /^\d+$/.test(value) ? Number(value) : undefined;
    else {
      latin1 ||= isLatin1(value);
      fields.push(name, value);
    }
  }
  return {fields, length, close, latin1};
}

function isLatin1(text: string): boolean {
  return /[^\0-\u007f]/.test(text);
}

function hasFraming(fields: readonly string[]): boolean {
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] as string;
    if (name === 'content-length' || connectionFields.has(name)) return true;
  }
  return false;
}

/** Names of the fields of a response of `fetch` that describe the upstream's connection, or its body before decoding. */
function fieldsOfUpstream({headers, body}: Response): ReadonlySet<string> {
  const names = new Set([...connectionFields, ...proxyFields]);
  for (const name of (headers.get('connection') ?? '').split(',')) names.add(name.trim().toLowerCase());
  const codings = headers.get('content-encoding')?.split(',');
  if (body !== null && codings?.every((coding) => decodedCodings.has(coding.trim().toLowerCase())) === true)
    names.add('content-encoding').add('content-length');
  return names;
}

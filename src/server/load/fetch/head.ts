import {connectionFields, isLatin1, type ResponseHead} from './plain-head.ts';
import {headOf} from './response.ts';

/** Further ones that a proxy does not pass on. */
const proxyFields: ReadonlySet<string> = new Set(['te', 'upgrade', 'proxy-authenticate', 'proxy-authorization']);

/** What `fetch` decodes. A body with any other coding is left as it is. */
const decodedCodings: ReadonlySet<string> = new Set(['gzip', 'x-gzip', 'deflate', 'br', 'zstd']);

/** The head of a handler's response, without the fields that describe another message than the one that is sent. */
export function responseHead(result: Response): ResponseHead {
  const plain = headOf(result);
  if (plain !== undefined && !plain.framing) return plain;
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

/** Names of the fields of a response of `fetch` that describe the upstream's connection, or its body before decoding. */
function fieldsOfUpstream({headers, body}: Response): ReadonlySet<string> {
  const names = new Set([...connectionFields, ...proxyFields]);
  for (const name of (headers.get('connection') ?? '').split(',')) names.add(name.trim().toLowerCase());
  const codings = headers.get('content-encoding')?.split(',');
  if (body !== null && codings?.every((coding) => decodedCodings.has(coding.trim().toLowerCase())) === true)
    names.add('content-encoding').add('content-length');
  return names;
}

import type {IncomingMessage} from 'node:http';
import {isIPv6} from 'node:net';

/** A request that is refused before the service sees it. */
export interface Refusal {
  readonly status: number;
  readonly reason: string;
}

const refusals: readonly Refusal[] = [
  {status: 505, reason: 'HTTP versions are 1.0 and 1.1'},
  {status: 400, reason: 'the target * is for OPTIONS only'},
  {status: 400, reason: 'more than one Host'},
  {status: 400, reason: 'invalid Host'},
  {status: 501, reason: 'the only transfer coding is chunked'},
  {status: 400, reason: 'both Transfer-Encoding and Content-Length'},
  {status: 400, reason: 'invalid target'},
];
// As results of `Examine`: below -1.
const [version, asterisk, hosts, host, coding, lengths, target] = [-2, -3, -4, -5, -6, -7, -8] as const;

/**
 * What the server must know of a request before the service gets it, in one number, so that nothing is allocated: the
 * length of its body in bytes, 0 without a body, -1 for a chunked one; below that, a refusal.
 */
export type Examine = (request: Pick<IncomingMessage, 'httpVersion' | 'url' | 'method' | 'rawHeaders'>) => number;

/** The refusal that `Examine` returned; undefined if it returned a length. */
export const refusalOf = (examined: number): Refusal | undefined => refusals[-2 - examined];

/**
 * Examines requests, in one pass over their raw headers: cheaper than `request.headers`, which builds an object.
 * @param strict refuses what node:http accepts although RFC 9112 forbids it (sections 2.3, 3.2, 3.2.4, 6.1, 6.3): proxies
 * and services that read such a request differently can be played off against each other
 */
export function examiner(strict: boolean): Examine {
  // Nearly all requests have the same Host.
  let known = '';
  return ({httpVersion, url = '', method, rawHeaders}) => {
    if (strict) {
      if (httpVersion !== '1.1' && httpVersion !== '1.0') return version;
      // An asterisk.
      const first = url.charCodeAt(0);
      if (first === 42 && (method !== 'OPTIONS' || url.length > 1)) return asterisk;
      // Neither a path nor an asterisk.
      if (first !== 47 && first !== 42 && method !== 'CONNECT' && !isAbsolute(url)) return target;
    }
    let length = 0;
    let codings = 0;
    let count = 0;
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] as string;
      if (name.length === 4) {
        if (!strict || name.toLowerCase() !== 'host') continue;
        const value = rawHeaders[index + 1] as string;
        count += 1;
        if (count > 1) return hosts;
        if (value === known) continue;
        if (!isHost(value)) return host;
        known = value;
      } else if (name.length === 14) {
        if (name.toLowerCase() === 'content-length') length = Number(rawHeaders[index + 1]);
      } else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
        codings += 1;
        if (strict && (codings > 1 || rawHeaders[index + 1]?.toLowerCase() !== 'chunked')) return coding;
      }
    }
    if (codings === 0) return length;
    return strict && length > 0 ? lengths : -1;
  };
}

// RFC 3986 section 3.2.2, without the comma: it would join two values of Host.
const hostPattern = /^(?:\[([^\]]*)\]|(?:[\w.~!$&'()*+;=-]|%[\da-f]{2})*)(?::(\d{0,5}))?$/i;
const futureAddress = /^v[\da-f]+\.[\w.~!$&'()*+,;=:-]+$/i;

/** Whether a value of Host is valid; an empty one is. */
export function isHost(value: string): boolean {
  const [whole, address, port = '0'] = hostPattern.exec(value) ?? [];
  if (whole === undefined || Number(port) > 65_535) return false;
  return address === undefined || (isIPv6(address) && !address.includes('%')) || futureAddress.test(address);
}

/** Whether a target in absolute form names a host, and no user (RFC 9110 sections 4.2.1 and 4.2.4). */
function isAbsolute(url: string): boolean {
  const authority = /^https?:\/\/([^/?#]+)/i.exec(url)?.[1];
  return authority !== undefined && isHost(authority);
}

// Fields that frame, route, authenticate or control a message: RFC 9110 section 6.5.1.
const forbiddenTrailer =
  /^(?:content-(?:encoding|length|range|type)|transfer-encoding|trailer|te|host|connection|keep-alive|proxy-connection|upgrade|authorization|proxy-authorization|(?:proxy|www)-authenticate|cookie|set-cookie|cache-control|expect|max-forwards|pragma|range|if-.*|forwarded|x-forwarded-.*)$/i;

/** Removes the trailer fields that a request must not have, once they have arrived. */
export function dropForbiddenTrailers(request: IncomingMessage): void {
  const raw = request.rawTrailers;
  if (!raw.some((name, index) => index % 2 === 0 && forbiddenTrailer.test(name))) return;
  const names = raw.filter((_, index) => index % 2 === 0);
  const kept = names.flatMap((name, index) =>
    forbiddenTrailer.test(name) ? [] : [[name, raw[2 * index + 1] ?? ''] as const],
  );
  request.rawTrailers = kept.flat();
  // Set before they are read: node:http would build them from as many fields as have arrived.
  request.trailers = {};
  request.trailersDistinct = {};
  for (const [name, value] of kept) {
    const key = name.toLowerCase();
    const values = (request.trailersDistinct[key] ??= []);
    values.push(value);
    request.trailers[key] = values.join(', ');
  }
}

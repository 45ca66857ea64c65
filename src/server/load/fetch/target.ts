import type {IncomingMessage} from 'node:http';
import type {Socket} from 'node:net';
import {scheme} from '../../requests/forwarded.ts';

/** `uri-host [":" port]` (RFC 9112, 3.2); `new URL` checks the rest, such as the range of the port. */
const authority = /^(?:\[[\da-f:.]+\]|[\w\-.~!$&'()*+,;=%]+)(?::\d*)?$/i;

/** A path and a query that the URL parser would leave as they are: no segment begins with a dot. */
const plainTarget = /^(?:[\w\-.~!$&'()*+,;=:@?%]|\/(?!\.|%2e))+$/i;

let last: {readonly host: string; readonly secure: boolean; readonly origin: string | undefined} | undefined;

/**
 * The origin that the client has addressed, such as `https://shop.example`: its scheme, also behind a trusted proxy, and Host header. A client that sends
 * none (HTTP/1.0) or an empty one means the address it is connected to (RFC 9112, 3.3).
 * @returns undefined if the Host header is invalid
 */
export function originOf(request: IncomingMessage): string | undefined {
  const {socket} = request;
  const secure = scheme(request, socket) === 'https';
  const host = hostOf(request) || localHost(socket);
  // Nearly all requests of a server have the same Host: remembering one saves a URL parse for each.
  if (last?.host !== host || last.secure !== secure) last = {host, secure, origin: parseOrigin(host, secure)};
  return last.origin;
}

/** The first Host header. `request.headers` would build an object of all of them. */
function hostOf({rawHeaders}: IncomingMessage): string | undefined {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.length === 4 && (name === 'Host' || name.toLowerCase() === 'host')) return rawHeaders[index + 1];
  }
  return undefined;
}

function parseOrigin(host: string, secure: boolean): string | undefined {
  return authority.test(host) ? URL.parse(`${secure ? 'https' : 'http'}://${host}`)?.origin : undefined;
}

function localHost({localAddress, localPort}: Socket): string {
  if (localAddress === undefined) return 'localhost';
  return `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`;
}

/**
 * The origin of a request whose target and Host header are valid, so that `urlOf` returns a URL; undefined for any other.
 * Cheap for the usual form, a path: that is parsed only if the handler asks for the URL.
 */
export function validOrigin(request: IncomingMessage): string | undefined {
  // Even with a target that names another host, an invalid Host is a 400 (RFC 9112, 3.2).
  const origin = originOf(request);
  if (origin === undefined || request.url?.charCodeAt(0) === 47) return origin;
  return urlOf(request, origin) === undefined ? undefined : origin;
}

/**
 * The URL of a request (RFC 9112, 3.3): the target itself if that is absolute, else the origin and the target, whatever that
 * looks like: `//other.example/` is a path. The target `*` of OPTIONS has no path.
 * @returns undefined if the target is invalid
 */
export function urlOf({url: target = '/', method}: IncomingMessage, origin: string): string | undefined {
  if (target.charCodeAt(0) === 47) return plainTarget.test(target) ? origin + target : new URL(origin + target).href;
  if (target === '*') return method === 'OPTIONS' ? `${origin}/` : undefined;
  if (!/^https?:\/\/[^/\\?#@]+(?:[/?#]|$)/i.test(target)) return undefined;
  // Fetch forbids credentials in the URL of a request, and RFC 9110, 4.2.4 says that they are an error.
  const url = URL.parse(target);
  return url === null || url.username !== '' || url.password !== '' ? undefined : url.href;
}

import type {IncomingMessage} from 'node:http';
import type {Socket} from 'node:net';
import {scheme} from '../../requests/forwarded.ts';

/** `uri-host [":" port]` (RFC 9112, 3.2); `new URL` checks the rest, such as the range of the port. */
const authority = /^(?:\[[\da-f:.]+\]|[\w\-.~!$&'()*+,;=%]+)(?::\d*)?$/i;

/** A path and a query that the URL parser would leave as they are. */
const plainTarget = /^\/[\w\-.~!$&'()*+,;=:@/?%]*$/;
const dotSegment = /\/(?:\.|%2e){1,2}(?:[/?]|$)/i;

let last: {readonly host: string; readonly secure: boolean; readonly origin: string | undefined} | undefined;

/**
 * The origin that the client has addressed, such as `https://shop.example`: its scheme, also behind a trusted proxy, and Host header. A client that sends
 * none (HTTP/1.0) or an empty one means the address it is connected to (RFC 9112, 3.3).
 * @param socket that of the request, @see socketOf
 * @returns undefined if the Host header is invalid
 */
export function originOf(request: IncomingMessage, socket: Socket | null = request.socket): string | undefined {
  const secure = scheme(request, socket) === 'https';
  const host = request.headers.host || localHost(socket);
  // Nearly all requests of a server have the same Host: remembering one saves a URL parse for each.
  if (last?.host !== host || last.secure !== secure) last = {host, secure, origin: parseOrigin(host, secure)};
  return last.origin;
}

function parseOrigin(host: string, secure: boolean): string | undefined {
  return authority.test(host) ? URL.parse(`${secure ? 'https' : 'http'}://${host}`)?.origin : undefined;
}

function localHost(socket: Socket | null): string {
  const {localAddress, localPort} = socket ?? {};
  if (localAddress === undefined) return 'localhost';
  return `${localAddress.includes(':') ? `[${localAddress}]` : localAddress}:${localPort}`;
}

/**
 * Whether the target and the Host header of a request are valid, so that `urlOf` returns a URL. Cheap for the usual form, a
 * path: that is parsed only if the handler asks for the URL.
 */
export function hasUrl(request: IncomingMessage): boolean {
  // Even with a target that names another host, an invalid Host is a 400 (RFC 9112, 3.2).
  if (originOf(request) === undefined) return false;
  return request.url?.charCodeAt(0) === 47 || urlOf(request) !== undefined;
}

/**
 * The URL of a request (RFC 9112, 3.3): the target itself if that is absolute, else the origin and the target, whatever that
 * looks like: `//other.example/` is a path. The target `*` of OPTIONS has no path.
 * @returns undefined if the target or the Host header is invalid
 */
export function urlOf(request: IncomingMessage, socket: Socket | null = request.socket): string | undefined {
  const origin = originOf(request, socket);
  const target = request.url ?? '/';
  if (origin === undefined) return undefined;
  if (target.charCodeAt(0) === 47)
    return plainTarget.test(target) && !dotSegment.test(target) ? origin + target : new URL(origin + target).href;
  if (target === '*') return request.method === 'OPTIONS' ? `${origin}/` : undefined;
  if (!/^https?:\/\/[^/\\?#@]+(?:[/?#]|$)/i.test(target)) return undefined;
  // Fetch forbids credentials in the URL of a request, and RFC 9110, 4.2.4 says that they are an error.
  const url = URL.parse(target);
  return url === null || url.username !== '' || url.password !== '' ? undefined : url.href;
}

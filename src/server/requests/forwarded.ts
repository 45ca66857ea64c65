import type {IncomingMessage, Server} from 'node:http';
import {BlockList, isIP} from 'node:net';
import type {Socket} from 'node:net';
import {parseNetworks} from '../settings/networks.ts';

// What proxies say about a client. Only the server's own records and the fetch adapter use it: `request.socket` of a
// node-style handler is the real connection, and a framework has its own setting for proxies.

/** Whether an address belongs to a trusted proxy. */
type IsTrusted = (address: string) => boolean;

const trust = Symbol('trusted proxies');
const peerTrusted = Symbol('peer is trusted');
const peer = Symbol('address of the peer');

type TrustingServer = Server & {[trust]?: IsTrusted};
type Peer = Socket & {[peer]?: string; [peerTrusted]?: boolean; server?: TrustingServer};

/**
 * Sets the proxies whose `X-Forwarded-For`, `X-Forwarded-Proto` and `Forwarded` the two functions below believe.
 * @param list addresses and networks, separated by commas; `*`: all; empty: none
 */
export function trustProxies(server: Server, list: string): void {
  const networks = parseNetworks(list) ?? [];
  if (networks === '*') {
    (server as TrustingServer)[trust] = () => true;
    return;
  }
  if (networks.length === 0) return;
  const addresses = new BlockList();
  for (const {address, family, prefix} of networks) {
    if (prefix === undefined) addresses.addAddress(address, family);
    else addresses.addSubnet(address, prefix, family);
  }
  (server as TrustingServer)[trust] = (address) => {
    const version = isIP(address);
    return version !== 0 && addresses.check(address, version === 4 ? 'ipv4' : 'ipv6');
  };
}

/**
 * The address at the other end of a connection; empty for a Unix socket. It is kept: a connection that was closed has no
 * address any more. Call it early where it is needed late.
 */
export function peerAddress(socket: Socket): string {
  return ((socket as Peer)[peer] ??= socket.remoteAddress ?? '');
}

/**
 * The address of the client: that of the connection or, if that is a trusted proxy, the right-most address of
 * `X-Forwarded-For` that is none; the left-most one if all are. Without that header, the same of `Forwarded` (RFC 7239).
 * An element that is no address ends the search at the proxy that sent it.
 * @param socket that of the request, for callers that run after the service: Node sets `request.socket` to null when a
 * service stops reading a body
 * @returns an empty string for a Unix socket whose peer forwards no address
 */
export function clientAddress(request: IncomingMessage, socket: Socket | null = request.socket): string {
  if (socket === null) return '';
  let client = peerAddress(socket);
  const isTrusted = (socket as Peer).server?.[trust];
  if (isTrusted === undefined) return client;
  // Few clients send such a header: look for it before anything else.
  const list = forwardedHeader(request.rawHeaders, 'x-forwarded-for');
  if (list === undefined || !isPeerTrusted(socket, client, isTrusted)) return client;
  for (const element of list.name === 'forwarded' ? forwardedParameters(list.value, 'for') : backwards(list.value)) {
    const address = addressIn(element);
    if (address === undefined) return client;
    client = address;
    if (!isTrusted(address)) return client;
  }
  return client;
}

/**
 * The scheme that the client used: `X-Forwarded-Proto` (or `proto` of `Forwarded`, if only that is there) of a trusted
 * proxy, else that of the connection. Of several values the first counts: the proxy next to the client sent it.
 */
export function scheme(request: IncomingMessage, socket: Socket | null = request.socket): 'http' | 'https' {
  if (socket === null) return 'http';
  const own = (socket as {encrypted?: boolean}).encrypted === true ? 'https' : 'http';
  const isTrusted = (socket as Peer).server?.[trust];
  if (isTrusted === undefined) return own;
  const given = forwardedHeader(request.rawHeaders, 'x-forwarded-proto');
  if (given === undefined || !isPeerTrusted(socket, peerAddress(socket), isTrusted)) return own;
  const all = given.name === 'forwarded' ? forwardedParameters(given.value, 'proto') : backwards(given.value);
  const text = all.at(-1)?.toLowerCase();
  if (text === 'https' || text === 'wss') return 'https';
  return text === 'http' || text === 'ws' ? 'http' : own;
}

/**
 * Once per connection. The peer of a Unix socket has no address; the permissions of the file decide who can be one. Nor has
 * that of a connection which is closed already.
 */
function isPeerTrusted(socket: Socket, address: string, isTrusted: IsTrusted): boolean {
  return ((socket as Peer)[peerTrusted] ??=
    address === '' ? socket.localAddress === undefined && !socket.destroyed : isTrusted(address));
}

interface ForwardedHeader {
  readonly name: 'x-forwarded-for' | 'x-forwarded-proto' | 'forwarded';
  readonly value: string;
}

/**
 * All lines of a header as one list, in their order; without it, those of `Forwarded`. Compares lengths before names, which
 * is cheaper.
 */
function forwardedHeader(
  raw: readonly string[],
  name: 'x-forwarded-for' | 'x-forwarded-proto',
): ForwardedHeader | undefined {
  let value: string | undefined;
  let standard: string | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    const {length} = raw[index] as string;
    if (length === name.length && raw[index]?.toLowerCase() === name)
      value = value === undefined ? raw[index + 1] : `${value},${raw[index + 1]}`;
    else if (length === 9 && raw[index]?.toLowerCase() === 'forwarded')
      standard = standard === undefined ? raw[index + 1] : `${standard},${raw[index + 1]}`;
  }
  if (value !== undefined) return {name, value};
  return standard === undefined ? undefined : {name: 'forwarded', value: standard};
}

/** The elements of a list, the last one first. */
function backwards(list: string): readonly string[] {
  return list
    .split(',')
    .map((element) => element.trim())
    .filter((element) => element !== '')
    .toReversed();
}

/**
 * One parameter of each element of a `Forwarded` header, the last element first; empty where an element has none.
 * @see https://www.rfc-editor.org/rfc/rfc7239#section-4
 */
function forwardedParameters(header: string, name: 'for' | 'proto'): readonly string[] {
  const elements = header.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  const values = elements.map((element) => {
    for (const [, key = '', quoted, plain] of element.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/g))
      if (key.toLowerCase() === name) return quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '';
    return '';
  });
  return (name === 'proto' ? values.filter((value) => value !== '') : values).toReversed();
}

/** The address in `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`; undefined for anything else. */
function addressIn(text: string): string | undefined {
  const bare = /^\[([^\]]+)\](?::\w+)?$/.exec(text)?.[1] ?? /^([\d.]+):\w+$/.exec(text)?.[1] ?? text;
  return isIP(bare) === 0 ? undefined : bare;
}

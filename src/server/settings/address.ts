/** An address to listen on: `0.0.0.0:3000`, `[::]:3000`, or the path of a socket, `unix:/run/app.sock`. */
export type Address = {readonly host: string; readonly port: number} | {readonly path: string};

/** Longest path of a Unix socket in bytes: sun_path of unix(7) has 108, and the path ends with a NUL. */
export const maxPathBytes = 107;

/**
 * Reads an address in gunicorn's forms: `HOST:PORT`, `[IPV6]:PORT`, `:PORT` and `PORT` for every IPv4 address of the
 * machine, `unix:PATH`. An IPv6 address can have a zone: `[fe80::1%eth0]:3000`. Undefined when the text is not an
 * address.
 */
export function parseAddress(text: string): Address | undefined {
  const path = /^unix:(.+)$/.exec(text)?.[1];
  // `unix:@name` is an abstract socket to other servers. It has no permissions: every process could connect to it.
  if (path !== undefined) return path.startsWith('@') ? undefined : {path};
  const [, name, port] = /^(?:(.*):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65535) return undefined;
  if (name === undefined || name === '') return {host: '0.0.0.0', port: Number(port)};
  const host = parseHost(name);
  if (host === undefined || host.includes(':') !== name.startsWith('[')) return undefined;
  return {host, port: Number(port)};
}

/** Reads a host: a name, an IPv4 address, or an IPv6 address with or without brackets. Undefined when it is none. */
export function parseHost(text: string): string | undefined {
  const literal = /^\[(.*)\]$/.exec(text)?.[1] ?? (text.includes(':') ? text : undefined);
  if (literal === undefined) return /^[^\s:/[\]%,]+$/.test(text) ? text : undefined;
  const [, address, zone] = /^([\dA-Fa-f:.]+)(%[\w.-]+)?$/.exec(literal) ?? [];
  // Not node:net: the command line imports this file, and the module would cost each of its starts.
  return address !== undefined && URL.canParse(`http://[${address}]/`) ? `${address}${zone ?? ''}` : undefined;
}

/** An address in canonical form. */
export function addressText(address: Address): string {
  if ('path' in address) return `unix:${address.path}`;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** The address that the socket is bound to: port 0 becomes the port that the kernel chose. */
export function boundText(bind: string, port: number | undefined): string {
  return port === undefined ? bind : bind.replace(/:0$/, `:${port}`);
}

/** The addresses of a list, which are separated by commas. */
export function splitAddresses(text: string): readonly string[] {
  return text.split(',').map((one) => one.trim());
}

/**
 * The addresses of a list, the main one first: the first with a port, which PORT names to the service, else the first.
 */
export function mainFirst(addresses: readonly string[]): readonly string[] {
  const main = addresses.find((one) => !one.startsWith('unix:')) ?? addresses[0];
  return [...addresses].sort((one, other) => Number(other === main) - Number(one === main));
}

/**
 * Whether `[::]:PORT` must leave IPv4 alone, because another address of the list takes the same port there. Alone, it
 * serves both families, as Linux does by default (net.ipv6.bindv6only).
 */
export function isIpv6Only(bind: string, all: readonly string[]): boolean {
  const port = /^\[[^\]]*\]:(\d+)$/.exec(bind)?.[1];
  return port !== undefined && port !== '0' && all.some((one) => /^[^[:]+:\d+$/.test(one) && one.endsWith(`:${port}`));
}

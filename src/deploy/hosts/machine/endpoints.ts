import {isIPv4, isIPv6} from 'node:net';

// Where programs of a machine listen, and which addresses it has: read from files of Linux, without a program to install.

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** What is known of a machine's addresses; empty if it was not asked, or could not say. */
export interface Places {
  /** Where programs listen, among the ports that were asked for. */
  readonly listening: readonly Endpoint[];
  /** Its own addresses; those of IPv6 only if one was asked for. */
  readonly addresses: readonly string[];
  /** Versions of IP in which programs can listen on addresses that the host does not have now, such as those of keepalived. */
  readonly bindsAny: readonly (4 | 6)[];
}

/** What to look for: ports where something may listen, and addresses that must be the machine's own. */
export interface PlacesQuery {
  readonly listen?: readonly Endpoint[];
  readonly addresses?: readonly string[];
}

const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

/** The lines that look for ports and addresses. */
export function placeLines({listen = [], addresses = []}: PlacesQuery): string[] {
  const ports = listen.map(({port}) => hex(port)).join('|');
  return [
    // A program that listens on all addresses of both versions is in the second file only.
    ...(ports === '' ? [] : [`grep -hE ':(${ports}) [0-9A-F]+:0000 0A' /proc/net/tcp /proc/net/tcp6 2>/dev/null || :`]),
    ...(addresses.length === 0
      ? []
      : [
          `grep -B1 'host LOCAL' /proc/net/fib_trie 2>/dev/null | grep -e '|--' || :`,
          'echo "binds $(cat /proc/sys/net/ipv4/ip_nonlocal_bind 2>/dev/null)"',
        ]),
    ...(addresses.some((one) => isIPv6(one))
      ? [
          `sed -n 's/^\\([0-9a-f]\\{32\\}\\) .*/own \\1/p' /proc/net/if_inet6 2>/dev/null || :`,
          'echo "binds6 $(cat /proc/sys/net/ipv6/ip_nonlocal_bind 2>/dev/null)"',
        ]
      : []),
  ];
}

/** Reads what {@link placeLines} print. */
export function parsePlaces(text: string): Places {
  const rows = text.split('\n').map((line) => line.trim());
  return {
    listening: rows.flatMap((row) => listenerOf(row) ?? []),
    addresses: rows.flatMap((row) => {
      const six = /^own ([0-9a-f]{32})$/.exec(row)?.[1];
      return six === undefined ? (/\|-- (\d+(?:\.\d+){3})$/.exec(row)?.[1] ?? []) : addressOf(bytesOf(six));
    }),
    bindsAny: [...(rows.includes('binds 1') ? [4 as const] : []), ...(rows.includes('binds6 1') ? [6 as const] : [])],
  };
}

/** A line of /proc/net/tcp or tcp6: the address as numbers of this machine's byte order, little-endian on all that run Docker. */
function listenerOf(row: string): Endpoint | undefined {
  const [, address, port] = /^\d+: ((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4}) /.exec(row) ?? [];
  if (address === undefined || port === undefined) return undefined;
  const bytes = (address.match(/.{8}/g) ?? []).flatMap((word) => bytesOf(word).toReversed());
  return {address: addressOf(bytes), port: Number.parseInt(port, 16)};
}

const bytesOf = (digits: string): number[] => (digits.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));

/** Of 4 or 16 bytes. An address of IPv4 that a socket of IPv6 listens on is that of IPv4. */
function addressOf(bytes: readonly number[]): string {
  const mapped = bytes.length === 16 && bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255;
  if (mapped || bytes.length === 4) return bytes.slice(-4).join('.');
  const text = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return canonicalAddress((text.match(/.{4}/g) ?? []).join(':'));
}

/**
 * An address as Linux and HAProxy print it, so that equal ones are equal texts; any other text as it is.
 * @example
 * canonicalAddress('2001:DB8:0::5'); // 2001:db8::5
 */
export const canonicalAddress = (address: string): string =>
  isIPv6(address) && !address.includes('%') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;

/** An address as it stands before a colon and a port: one of IPv6 in brackets. */
export const bracketed = (address: string): string => (isIPv6(address) ? `[${address}]` : address);

/** An IPv6 address in brackets, as a URL has it; the name of a network interface begins with an escaped percent sign. */
export const inUrl = (host: string): string =>
  host.includes(':') && !host.startsWith('[') ? `[${host.replace('%', '%25')}]` : host;

const anyAddress = new Set(['0.0.0.0', '::']);

/** Whether a program listens on any address of the machine. */
export const isAnyAddress = (address: string): boolean => anyAddress.has(canonicalAddress(address));

/** Whether an address is the machine's alone: 127.0.0.1, ::1. */
export const isLoopback = (address: string): boolean =>
  address.startsWith('127.') || canonicalAddress(address) === '::1' || address === 'localhost';

/** Whether a program that listens keeps another from listening. */
export function isTaken({address, port}: Endpoint, {listening}: Pick<Places, 'listening'>): boolean {
  const wanted = canonicalAddress(address);
  return listening.some(
    (one) =>
      one.port === port &&
      // `::` is all addresses of IPv4 as well, except for a program that has said otherwise, as docker does.
      (one.address === wanted || (isIPv4(wanted) && one.address === '::') || isAnyOf(one.address, wanted)),
  );
}

const isAnyOf = (one: string, other: string): boolean =>
  isIPv4(one) === isIPv4(other) && (isAnyAddress(one) || isAnyAddress(other));

/** Whether a host cannot publish a port at an address. False if that is not known. */
export function isForeign(address: string, {addresses, bindsAny}: Omit<Places, 'listening'>): boolean {
  const version = isIPv4(address) ? 4 : isIPv6(address) ? 6 : undefined;
  return (
    version !== undefined &&
    !isLoopback(address) &&
    !isAnyAddress(address) &&
    !bindsAny.includes(version) &&
    addresses.length > 0 &&
    !addresses.includes(canonicalAddress(address))
  );
}

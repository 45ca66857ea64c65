import {isIPv4} from 'node:net';
import type {Words} from '../../../shell/argv.ts';

// What a host must have for a deploy to work, besides an engine: read in the same round trip as its state.

/** What to ask a host for. */
export interface FactsQuery {
  /** The network that deploy.yaml names; undefined: the environment's own. */
  readonly network?: string | undefined;
  /** Addresses and ports that a new balancer would publish. Default: none. */
  readonly listen?: readonly Endpoint[];
  /** Addresses that must be the host's own. Default: none. */
  readonly addresses?: readonly string[];
  /** A balancer that several services share: for the routes of all of them. Default: none. */
  readonly shared?: string | undefined;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** What a host answered; everything is empty if it was not asked, or could not say. */
export interface MachineFacts {
  /** `linux/amd64` */
  readonly platform: string;
  /** Platforms whose programs it runs by emulation. */
  readonly emulated: readonly string[];
  /** Where programs listen, among the ports that were asked for. */
  readonly listening: readonly Endpoint[];
  /** Its own addresses, version 4 only. */
  readonly addresses: readonly string[];
  /** Whether programs can listen on addresses that the host does not have now, such as those of keepalived. */
  readonly bindsAny: boolean;
  /** The routes that the services of a shared balancer have, each with its rank, its backend and its condition. */
  readonly routes: readonly string[];
  /** The state of the network that deploy.yaml names. */
  readonly network: 'found' | 'internal' | 'missing' | '';
}

export const noFacts: MachineFacts = {
  platform: '',
  emulated: [],
  listening: [],
  addresses: [],
  bindsAny: false,
  routes: [],
  network: '',
};

const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

/** The lines of the query about the machine itself: files of Linux, and one small program. */
export const platformLines: readonly string[] = ['uname -sm', 'echo /proc/sys/fs/binfmt_misc/qemu-*'];

/** The lines that look for ports and addresses. */
export function placeLines({listen = [], addresses = []}: FactsQuery): string[] {
  const ports = listen.map(({port}) => hex(port)).join('|');
  return [
    ...(ports === '' ? [] : [`grep -hE ':(${ports}) [0-9A-F]+:0000 0A' /proc/net/tcp 2>/dev/null || :`]),
    ...(addresses.length === 0
      ? []
      : [
          `grep -B1 'host LOCAL' /proc/net/fib_trie 2>/dev/null | grep -e '|--' || :`,
          'echo "binds $(cat /proc/sys/net/ipv4/ip_nonlocal_bind 2>/dev/null)"',
        ]),
  ];
}

/** The command that looks for the network that deploy.yaml names. */
export const networkCommand = (name: string): Words => [
  'docker',
  'network',
  'ls',
  '--filter',
  `name=^${name}$`,
  '--format',
  '{{.Name}} {{.Internal}}',
];

/** What {@link parseFacts} reads. */
interface FactsText {
  readonly machine: string;
  readonly places: string;
  readonly routes: string;
  readonly network: string | undefined;
}

/** Reads the sections that these lines print. */
export function parseFacts({machine, places, routes, network}: FactsText, {network: name}: FactsQuery): MachineFacts {
  const [first = '', second = ''] = machine.split('\n');
  const rows = places.split('\n').map((line) => line.trim());
  const found = network?.split('\n').find((line) => line.split(' ')[0] === name);
  return {
    platform: platformOf(first),
    emulated: [...second.matchAll(/qemu-([a-z0-9_]+)/g)].map(
      ([, machineName = '']) => `linux/${architecture(machineName)}`,
    ),
    listening: rows.flatMap((row) => listenerOf(row) ?? []),
    addresses: rows.flatMap((row) => /\|-- (\d+(?:\.\d+){3})$/.exec(row)?.[1] ?? []),
    bindsAny: rows.includes('binds 1'),
    routes: routes.split('\n').filter((line) => line !== ''),
    network:
      name === undefined || network === undefined
        ? ''
        : found === undefined
          ? 'missing'
          : found.endsWith(' true')
            ? 'internal'
            : 'found',
  };
}

// Linux' words to Docker's. @see https://go.dev/doc/install/source#environment
const architectures: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  armv7l: 'arm',
  armv6l: 'arm',
  i386: '386',
  i686: '386',
};

const architecture = (machine: string): string => architectures[machine] ?? machine;

/** 64-bit processors run the programs of their 32-bit ones. */
export const olderPlatforms: Readonly<Record<string, readonly string[]>> = {
  'linux/amd64': ['linux/386'],
  'linux/arm64': ['linux/arm'],
};

/** `Linux x86_64` */
function platformOf(text: string): string {
  const [system = '', machine = ''] = text.trim().split(' ');
  return system === '' || machine === '' ? '' : `${system.toLowerCase()}/${architecture(machine)}`;
}

/** A line of /proc/net/tcp: the address as one number of this machine's byte order, little-endian on all that run Docker. */
function listenerOf(row: string): Endpoint | undefined {
  const [, address, port] = /^\d+: ([0-9A-F]{8}):([0-9A-F]{4}) /.exec(row) ?? [];
  if (address === undefined || port === undefined) return undefined;
  const bytes = address.match(/../g) ?? [];
  return {
    address: bytes
      .map((byte) => Number.parseInt(byte, 16))
      .toReversed()
      .join('.'),
    port: Number.parseInt(port, 16),
  };
}

/** Whether a program that listens keeps another from listening. */
export const isTaken = ({address, port}: Endpoint, {listening}: MachineFacts): boolean =>
  isIPv4(address) &&
  listening.some(
    (one) => one.port === port && (one.address === address || one.address === '0.0.0.0' || address === '0.0.0.0'),
  );

/** Whether a host cannot publish a port at an address. False if that is not known. */
export const isForeign = (address: string, {addresses, bindsAny}: MachineFacts): boolean =>
  isIPv4(address) &&
  !address.startsWith('127.') &&
  address !== '0.0.0.0' &&
  !bindsAny &&
  addresses.length > 0 &&
  !addresses.includes(address);

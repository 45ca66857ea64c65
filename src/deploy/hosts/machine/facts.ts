import {wordsText} from '../../../shell/argv.ts';
import {parsePlaces, type Places, type PlacesQuery} from './endpoints.ts';

// What a host must have for a deploy to work, besides an engine: read in the same round trip as its state.

/** What to ask a host for. */
export interface FactsQuery extends PlacesQuery {
  /** The network that deploy.yaml names; undefined: the environment's own. */
  readonly network?: string | undefined;
  /** Ask for ports and addresses only if the engine of this machine publishes them here. Default false. */
  readonly own?: boolean;
  /** Whether its balancer has to reach replicas on other machines, from a container. Default false. */
  readonly reaches?: boolean;
  /** A balancer that several services share: for the routes of all of them. Default: none. */
  readonly shared?: string | undefined;
}

/** What a host answered; everything is empty if it was not asked, or could not say. */
export interface MachineFacts extends Places {
  /** `linux/amd64` */
  readonly platform: string;
  /** Platforms whose programs it runs by emulation. */
  readonly emulated: readonly string[];
  /** Whether containers of docker's default network reach addresses of IPv6; undefined if that is not known. */
  readonly reachesIPv6: boolean | undefined;
  /** The routes that the services of a shared balancer have, each with its rank, its backend and its condition. */
  readonly routes: readonly string[];
  /** The network that deploy.yaml names, or what keeps it from being used; empty if that is not known. */
  readonly network: NetworkState | '';
}

/** `driver`: its containers publish no ports; `swarm`: only services of a swarm can join it. */
export type NetworkState = 'found' | 'internal' | 'missing' | 'driver' | 'swarm';

export const noFacts: MachineFacts = {
  platform: '',
  emulated: [],
  listening: [],
  addresses: [],
  bindsAny: [],
  reachesIPv6: undefined,
  routes: [],
  network: '',
};

/** The lines of the query about the machine itself: files of Linux, and one small program. */
export const platformLines: readonly string[] = ['uname -sm', 'echo /proc/sys/fs/binfmt_misc/qemu-*'];

/**
 * The lines that ask whether docker's default network has IPv6: its bridge then has an address that is not of the link
 * alone. A call of docker would take longer. A rootless engine has its bridge elsewhere.
 */
export const bridgeLines: readonly string[] = [
  'if [ -d /sys/class/net/docker0 ]; then',
  "if grep -v '^fe80' /proc/net/if_inet6 2>/dev/null | grep -q ' docker0$'; then echo 'bridge 6'; else echo 'bridge 4'; fi",
  'fi',
];

/**
 * The lines that look for the network that deploy.yaml names. A worker of a swarm does not list the networks that it can
 * join.
 */
export const networkLines = (name: string): string[] => [
  `n=$(${wordsText(['docker', 'network', 'ls', '--filter', `name=^${name}$`, '--format', '{{.Name}} {{.Internal}} {{.Driver}}'])})`,
  `case "$n" in`,
  `*' overlay') echo "$n $(${wordsText(['docker', 'network', 'inspect', '--format', '{{.Attachable}}', name])})" ;;`,
  `'') ${wordsText(['docker', 'info', '--format', 'swarm {{.Swarm.LocalNodeState}}'])} ;;`,
  `*) printf '%s\\n' "$n" ;;`,
  'esac',
];

/** The answer of {@link networkLines} for a network on which containers of ours run. */
export const usedNetwork = (name: string): string => `${name} false bridge`;

// A container on them has no port of the host, or is alone.
const otherDrivers = new Set(['host', 'null', 'macvlan', 'ipvlan']);

function networkState(text: string, name: string): MachineFacts['network'] {
  const rows = text.split('\n').map((line) => line.trim());
  const found = rows.map((row) => row.split(' ')).find(([first]) => first === name);
  // Until a container of it runs there, only a manager of the swarm could say.
  if (found === undefined) return rows.includes('swarm active') ? '' : 'missing';
  const [, internal, driver = '', attachable = ''] = found;
  if (otherDrivers.has(driver)) return 'driver';
  if (driver === 'overlay' && attachable === 'false') return 'swarm';
  return internal === 'true' ? 'internal' : 'found';
}

/** What {@link parseFacts} reads. */
interface FactsText {
  readonly machine: string;
  readonly places: string;
  readonly routes: string;
  readonly network: string | undefined;
}

/** Reads the sections that these lines print. */
export function parseFacts({machine, places, routes, network}: FactsText, {network: name}: FactsQuery): MachineFacts {
  const [first = '', second = '', bridge = ''] = machine.split('\n');
  return {
    platform: platformOf(first),
    emulated: [...second.matchAll(/qemu-([a-z0-9_]+)/g)].map(
      ([, machineName = '']) => `linux/${architecture(machineName)}`,
    ),
    ...parsePlaces(places),
    reachesIPv6: bridge === 'bridge 6' ? true : bridge === 'bridge 4' ? false : undefined,
    routes: routes.split('\n').filter((line) => line !== ''),
    network: name === undefined || network === undefined ? '' : networkState(network, name),
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

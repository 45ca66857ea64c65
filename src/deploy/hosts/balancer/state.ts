import type {BalancerSettings} from './settings.ts';

/** A settings for a replica in the balancer. Each replica has two, so that a new release starts beside the old one. */
export type Half = 'a' | 'b';

/** A server of the balancer: which replica of which host, and which of its two places. */
export interface Slot {
  /** The key of the app host where the replica runs; empty where the balancer is that host's own. */
  readonly host: string;
  /** Counted from 1 on each host. */
  readonly replica: number;
  readonly half: Half;
}

export interface SlotUse extends Slot {
  /** The container that answers there. */
  readonly container: string;
  /** Where the balancer reaches it: the container's name on a network that they share, or an address of its host. */
  readonly address: string;
  readonly port: number;
}

/** A release that serves a part of the requests beside the one that serves the rest. */
export interface Canary {
  readonly release: number;
  /** More than 0, less than 100. */
  readonly percent: number;
  readonly slots: readonly SlotUse[];
}

/** What one service asks of a balancer; read back from its fragment of the configuration by {@link readBalancerState}. */
export interface BalancerState {
  /** The service in its environment, `buy-service.prod`: the name of its fragment and of its backend. */
  readonly name: string;
  /** The release that gets the traffic; 0 before the first deploy. */
  readonly release: number;
  /** The release to go back to; 0 when there is none. */
  readonly previous: number;
  /** Keys of the app hosts that there is room for; `['']` where the balancer is its host's own. */
  readonly hosts: readonly string[];
  /** Replicas that there is room for on each of them. */
  readonly size: number;
  /** Where the release that gets the traffic answers. */
  readonly slots: readonly SlotUse[];
  readonly canary?: Canary | undefined;
  /** The path that free slots are checked with: that of the release which is to come. */
  readonly health: string;
  /** Slots whose release is checked with another path, by name. */
  readonly otherHealth?: Readonly<Record<string, string>> | undefined;
  readonly settings: BalancerSettings;
}

/** The name of a slot within its backend: `1a`, or `h1-1a` for a replica on another machine. */
export const slotName = ({host, replica, half}: Slot): string => `${host === '' ? '' : `${host}-`}${replica}${half}`;

/** The path that a slot is checked with. */
export const healthOf = ({health, otherHealth}: Pick<BalancerState, 'health' | 'otherHealth'>, slot: Slot): string =>
  otherHealth?.[slotName(slot)] ?? health;

/** The names of slots as the `lb` program takes them: `buy-service.prod/h1-2b`. */
export const serversOf = (name: string, slots: readonly Slot[]): string[] =>
  slots.map((slot) => `${name}/${slotName(slot)}`);

/** All slots that there are, taken or free. */
export function slotsOf({hosts, size}: Pick<BalancerState, 'hosts' | 'size'>): Slot[] {
  const halves: readonly Half[] = ['a', 'b'];
  const replicas = Array.from({length: size}, (_, index) => index + 1);
  return hosts.flatMap((host) => replicas.flatMap((replica) => halves.map((half) => ({host, replica, half}))));
}

const mark = '# entrypoint: ';

/** The line of a fragment that holds the state. */
export const stateLine = (state: BalancerState): string => `${mark}${JSON.stringify(state)}`;

/** Reads a state back from a fragment; undefined for any text that is not one. */
export function readBalancerState(fragment: string): BalancerState | undefined {
  const line = fragment.split('\n').find((text) => text.startsWith(`${mark}{`));
  if (line === undefined) return undefined;
  try {
    return JSON.parse(line.slice(mark.length)) as BalancerState;
  } catch {
    return undefined;
  }
}

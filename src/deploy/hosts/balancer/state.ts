import {type HealthCheck, isPathCheck, pathCheck} from '../../../service/schema/health-check.ts';
import type {BalancerSettings} from './settings.ts';

/** Each replica has two slots in the balancer, so that a new release starts in one colour beside the old in the other. */
export type Colour = 'blue' | 'green';

/**
 * The letter of a colour on hosts: in server names (`1a`), in the label `entrypoint.half` and in the state that a fragment
 * stores. Fleets that an earlier version deployed have it, and operators' scripts name servers by it.
 */
export type Half = 'a' | 'b';

const halves: Readonly<Record<Colour, Half>> = {blue: 'a', green: 'b'};

export const halfOf = (colour: Colour): Half => halves[colour];

/** The colour of a letter that was read from a host; of anything but `b`, blue. */
export const colourOf = (half: string): Colour => (half === halves.green ? 'green' : 'blue');

/** A server of the balancer: a replica of a host, in one of its two colours. */
export interface Slot {
  /** The key of the replica's host; empty where the balancer is on that host itself. */
  readonly host: string;
  /** Counted from 1 on each host. */
  readonly replica: number;
  readonly colour: Colour;
}

/** A slot with the container behind it. */
export interface SlotUse extends Slot {
  readonly container: string;
  /** Where the balancer reaches it: the container's name on a shared network, or an address of its host. */
  readonly address: string;
  readonly port: number;
}

/** A release that serves a share of the requests beside the current one. */
export interface Canary {
  readonly release: number;
  /** More than 0, less than 100. */
  readonly percent: number;
  readonly slots: readonly SlotUse[];
}

/** A balancer's configuration for one service. {@link readBalancerState} reads it back from the service's fragment. */
export interface BalancerState {
  /** The service in its environment, `buy-service.prod`: the name of its fragment and of its backend. */
  readonly name: string;
  /** The release that serves; 0 before the first deploy. */
  readonly release: number;
  /** The release that a rollback returns to; 0 for none. */
  readonly previous: number;
  /** Keys of the app hosts with slots; `['']` where the balancer is on the replicas' host. */
  readonly hosts: readonly string[];
  /** Replicas with slots on each of them. */
  readonly size: number;
  /** The slots of the release that serves. */
  readonly slots: readonly SlotUse[];
  readonly canary?: Canary | undefined;
  /** The health check of free slots: that of the release to come. */
  readonly health: HealthCheck;
  /** Slots whose release has another one, by name. */
  readonly otherHealth?: Readonly<Record<string, HealthCheck>> | undefined;
  readonly settings: BalancerSettings;
}

/** The name of a slot within its backend: `1a`, or `h1-1a` for a replica on another machine. */
export const slotName = ({host, replica, colour}: Slot): string =>
  `${host === '' ? '' : `${host}-`}${replica}${halfOf(colour)}`;

/** The health check of a slot. */
export const healthOf = (
  {health, otherHealth}: Pick<BalancerState, 'health' | 'otherHealth'>,
  slot: Slot,
): HealthCheck => otherHealth?.[slotName(slot)] ?? health;

/** The names of slots as the `lb` program takes them: `buy-service.prod/h1-2b`. */
export const serversOf = (name: string, slots: readonly Slot[]): string[] =>
  slots.map((slot) => `${name}/${slotName(slot)}`);

/** Every slot, used or free. */
export function slotsOf({hosts, size}: Pick<BalancerState, 'hosts' | 'size'>): Slot[] {
  const colours: readonly Colour[] = ['blue', 'green'];
  const replicas = Array.from({length: size}, (_, index) => index + 1);
  return hosts.flatMap((host) => replicas.flatMap((replica) => colours.map((colour) => ({host, replica, colour}))));
}

const mark = '# entrypoint: ';

interface StoredSlot extends Omit<SlotUse, 'colour'> {
  readonly half: Half;
}

/**
 * The state as fragments have stored it since the first version: a check is a path. What is more than a path is stored
 * beside it, so that an earlier version reads a path.
 */
interface StoredState extends Omit<BalancerState, 'slots' | 'canary' | 'health' | 'otherHealth'> {
  readonly health: string;
  readonly otherHealth?: Readonly<Record<string, string>> | undefined;
  readonly check?: HealthCheck | undefined;
  readonly otherChecks?: Readonly<Record<string, HealthCheck>> | undefined;
  readonly slots: readonly StoredSlot[];
  readonly canary?: (Omit<Canary, 'slots'> & {readonly slots: readonly StoredSlot[]}) | undefined;
}

// Properties keep their order, here and in the whole state: an equal state must give an equal text, or a deploy reloads
// every balancer.
const toStored = ({host, replica, colour, ...use}: SlotUse): StoredSlot => ({
  host,
  replica,
  half: halfOf(colour),
  ...use,
});

const fromStored = ({host, replica, half, ...use}: StoredSlot): SlotUse => ({
  host,
  replica,
  colour: colourOf(half),
  ...use,
});

const pathOf = (check: HealthCheck): string => (check.kind === 'http' ? check.path : '/');

/** Undefined where there is none. */
function mapValues<A, B>(
  values: Readonly<Record<string, A>> | undefined,
  body: (value: A) => B | undefined,
): Record<string, B> | undefined {
  const entries = Object.entries(values ?? {}).flatMap(([name, value]): [string, B][] => {
    const result = body(value);
    return result === undefined ? [] : [[name, result]];
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

const moreThanPath = (check: HealthCheck): HealthCheck | undefined => (isPathCheck(check) ? undefined : check);

/** The line of a fragment that stores the state. */
export function stateLine(state: BalancerState): string {
  const {slots, canary, health, otherHealth} = state;
  const otherPaths = mapValues(otherHealth, pathOf);
  const [check, otherChecks] = [moreThanPath(health), mapValues(otherHealth, moreThanPath)];
  const {otherHealth: _, ...rest} = state;
  const stored: StoredState = {
    ...rest,
    slots: slots.map(toStored),
    canary: canary && {...canary, slots: canary.slots.map(toStored)},
    health: pathOf(health),
    ...(otherPaths === undefined ? {} : {otherHealth: otherPaths}),
    ...(check === undefined ? {} : {check}),
    ...(otherChecks === undefined ? {} : {otherChecks}),
  };
  return `${mark}${JSON.stringify(stored)}`;
}

/** Reads a state back from a fragment; undefined for any other text. */
export function readBalancerState(fragment: string): BalancerState | undefined {
  const line = fragment.split('\n').find((text) => text.startsWith(`${mark}{`));
  if (line === undefined) return undefined;
  try {
    const {check, otherChecks, ...stored} = JSON.parse(line.slice(mark.length)) as StoredState;
    const {slots, canary, health, otherHealth} = stored;
    return {
      ...stored,
      slots: slots.map(fromStored),
      ...(canary === undefined ? {} : {canary: {...canary, slots: canary.slots.map(fromStored)}}),
      health: check ?? pathCheck(health),
      ...(otherHealth === undefined ? {} : {otherHealth: {...mapValues(otherHealth, pathCheck), ...otherChecks}}),
    } as BalancerState;
  } catch {
    return undefined;
  }
}

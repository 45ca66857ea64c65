import {type Command, type SecretReference, type Words, wordsText} from '../shell/argv.ts';
import {dockerExec, dockerExecFed, dockerInspect, dockerRemove, networksFormat} from './docker/index.ts';

// The `lb` program is part of the haproxy image, which images/haproxy/README.md describes. All of its verbs are
// idempotent. A server's name is SERVICE/SLOT, where SERVICE is the name of the balancer's state.

/**
 * The words of `lb` that differ between its versions. A version accepts the words of all versions before it, so the
 * first ones work with every balancer.
 */
const vocabularies = {
  1: {drain: 'idle', disable: 'off', watch: 'attend', blue: 'a', green: 'b'},
  2: {drain: 'drain', disable: 'disable', watch: 'watch', blue: 'blue', green: 'green'},
  // The words of 2; it also starts servers that have no check.
  3: {drain: 'drain', disable: 'disable', watch: 'watch', blue: 'blue', green: 'green'},
} as const;

export type LbVersion = keyof typeof vocabularies;

/**
 * The label that the haproxy image gives its containers. It comes from the image, not the deployer: a host can still
 * have an older image of the same name, and a container started from that one has the older `lb`.
 */
export const lbVersionLabel = 'entrypoint.lb';

/**
 * The words that a balancer with this value of {@link lbVersionLabel} accepts; images before version 2 have no label.
 */
export const lbVersion = (label: string): LbVersion => (Number(label) >= 3 ? 3 : Number(label) >= 2 ? 2 : 1);

/** The command of a container that only drives a HAProxy. Any version: its image is not known before it starts. */
export const lbWatch: Words = [vocabularies[1].watch];

/**
 * Checks a service's fragment of the configuration and puts it in force. `reload` starts a new worker and waits for the
 * end of the old one, which knows only the old servers; `file-only` changes what a restart finds.
 */
export const balancerConfig = (
  balancer: string,
  service: string,
  fragment: string,
  how: 'reload' | 'file-only',
): Command => dockerExecFed(balancer, ['lb', 'config', how === 'reload' ? '--wait' : '--no-reload', service], fragment);

/** Prints a service's fragment; nothing where there is none. */
export const balancerReadConfig = (balancer: string, service: string): Words =>
  dockerExec(balancer, ['lb', 'fragment', service]);

/** Prints the configuration of all services. */
export const balancerReadAll = (balancer: string): Words =>
  dockerExec(balancer, ['sh', '-c', 'for service in $(lb services); do lb fragment "$service"; done']);

/** Prints the names of all services, one a line. */
const balancerServices = (balancer: string): Words => dockerExec(balancer, ['lb', 'services']);

/** Removes a service from a balancer that stays. */
export const balancerRemoveService = (balancer: string, service: string): Words =>
  dockerExec(balancer, ['lb', 'remove', service]);

/**
 * Removes a service from a balancer that several share, and the balancer from the service's network. The last service
 * removes the balancer.
 */
export function balancerLeave(balancer: string, service: string, network: string): Words {
  return [
    'sh',
    '-c',
    [
      `${wordsText(balancerRemoveService(balancer, service))} || exit`,
      `if [ -z "$(${wordsText(balancerServices(balancer))})" ]; then ${wordsText(dockerRemove(balancer))}`,
      `elif ${wordsText(dockerInspect(balancer, networksFormat))} | ${wordsText(['grep', '-qxF', network])}`,
      `then ${wordsText(['docker', 'network', 'disconnect', network, balancer])}; fi`,
    ].join('; '),
  ];
}

/** A server and the address to give it. */
export interface ServerStart {
  readonly server: string;
  readonly address: string;
  readonly port: number;
}

/**
 * Gives slots their addresses and waits until all of them pass their health check, at most `seconds`; they get no
 * traffic yet. {@link balancerDisable} of one of them ends it at once.
 */
export const balancerStart = (balancer: string, slots: readonly ServerStart[], seconds: number): Words =>
  dockerExec(balancer, [
    'lb',
    'start',
    String(seconds),
    ...slots.map(({server, address, port}) => `${server}=${address}:${port}`),
  ]);

/** Sends new requests to `to`, gradually over `overSeconds`; `from` finishes the requests it has. Ends a canary. */
export const balancerSwitch = (
  balancer: string,
  to: readonly string[],
  from: readonly string[],
  overSeconds = 0,
): Words => dockerExec(balancer, switchWords(to, from, overSeconds));

const switchWords = (to: readonly string[], from: readonly string[], overSeconds: number): Words => [
  'lb',
  'switch',
  '--to',
  to.join(','),
  ...(from.length === 0 ? [] : ['--from', from.join(',')]),
  ...(overSeconds === 0 || from.length === 0 ? [] : ['--over', String(overSeconds)]),
];

/** Waits until these servers have no connection, at most `seconds`, then disables them. */
export const balancerDrain = (
  balancer: string,
  version: LbVersion,
  seconds: number,
  servers: readonly string[],
): Words => dockerExec(balancer, drainWords(version, seconds, servers));

const drainWords = (version: LbVersion, seconds: number, servers: readonly string[]): Words => [
  'lb',
  vocabularies[version].drain,
  String(seconds),
  ...servers,
];

export interface BalancerMove {
  readonly version: LbVersion;
  /** Empty where they have their requests already. */
  readonly to: readonly string[];
  readonly from: readonly string[];
  readonly overSeconds: number;
  readonly service: string;
  /** What a restart finds from now on. */
  readonly fragment: string;
  readonly drainSeconds: number;
}

/** Switch, configuration (file only) and drain in one `docker exec`, since each exec costs a tenth of a second. */
export function balancerMove(
  balancer: string,
  {version, to, from, overSeconds, service, fragment, drainSeconds}: BalancerMove,
): Command {
  const steps = [
    // The fragment on standard input is for the next step.
    ...(to.length === 0 ? [] : [`${wordsText(switchWords(to, from, overSeconds))} </dev/null`]),
    wordsText(['lb', 'config', '--no-reload', service]),
    ...(from.length === 0 ? [] : [wordsText(drainWords(version, drainSeconds, from))]),
  ];
  return dockerExecFed(balancer, ['sh', '-c', steps.join(' && ')], fragment);
}

/** Disables these servers at once. */
export const balancerDisable = (balancer: string, version: LbVersion, servers: readonly string[]): Words =>
  dockerExec(balancer, ['lb', vocabularies[version].disable, ...servers]);

/** Prints a line for each server: its name, state, address and last check. */
export const balancerShow = (balancer: string, service: string): Words => dockerExec(balancer, ['lb', 'show', service]);

/** Makes the running balancer match its file, after a deploy that died between the switch and the file. */
export const balancerRestore = (balancer: string, service: string): Words =>
  dockerExec(balancer, ['lb', 'restore', service]);

/**
 * Gives two releases requests by weight (1 to 256), and by the header `x-canary` or the cookie `canary`: `always` or
 * `never` the new release. `fresh` is the colour of its slots.
 */
export const balancerCanary = (
  balancer: string,
  version: LbVersion,
  service: string,
  fresh: 'blue' | 'green',
  weights: Readonly<Record<string, number>>,
): Words =>
  dockerExec(balancer, [
    'lb',
    'canary',
    service,
    vocabularies[version][fresh],
    ...Object.entries(weights).map(([server, weight]) => `${server}=${weight}`),
  ]);

/** Turns maintenance mode on or off: every request of the service gets its maintenance page, also after a restart. */
export const balancerMaintenance = (balancer: string, service: string, on: boolean): Words =>
  dockerExec(balancer, ['lb', 'maintenance', on ? 'on' : 'off', service]);

/** Prints the requests, errors and response times of each server since its `lb start`; `parseCounts` reads them. */
export const balancerCounts = (balancer: string, service: string): Words =>
  dockerExec(balancer, ['lb', 'counts', service]);

/** Sends the service's certificate with its chain, and the key, unless that is in the same text, on standard input. */
export const balancerCertificate = (balancer: string, service: string, parts: readonly SecretReference[]): Command => ({
  words: dockerExecFed(balancer, ['lb', 'certificate', service], '').words,
  secretInput: parts,
});

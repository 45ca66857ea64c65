import {type Command, type SecretReference, type Words, wordsText} from '../shell/argv.ts';
import {dockerExec, dockerExecFed, dockerInspect, dockerRemove} from './docker/index.ts';

// The `lb` program is part of the haproxy image (images/haproxy/README.md describes it). All of its commands may be
// repeated. A server's name is SERVICE/SLOT, where SERVICE is the name of the balancer's state.

/**
 * Validates a service's fragment of the configuration and puts it in force. `reload` starts a new worker and waits
 * until the old one has gone, since that one knows only the old servers; `file-only` keeps what a restart is to find.
 */
export const balancerConfig = (
  balancer: string,
  service: string,
  fragment: string,
  how: 'reload' | 'file-only',
): Command => dockerExecFed(balancer, ['lb', 'config', how === 'reload' ? '--wait' : '--no-reload', service], fragment);

/** A service's fragment; nothing where there is none. */
export const balancerReadConfig = (balancer: string, service: string): Words =>
  dockerExec(balancer, ['lb', 'fragment', service]);

/** The names of all services on it, one a line. */
const balancerServices = (balancer: string): Words => dockerExec(balancer, ['lb', 'services']);

/** Takes a service off a balancer that goes on. */
export const balancerRemoveService = (balancer: string, service: string): Words =>
  dockerExec(balancer, ['lb', 'remove', service]);

/**
 * The same for one that services share: it leaves the network of this one, where it is in it, and the last service
 * takes it along.
 */
export function balancerLeave(balancer: string, service: string, network: string): Words {
  return [
    'sh',
    '-c',
    [
      `${wordsText(balancerRemoveService(balancer, service))} || exit`,
      `if [ -z "$(${wordsText(balancerServices(balancer))})" ]; then ${wordsText(dockerRemove(balancer))}`,
      `elif ${wordsText(dockerInspect(balancer, '{{range $name, $_ := .NetworkSettings.Networks}}{{println $name}}{{end}}'))} | ${wordsText(['grep', '-qxF', network])}`,
      `then ${wordsText(['docker', 'network', 'disconnect', network, balancer])}; fi`,
    ].join('; '),
  ];
}

/** A server with the address that it is to get. */
export interface ServerStart {
  readonly server: string;
  readonly address: string;
  readonly port: number;
}

/**
 * Gives slots their addresses and waits until all of them pass their health check; they get no traffic yet. Ends at once
 * when they are taken out meanwhile, @see balancerOff.
 */
export const balancerStart = (balancer: string, slots: readonly ServerStart[], seconds: number): Words =>
  dockerExec(balancer, [
    'lb',
    'start',
    String(seconds),
    ...slots.map(({server, address, port}) => `${server}=${address}:${port}`),
  ]);

/** New requests go to `to`, little by little in `overSeconds`; `from` only finishes what it has. Ends a canary. */
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

/** Waits until these servers have no connection, at most `seconds`, and takes them out. */
export const balancerIdle = (balancer: string, seconds: number, servers: readonly string[]): Words =>
  dockerExec(balancer, idleWords(seconds, servers));

const idleWords = (seconds: number, servers: readonly string[]): Words => ['lb', 'idle', String(seconds), ...servers];

export interface BalancerMove {
  /** Empty where they have their requests already. */
  readonly to: readonly string[];
  readonly from: readonly string[];
  readonly overSeconds: number;
  readonly service: string;
  /** What a restart is to find from now on. */
  readonly fragment: string;
  readonly idleSeconds: number;
}

/** Switch, configuration (file only) and idle, one after the other in one `docker exec`: each costs a tenth of a second. */
export function balancerMove(
  balancer: string,
  {to, from, overSeconds, service, fragment, idleSeconds}: BalancerMove,
): Command {
  const steps = [
    // The fragment on the standard input is for the next one.
    ...(to.length === 0 ? [] : [`${wordsText(switchWords(to, from, overSeconds))} </dev/null`]),
    wordsText(['lb', 'config', '--no-reload', service]),
    ...(from.length === 0 ? [] : [wordsText(idleWords(idleSeconds, from))]),
  ];
  return dockerExecFed(balancer, ['sh', '-c', steps.join(' && ')], fragment);
}

/** Takes these servers out at once. */
export const balancerOff = (balancer: string, servers: readonly string[]): Words =>
  dockerExec(balancer, ['lb', 'off', ...servers]);

/** One line a server: its name, state, address and last check. */
export const balancerShow = (balancer: string, service: string): Words => dockerExec(balancer, ['lb', 'show', service]);

/** Makes the running balancer match its file again, after a deploy that died between the two. */
export const balancerRestore = (balancer: string, service: string): Words =>
  dockerExec(balancer, ['lb', 'restore', service]);

/**
 * Two releases get requests by weight (1 to 256), and by the header `x-canary` or the cookie `canary`, `always` or
 * `never`. `half` is that of the new one.
 */
export const balancerCanary = (
  balancer: string,
  service: string,
  half: 'a' | 'b',
  weights: Readonly<Record<string, number>>,
): Words =>
  dockerExec(balancer, [
    'lb',
    'canary',
    service,
    half,
    ...Object.entries(weights).map(([server, weight]) => `${server}=${weight}`),
  ]);

/** Every request of the service is answered with its maintenance page, also after a restart, until it is switched off. */
export const balancerMaintenance = (balancer: string, service: string, on: boolean): Words =>
  dockerExec(balancer, ['lb', 'maintenance', on ? 'on' : 'off', service]);

/** What `parseCounts` reads: requests, errors and times of each server since it was started in its slot. */
export const balancerCounts = (balancer: string, service: string): Words =>
  dockerExec(balancer, ['lb', 'counts', service]);

/** Gives the balancer the service's certificate with its chain and, where that is not in the same text, the key. */
export const balancerCertificate = (balancer: string, service: string, parts: readonly SecretReference[]): Command => ({
  words: dockerExecFed(balancer, ['lb', 'certificate', service], '').words,
  secretInput: parts,
});

import {dockerPort} from '../../commands/docker/index.ts';
import {type Host, hostName, isRemote} from '../../service/hosts.ts';
import type {Target} from '../target.ts';
import type {HostConnection} from './connection.ts';
import type {Fleet} from './fleet.ts';
import {inUrl, isAnyAddress, isLoopback} from './machine/endpoints.ts';
import {engineHost} from './machine/engine-host.ts';
import {balancerOf} from './state.ts';

/** The service's URL for its own tasks, which run in a container on the first app host. */
export function taskUrl(target: Target, {dedicated, balancers}: Fleet): string {
  const {own, port} = target.settings.load_balancer;
  if (own !== undefined) return own.url;
  const [first] = balancers;
  if (!dedicated || first === undefined) return `http://${balancerOf(target)}:8080`;
  return `http://${balancerAddress(target, first.surveyed.machine.host)}:${port}`;
}

/** The address in deploy.yaml; the host's name if the balancer listens on every address. */
function balancerAddress(
  {
    settings: {
      load_balancer: {address},
    },
  }: Target,
  host: Host,
): string {
  return inUrl(isAnyAddress(address) ? hostName(host) : address);
}

/**
 * The URL of one balancer as this machine, or for a loopback address the machine of the engine, reaches it; empty in a dry
 * run.
 */
export async function balancerUrl(target: Target, {host, context}: HostConnection): Promise<string> {
  const {port, own} = target.settings.load_balancer;
  if (own !== undefined) return own.url;
  // A fixed port needs no round trip.
  if (isRemote(host) && port !== 0) return `http://${balancerAddress(target, host)}:${port}`;
  const {exitCode, stdout} = await context.run.read(dockerPort(balancerOf(target), 8080), {allow: [1]});
  const [address = ''] = stdout.trim().split('\n');
  if (exitCode !== 0 || address === '') return '';
  const name = await machineOf({host, context});
  return `http://${name === '' ? address : address.replace(/^(?:0\.0\.0\.0|\[?::\]?):/, `${inUrl(name)}:`)}`;
}

/** The name of the machine on which a host's engine publishes ports; empty: this one. */
const machineOf = async ({host, context}: Pick<HostConnection, 'host' | 'context'>): Promise<string> =>
  isRemote(host) ? hostName(host) : (await engineHost(context)).name;

/** The name of the other machine on which alone a URL of {@link balancerUrl} can be used; empty: it can be used here. */
export async function onlyOn(url: string, connection: HostConnection): Promise<string> {
  const host = /^https?:\/\/(\[[^\]]*\]|[^:/]*)/.exec(url)?.[1] ?? '';
  if (!isLoopback(host.replaceAll(/[[\]]/g, ''))) return '';
  const name = await machineOf(connection);
  return isLoopback(name) ? '' : name;
}

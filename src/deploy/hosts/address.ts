import {dockerPort} from '../../commands/docker/index.ts';
import {type Host, hostName, isRemote} from '../../service/hosts.ts';
import type {Target} from '../target.ts';
import type {View} from './fleet.ts';
import type {Site} from './host.ts';
import {balancerOf} from './state.ts';

/** Where tasks of the service reach it, from a container on the first app host. */
export function taskUrl(target: Target, {apart, balancers}: View): string {
  const {own} = target.settings.load_balancer;
  if (own !== undefined) return own.url;
  const [first] = balancers;
  if (!apart || first === undefined) return `http://${balancerOf(target)}:8080`;
  return `http://${hostAddress(target, first.found.machine.host)}:${target.settings.load_balancer.port}`;
}

/** The address that the file gives the balancers, or, where that is every address of the host, the host's name. */
function hostAddress(
  {
    settings: {
      load_balancer: {address},
    },
  }: Target,
  host: Host,
): string {
  return /^(?:0\.0\.0\.0|::)$/.test(address) ? hostName(host) : address;
}

/** Where the service answers: seen from this machine, or, for an address of its own, from the host; empty in a dry run. */
export async function addressOf(target: Target, {host, context: {run}}: Site): Promise<string> {
  const {port, own} = target.settings.load_balancer;
  if (own !== undefined) return own.url;
  // What the file says needs no question, and no round trip.
  if (isRemote(host) && port !== 0) return `http://${hostAddress(target, host)}:${port}`;
  const {exitCode, stdout} = await run.read(dockerPort(balancerOf(target), 8080), {allow: [1]});
  const [address = ''] = stdout.trim().split('\n');
  if (exitCode !== 0 || address === '') return '';
  return `http://${isRemote(host) ? address.replace(/^(?:0\.0\.0\.0|\[?::\]?):/, `${hostName(host)}:`) : address}`;
}

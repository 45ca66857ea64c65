import {dockerPort} from '../../commands/docker/index.ts';
import {type Host, hostName, isRemote} from '../../service/hosts.ts';
import type {Target} from '../target.ts';
import type {HostConnection} from './connection.ts';
import type {Fleet} from './fleet.ts';
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
  return inUrl(/^(?:0\.0\.0\.0|::)$/.test(address) ? hostName(host) : address);
}

/** The URL of one balancer as this machine, or for a loopback address the host itself, reaches it; empty in a dry run. */
export async function balancerUrl(target: Target, {host, context: {run}}: HostConnection): Promise<string> {
  const {port, own} = target.settings.load_balancer;
  if (own !== undefined) return own.url;
  // A fixed port needs no round trip.
  if (isRemote(host) && port !== 0) return `http://${balancerAddress(target, host)}:${port}`;
  const {exitCode, stdout} = await run.read(dockerPort(balancerOf(target), 8080), {allow: [1]});
  const [address = ''] = stdout.trim().split('\n');
  if (exitCode !== 0 || address === '') return '';
  return `http://${isRemote(host) ? address.replace(/^(?:0\.0\.0\.0|\[?::\]?):/, `${inUrl(hostName(host))}:`) : address}`;
}

/** An IPv6 address in brackets, as a URL has it; the name of a network interface begins with an escaped percent sign. */
function inUrl(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host.replace('%', '%25')}]` : host;
}

import {createHash} from 'node:crypto';
import {isIP} from 'node:net';
import {exitCode, problem} from '../../../../errors.ts';
import {bracketed, canonicalAddress, isLoopback} from '../../machine/endpoints.ts';
import type {SurveyedHost} from '../../state.ts';

// Below Linux's ephemeral ports (32768 and up), and above well-known ones.
const [lowest, count] = [20_000, 10_000];

/**
 * Ports for replicas that balancers on other machines reach: free, so that a release can start alongside the old one,
 * and fixed, so that they survive a reboot. Each service starts elsewhere in the range: concurrent deploys of two
 * services do not collide.
 * @param taken ports of all replicas on the host, running or not
 * @throws RangeError when too few are free
 */
export function freePorts(stack: string, taken: readonly number[], wanted: number): number[] {
  const start = createHash('sha256').update(stack).digest().readUInt32BE(0) % count;
  const ports: number[] = [];
  for (let index = 0; index < count && ports.length < wanted; index += 1) {
    const port = lowest + ((start + index) % count);
    if (!taken.includes(port)) ports.push(port);
  }
  if (ports.length < wanted) throw new RangeError(`no free port between ${lowest} and ${lowest + count - 1}`);
  return ports;
}

/**
 * The address at which balancers on other machines reach a host: that of deploy.yaml, or the one that ssh used.
 * @throws Problem `no_address` if that is unknown or a loopback address
 */
export function reachedAt(one: SurveyedHost): string {
  const found = replicaAddress(one);
  const wrong = isLoopback(found) ? 'a loopback' : /^fe80:/i.test(found) ? 'a link-local' : undefined;
  if (found !== '' && wrong === undefined) return found;
  const {host} = one.machine;
  throw problem({
    code: 'no_address',
    what: `no address known at which the load balancers can reach ${host}${wrong === undefined ? '' : `: ${found} is ${wrong} address`}`,
    fix: `set it in deploy.yaml: hosts: [{host: ${host}, address: 10.0.0.2}]`,
    exitCode: exitCode.badData,
  });
}

/** The address of deploy.yaml, or the one that ssh used; empty: neither is known. */
export const replicaAddress = ({machine: {address}, state: {sshAddress}}: SurveyedHost): string =>
  canonicalAddress(address ?? sshAddress);

/** The host address of a published port: that address alone, or all of them for a name, which docker cannot bind. */
export function publishedAt(address: string, port: number): string {
  return `${isIP(address) === 0 ? '0.0.0.0' : bracketed(address)}:${port}`;
}

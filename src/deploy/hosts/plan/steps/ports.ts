import {createHash} from 'node:crypto';
import {isIP} from 'node:net';
import {exitCode, problem} from '../../../../errors.ts';
import type {Found} from '../../state.ts';

// Below the ports that Linux gives away by itself (32768 and up), and away from those that people know.
const [lowest, count] = [20_000, 10_000];

/**
 * Ports of a host for replicas that balancers on other machines reach: free ones, so that a release starts beside the
 * old one, and fixed ones, so that they are the same after a reboot of the host. Each service begins somewhere else in
 * the range, so that two that deploy at the same time do not meet.
 * @throws RangeError when none is left
 */
export function freePorts(stack: string, taken: readonly number[], wanted: number): number[] {
  const start = createHash('sha256').update(stack).digest().readUInt32BE(0) % count;
  const ports: number[] = [];
  for (let index = 0; index < count && ports.length < wanted; index += 1) {
    const port = lowest + ((start + index) % count);
    if (!taken.includes(port)) ports.push(port);
  }
  if (ports.length < wanted) throw new RangeError(`no port is free between ${lowest} and ${lowest + count - 1}`);
  return ports;
}

/**
 * Where balancers on other machines reach the host: what the file says, or the address at which ssh reached it.
 * @throws Problem `no_address`
 */
export function reachedAt({machine: {host, address}, state: {sshAddress}}: Found): string {
  const found = address ?? sshAddress;
  if (found !== '' && !/^(?:127\.|::1$)/.test(found)) return found;
  throw problem({
    code: 'no_address',
    what: `at which address the load balancers reach ${host} is not known (ssh came to ${found || 'no address'}), and they need one`,
    fix: `say it in deploy.yaml: hosts: [{host: ${host}, address: 10.0.0.2}]`,
    exitCode: exitCode.badData,
  });
}

/** What docker publishes a port at: that address alone, where it is one and not a name. */
export function publishedAt(address: string, port: number): string {
  const kind = isIP(address);
  return `${kind === 0 ? '0.0.0.0' : kind === 6 ? `[${address}]` : address}:${port}`;
}

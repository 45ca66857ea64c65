import {balancerShow} from '../../commands/balancer.ts';
import type {Context} from '../../task.ts';
import {balancerName, sceneName} from '../names.ts';
import {sceneOf} from './deployment.ts';
import type {Target} from './deployment.ts';
import {isRemote} from './host.ts';
import {each, sitesOf} from './sites.ts';
import type {Site} from './sites.ts';
import {readScene} from './state.ts';
import {addressOf} from './traffic.ts';

export interface Status {
  readonly service: string;
  readonly environment: string;
  /** The release that gets the traffic; 0 when nothing is deployed. */
  readonly release: number;
  readonly previous: number;
  /** Where the first host answers. */
  readonly address: string;
  readonly hosts: readonly HostStatus[];
  readonly containers: readonly {
    readonly host: string;
    readonly name: string;
    readonly role: string;
    readonly release: number | null;
    readonly state: string;
    readonly status: string;
    readonly image: string;
    readonly commit: string;
    /** Does it get traffic now? */
    readonly serving: boolean;
  }[];
  /** The balancer's own view, a line each server. */
  readonly balancer: readonly string[];
}

export interface HostStatus {
  readonly host: string;
  readonly release: number;
  readonly previous: number;
  readonly address: string;
}

/** Reads what there is; changes nothing. The first host's release counts as the environment's. */
export async function status(context: Context, target: Target): Promise<Status> {
  const found = await each(sitesOf(context, target), (site) => hostStatus(site, target));
  const [first] = found;
  return {
    ...sceneOf(target),
    release: first?.release ?? 0,
    previous: first?.previous ?? 0,
    address: first?.address ?? '',
    hosts: found.map(({host, release, previous, address}) => ({host, release, previous, address})),
    containers: found.flatMap(({containers}) => containers),
    balancer: found.flatMap(({balancer}) => balancer),
  };
}

async function hostStatus({host, context: {run}}: Site, target: Target): Promise<HostStatus & Pick<Status, 'containers' | 'balancer'>> {
  const scene = sceneOf(target);
  const {containers, balancer} = await readScene(run, scene);
  const show = balancer === undefined ? '' : (await run.read(balancerShow(balancerName(scene), sceneName(scene)), {allow: [1]})).stdout;
  return {
    host,
    release: balancer?.release ?? 0,
    previous: balancer?.previous ?? 0,
    address: balancer === undefined ? '' : await addressOf(run, scene, host),
    containers: containers.filter(({role}) => role !== 'lock').map((one) => ({
      host,
      name: one.name,
      role: one.role,
      release: one.role === 'app' ? one.release : null,
      state: one.state,
      status: one.status,
      image: one.image,
      commit: one.commit,
      serving: balancer?.slots.some(({container}) => container === one.name) ?? false,
    })).toSorted((a, b) => a.name.localeCompare(b.name)),
    balancer: show.split('\n').filter((line) => line !== ''),
  };
}

/** The status for people: what serves, and what stands beside it, host by host. */
export function statusText(facts: Status): string {
  return facts.hosts.map((host) => {
    const where = facts.hosts.length > 1 || isRemote(host.host) ? `${sceneName(facts)} on ${host.host}` : sceneName(facts);
    const head = host.release === 0
      ? `${where}: not deployed`
      : `${where}: release ${host.release} at ${host.address}${host.previous === 0 ? '' : ` (rollback goes to release ${host.previous})`}`;
    const rows = facts.containers.filter((one) => one.host === host.host)
      .map((one) => [one.serving ? '*' : ' ', one.name, one.status, one.commit.slice(0, 12) || '-', one.image]);
    const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
    const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
    return [head, ...lines].join('\n');
  }).join('\n');
}

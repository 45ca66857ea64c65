import {balancerShow} from '../../commands/balancer.ts';
import type {Context} from '../../task.ts';
import {balancerName, sceneName} from '../names.ts';
import {sceneOf} from './deployment.ts';
import type {Target} from './deployment.ts';
import {readScene} from './state.ts';
import {addressOf} from './traffic.ts';

export interface Status {
  readonly service: string;
  readonly environment: string;
  /** The release that gets the traffic; 0 when nothing is deployed. */
  readonly release: number;
  readonly previous: number;
  readonly address: string;
  readonly containers: readonly {
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

/** Reads what there is; changes nothing. */
export async function status({run}: Pick<Context, 'run'>, target: Target): Promise<Status> {
  const scene = sceneOf(target);
  const {containers, balancer} = await readScene(run, scene);
  const show = balancer === undefined ? '' : (await run.read(balancerShow(balancerName(scene)), {allow: [1]})).stdout;
  return {
    ...scene,
    release: balancer?.release ?? 0,
    previous: balancer?.previous ?? 0,
    address: balancer === undefined ? '' : await addressOf(run, scene),
    containers: containers.filter(({role}) => role !== 'lock').map((one) => ({
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

/** The status for people: what serves, and what stands beside it. */
export function statusText(facts: Status): string {
  const {release, previous, address, containers} = facts;
  const head = release === 0
    ? `${sceneName(facts)}: not deployed`
    : `${sceneName(facts)}: release ${release} at ${address}${previous === 0 ? '' : ` (rollback goes to release ${previous})`}`;
  const rows = containers.map((one) => [one.serving ? '*' : ' ', one.name, one.status, one.commit.slice(0, 12) || '-', one.image]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
  return [head, ...lines].join('\n');
}

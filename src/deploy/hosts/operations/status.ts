import {balancerShow} from '../../../commands/lb.ts';
import {isRemote} from '../../../service/hosts.ts';
import {settleEach} from '../../../shell/concurrency.ts';
import {stackName} from '../../../stack/names.ts';
import type {Context} from '../../../task.ts';
import {compareTexts} from '../../../text/compare.ts';
import {imageTables} from '../../../text/image-table.ts';
import {stackOf, type Target} from '../../target.ts';
import {serversOf} from '../balancer/state.ts';
import {type Fleet, fleetOf, servingSlots, statesFor} from '../fleet.ts';
import {balancerUrl} from '../service-address.ts';
import {balancerOf, type SurveyedHost} from '../state.ts';
import {survey, type Survey} from '../survey.ts';
import {driftOf} from './drift.ts';

/** The state of an environment. */
export interface Status {
  readonly service: string;
  readonly environment: string;
  /** The newest release that serves; 0 if nothing is deployed. */
  readonly release: number;
  /** The release that a rollback returns to; 0 for none. */
  readonly previous: number;
  /** The URL of the first balancer. */
  readonly address: string;
  readonly canary: {readonly release: number; readonly percent: number} | null;
  readonly hosts: readonly HostStatus[];
  readonly containers: readonly ContainerStatus[];
  /** The balancers' own reports, one line per server. */
  readonly balancer: readonly string[];
  /** Differences from what should run, as text; empty if there are none. */
  readonly drift: readonly string[];
}

/** What runs on one host. */
export interface HostStatus {
  readonly host: string;
  /** 0 if nothing is deployed, and for unreachable hosts. */
  readonly release: number;
  readonly previous: number;
  /** Empty if the host has no balancer. */
  readonly address: string;
  readonly reached: boolean;
}

/** A container of the service, running or stopped. */
export interface ContainerStatus {
  readonly host: string;
  readonly name: string;
  readonly role: string;
  /** null for containers that are no replicas. */
  readonly release: number | null;
  /** Docker's state: created, running, paused, restarting, exited, dead. */
  readonly state: string;
  /** Docker's text, such as `Up 3 minutes`. */
  readonly status: string;
  readonly image: string;
  readonly commit: string;
  /** Creation time, by the host's clock. */
  readonly created: string;
  /** Whether it gets traffic. */
  readonly serving: boolean;
  /** The result of its health check at the first balancer that has it, such as `L7OK`; null without traffic. */
  readonly health: string | null;
}

/**
 * Reads what runs in an environment; changes nothing. With several hosts, unreachable ones are reported, not an error.
 * @throws Problem `host_unreachable`, `engine_unavailable`
 */
export async function status(context: Context, target: Target): Promise<Status> {
  const found = await survey(context, target, {skipUnreachable: target.settings.hosts.length > 1});
  const {surveyed, skipped} = found;
  const fleet = fleetOf(target, surveyed);
  const lines = await showBalancers(target, fleet, found);
  const hosts = await Promise.all(surveyed.map((one) => hostStatus(target, fleet, one, found)));
  const newest = fleet.balancers.map(({before}) => before).toSorted((a, b) => b.release - a.release)[0];
  return {
    ...stackOf(target),
    release: newest?.release ?? 0,
    previous: newest?.previous ?? 0,
    address: hosts.find(({address}) => address !== '')?.address ?? '',
    canary: newest?.canary === undefined ? null : {release: newest.canary.release, percent: newest.canary.percent},
    hosts: [...hosts, ...skipped.map((host) => ({host, release: 0, previous: 0, address: '', reached: false}))],
    containers: surveyed.flatMap((one) => containersOf(fleet, one, lines)),
    balancer: lines,
    drift: [...skipped.map((host) => `cannot reach ${host}`), ...driftOf(target, fleet)],
  };
}

async function showBalancers(target: Target, {balancers}: Fleet, {connectionTo}: Survey): Promise<string[]> {
  const shown = await settleEach(
    balancers.filter(({held}) => held !== undefined),
    async ({surveyed: {machine}, before}) => {
      const show = balancerShow(balancerOf(target), before.name);
      const {stdout} = await connectionTo(machine.host).context.run.read(show, {allow: [1]});
      return stdout.split('\n').filter((line) => line !== '');
    },
    target.settings.parallel,
  );
  return shown.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
}

async function hostStatus(
  target: Target,
  fleet: Fleet,
  surveyed: SurveyedHost,
  {connectionTo}: Survey,
): Promise<HostStatus> {
  const {
    machine: {host, balancer},
    state,
  } = surveyed;
  const newest = statesFor(fleet, surveyed).toSorted((a, b) => b.release - a.release)[0];
  return {
    host,
    release: newest?.release ?? 0,
    previous: newest?.previous ?? 0,
    address: balancer && state.balancer !== undefined ? await balancerUrl(target, connectionTo(host)) : '',
    reached: true,
  };
}

function containersOf(fleet: Fleet, surveyed: SurveyedHost, shown: readonly string[]): ContainerStatus[] {
  const [name = ''] = statesFor(fleet, surveyed).map((state) => state.name);
  const slots = servingSlots(fleet, surveyed);
  return surveyed.state.containers
    .filter(({role}) => role !== 'lock')
    .map((one) => {
      const slot = slots.find(({container}) => container === one.name);
      const line =
        slot === undefined
          ? undefined
          : (shown.find((text) => text.includes(` ${slot.address}:${slot.port} `)) ??
            shown.find((text) => text.startsWith(`${serversOf(name, [slot])[0]} `)));
      return {
        host: surveyed.machine.host,
        name: one.name,
        role: one.role,
        release: one.role === 'app' ? one.release : null,
        state: one.state,
        status: one.status,
        image: one.image,
        commit: one.commit,
        created: one.created,
        serving: slot !== undefined,
        health: line === undefined ? null : (/\bL[4-7]\w+\b/.exec(line)?.[0] ?? null),
      };
    })
    .toSorted((a, b) => compareTexts(a.name, b.name));
}

/**
 * The status for people: each host with its containers (`*`: serves), the canary, then drift.
 * @param columns the width of the screen, into which images are shortened. Default: nothing is shortened
 * @example
 * const found = await readStatus(context, target);
 * context.say(statusText(found), ({columns}) => statusText(found, columns));
 */
export function statusText(facts: Status, columns?: number): string {
  const tables = imageTables(
    facts.hosts.map(({host}) => rowsOf(facts, host)),
    columns,
    2,
  );
  const hosts = facts.hosts.map((host, index) => {
    const where =
      facts.hosts.length > 1 || isRemote(host.host) ? `${stackName(facts)} on ${host.host}` : stackName(facts);
    const head = !host.reached
      ? `${where}: unreachable`
      : host.release === 0
        ? `${where}: not deployed`
        : `${where}: release ${host.release}${host.address === '' ? '' : ` at ${host.address}`}${host.previous === 0 ? '' : ` (rollback returns to release ${host.previous})`}`;
    return [head, ...(tables[index] ?? [])].join('\n');
  });
  const canary =
    facts.canary === null
      ? []
      : [`canary: release ${facts.canary.release} gets ${facts.canary.percent} % of the requests`];
  return [...hosts, ...canary, ...facts.drift.map((text) => `drift: ${text}`)].join('\n');
}

const rowsOf = ({containers}: Status, host: string): readonly (readonly string[])[] =>
  containers
    .filter((one) => one.host === host)
    .map((one) => [
      one.serving ? '*' : ' ',
      one.name,
      one.status,
      one.health ?? '-',
      one.commit.slice(0, 12) || '-',
      one.image,
    ]);

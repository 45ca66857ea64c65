import {balancerShow} from '../../../commands/lb.ts';
import {isRemote} from '../../../service/hosts.ts';
import {stackName} from '../../../stack/names.ts';
import type {Context} from '../../../task.ts';
import {replicaSettings, stackOf, type Target} from '../../target.ts';
import {addressOf} from '../address.ts';
import {slotsOn, statesFor, type View, viewOf} from '../fleet.ts';
import {settle} from '../host.ts';
import {leftoversOf} from '../plan/leftovers.ts';
import {appsOf, balancerOf, type Container, type Found} from '../state.ts';
import {survey, type Survey} from '../survey.ts';

export interface Status {
  readonly service: string;
  readonly environment: string;
  /** The release that gets the traffic; 0 when nothing is deployed. */
  readonly release: number;
  readonly previous: number;
  /** Where the first balancer answers. */
  readonly address: string;
  readonly canary: {readonly release: number; readonly percent: number} | null;
  readonly hosts: readonly HostStatus[];
  readonly containers: readonly {
    readonly host: string;
    readonly name: string;
    readonly role: string;
    readonly release: number | null;
    readonly state: string;
    /** Docker's words, such as `Up 3 minutes`. */
    readonly status: string;
    readonly image: string;
    readonly commit: string;
    /** When it was created, by the host's clock. */
    readonly created: string;
    /** Does it get traffic now? */
    readonly serving: boolean;
    /** What the first balancer that has it says of its health check, such as `L7OK`; null where it has no traffic. */
    readonly health: string | null;
  }[];
  /** The balancers' own view, a line each server. */
  readonly balancer: readonly string[];
  /** What differs from what should run, in words; empty where all is as it should be. */
  readonly drift: readonly string[];
}

export interface HostStatus {
  readonly host: string;
  /** 0 where nothing is deployed, and for hosts that cannot be reached. */
  readonly release: number;
  readonly previous: number;
  /** Empty where the host has no balancer. */
  readonly address: string;
  readonly reached: boolean;
}

/** Reads what there is; changes nothing. The newest release counts as the environment's. */
export async function status(context: Context, target: Target): Promise<Status> {
  const looked = await survey(context, target, {skipUnreachable: target.settings.hosts.length > 1});
  const {found, skipped} = looked;
  const view = viewOf(target, found);
  const shown = await showBalancers(target, view, looked);
  const hosts = await Promise.all(found.map((one) => hostStatus(target, view, one, looked)));
  const newest = view.balancers.map(({before}) => before).toSorted((a, b) => b.release - a.release)[0];
  const lines = shown.flatMap(({lines: all}) => all);
  return {
    ...stackOf(target),
    release: newest?.release ?? 0,
    previous: newest?.previous ?? 0,
    address: hosts.find(({address}) => address !== '')?.address ?? '',
    canary: newest?.canary === undefined ? null : {release: newest.canary.release, percent: newest.canary.percent},
    hosts: [...hosts, ...skipped.map((host) => ({host, release: 0, previous: 0, address: '', reached: false}))],
    containers: found.flatMap((one) => containersOf(view, one, lines)),
    balancer: lines,
    drift: [...skipped.map((host) => `${host} cannot be reached`), ...driftOf(target, view)],
  };
}

async function showBalancers(target: Target, {balancers}: View, {siteOf}: Survey): Promise<{lines: string[]}[]> {
  const shown = await settle(
    balancers.filter(({held}) => held !== undefined),
    async ({
      found: {
        machine: {host},
      },
      before,
    }) => {
      const {stdout} = await siteOf(host).context.run.read(balancerShow(balancerOf(target), before.name), {allow: [1]});
      return {lines: stdout.split('\n').filter((line) => line !== '')};
    },
    target.settings.parallel,
  );
  return shown.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

async function hostStatus(target: Target, view: View, found: Found, {siteOf}: Survey): Promise<HostStatus> {
  const {
    machine: {host, balancer},
  } = found;
  const newest = statesFor(view, found).toSorted((a, b) => b.release - a.release)[0];
  return {
    host,
    release: newest?.release ?? 0,
    previous: newest?.previous ?? 0,
    address: balancer && found.state.balancer !== undefined ? await addressOf(target, siteOf(host)) : '',
    reached: true,
  };
}

function containersOf(view: View, found: Found, shown: readonly string[]): Status['containers'] {
  const used = statesFor(view, found).flatMap((state) =>
    slotsOn([...state.slots, ...(state.canary?.slots ?? [])], found).map((slot) => ({slot, name: state.name})),
  );
  return found.state.containers
    .filter(({role}) => role !== 'lock')
    .map((one) => {
      const use = used.find(({slot}) => slot.container === one.name);
      const line =
        use === undefined
          ? undefined
          : (shown.find((text) => text.includes(` ${use.slot.address}:${use.slot.port} `)) ??
            shown.find((text) =>
              text.startsWith(
                `${use.name}/${use.slot.host === '' ? '' : `${use.slot.host}-`}${use.slot.replica}${use.slot.half} `,
              ),
            ));
      return {
        host: found.machine.host,
        name: one.name,
        role: one.role,
        release: one.role === 'app' ? one.release : null,
        state: one.state,
        status: one.status,
        image: one.image,
        commit: one.commit,
        created: one.created,
        serving: use !== undefined,
        health: line === undefined ? null : (/\bL[4-7]\w+\b/.exec(line)?.[0] ?? null),
      };
    })
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

/** The status for people: what serves, and what stands beside it, host by host; then what is not as it should be. */
export function statusText(facts: Status): string {
  const hosts = facts.hosts.map((host) => {
    const where =
      facts.hosts.length > 1 || isRemote(host.host) ? `${stackName(facts)} on ${host.host}` : stackName(facts);
    const head = !host.reached
      ? `${where}: cannot be reached`
      : host.release === 0
        ? `${where}: not deployed`
        : `${where}: release ${host.release}${host.address === '' ? '' : ` at ${host.address}`}${host.previous === 0 ? '' : ` (rollback goes to release ${host.previous})`}`;
    const rows = facts.containers
      .filter((one) => one.host === host.host)
      .map((one) => [
        one.serving ? '*' : ' ',
        one.name,
        one.status,
        one.health ?? '-',
        one.commit.slice(0, 12) || '-',
        one.image,
      ]);
    const widths = [0, 1, 2, 3, 4].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
    const lines = rows.map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
    return [head, ...lines].join('\n');
  });
  const canary =
    facts.canary === null
      ? []
      : [`release ${facts.canary.release} is a canary with ${facts.canary.percent} % of the requests`];
  return [...hosts, ...canary, ...facts.drift.map((text) => `drift: ${text}`)].join('\n');
}

/** What differs from what should run, each in words: between the hosts, from the balancers' files, and from deploy.yaml. */
export function driftOf(target: Target, view: View): string[] {
  if (view.serving === 0) return [];
  const image = newestImage(view);
  return [
    ...view.balancers.flatMap(
      ({
        found: {
          machine: {host},
          state,
        },
        held,
      }) => [
        ...(state.balancerState === undefined
          ? [`${host} has no load balancer`]
          : state.balancerState === 'running'
            ? []
            : [`the load balancer on ${host} is ${state.balancerState}`]),
        ...(held !== undefined && held.release !== view.serving
          ? [`${host} serves release ${held.release}, and the newest is ${view.serving}`]
          : []),
      ],
    ),
    ...view.apps.flatMap((app) => appDrift(target, view, app, image)),
    ...view.leaving.map(
      ({machine: {host}}) =>
        `${host} is no longer in deploy.yaml, and release ${view.serving} or an older one is still there`,
    ),
  ];
}

function appDrift(target: Target, view: View, app: Found, image: string): string[] {
  const {host} = app.machine;
  const used = usedOn(view, app);
  const containers = appsOf(app.state).filter(({name}) => used.has(name));
  const {remove, stop} = leftoversOf(app, statesFor(view, app));
  return [
    ...[...used]
      .filter((name) => !containers.some((one) => one.name === name))
      .map((name) => `${name} on ${host} is gone`),
    ...containers.filter(({state}) => state !== 'running').map(({name, state}) => `${name} on ${host} is ${state}`),
    ...containers
      .filter((one) => one.release === view.serving && one.image !== image)
      .map((one) => `${one.name} on ${host} runs ${one.image}, and others of its release ${image}`),
    ...(used.size === 0
      ? [`no replica runs on ${host}`]
      : used.size === target.settings.replicas || view.balancers.some(({before}) => before.canary !== undefined)
        ? []
        : [`${used.size} replicas run on ${host}, and deploy.yaml says ${target.settings.replicas}`]),
    ...(containers.some(
      (one) => one.release === view.serving && one.settings !== '' && one.settings !== replicaSettings(target),
    )
      ? [`deploy.yaml has changed since release ${view.serving} was started on ${host}`]
      : []),
    ...[...remove, ...stop].map((name) => `${name} on ${host} runs, and gets no traffic: the next deploy ends it`),
  ];
}

const usedOn = (view: View, app: Found): Set<string> =>
  new Set(
    statesFor(view, app)
      .flatMap((state) => slotsOn([...state.slots, ...(state.canary?.slots ?? [])], app))
      .map(({container}) => container),
  );

function newestImage(view: View): string {
  const all = view.apps.flatMap((app) => appsOf(app.state).filter((one: Container) => one.release === view.serving));
  const counts = all.map((one) => ({image: one.image, count: all.filter(({image}) => image === one.image).length}));
  return counts.toSorted((a, b) => b.count - a.count)[0]?.image ?? '';
}

import {dockerVolumeDescriptions} from '../../../commands/docker/index.ts';
import {settleEach} from '../../../shell/concurrency.ts';
import {logLabel, stackName} from '../../../stack/names.ts';
import type {Context} from '../../../task.ts';
import {table} from '../../../text/table.ts';
import {stackOf, type Target} from '../../target.ts';
import {connectionTo} from '../connection.ts';
import {machinesOf} from '../machines.ts';
import {entryFormat, parseEntries, type StoredEntry} from '../release-log.ts';

/** One run of a task that changed an environment, from the release logs of its hosts. */
export interface Release {
  readonly release: number;
  /** deploy, rollback, canary, continue, abort. */
  readonly what: string;
  /** done, failed. */
  readonly result: string;
  /** ISO 8601, by the deployer's clock. */
  readonly at: string;
  /** `jo@laptop` */
  readonly owner: string;
  readonly image: string;
  /** The hosts whose logs contain it. */
  readonly hosts: readonly string[];
}

/** The release log of an environment. */
export interface History {
  readonly service: string;
  readonly environment: string;
  /** Newest first. */
  readonly releases: readonly Release[];
  /** Unreachable hosts. */
  readonly unreached: readonly string[];
}

/**
 * Reads the release logs of all reachable hosts.
 * @throws Problem `host_unreachable`, `command_failed` if no host can be read
 */
export async function history(context: Context, target: Target): Promise<History> {
  const hosts = machinesOf(target.settings).map(({host}) => host);
  const stack = stackOf(target);
  const read = await settleEach(
    hosts,
    async (host) => {
      const {stdout} = await connectionTo(context, host, hosts.length > 1).context.run.read(
        dockerVolumeDescriptions({[logLabel]: stackName(stack)}, entryFormat),
      );
      return {host, entries: parseEntries(stdout)};
    },
    target.settings.parallel,
  );
  const unreached = hosts.filter((_, index) => read[index]?.status === 'rejected');
  const failure = read.find((one) => one.status === 'rejected');
  if (failure !== undefined && unreached.length === hosts.length) throw failure.reason;
  const logs = read.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  return {...stack, releases: mergeLogs(logs), unreached};
}

export interface HostLog {
  readonly host: string;
  readonly entries: readonly StoredEntry[];
}

/** Merges the logs of all hosts. An entry has the same name on each of them. */
export function mergeLogs(logs: readonly HostLog[]): Release[] {
  const entries = Map.groupBy(
    logs.flatMap(({host, entries: own}) => own.map((entry) => ({host, entry}))),
    ({entry}) => entry.name,
  );
  return [...entries.values()]
    .flatMap((same): Release[] => {
      const [first] = same;
      if (first === undefined) return [];
      const {what, result, at, owner, image} = first.entry;
      const release = Number(first.entry.release);
      return [{release, what, result, at, owner, image, hosts: same.map(({host}) => host)}];
    })
    .toSorted((a, b) => b.at.localeCompare(a.at));
}

/**
 * The history for people: one line per release, then the unreachable hosts.
 * @example
 * context.say(historyText(await readHistory(context, target), target));
 */
export function historyText(
  {service, environment, releases, unreached}: History,
  {settings}: Pick<Target, 'settings'>,
): string {
  if (releases.length === 0) return `no releases of ${service} recorded in ${environment}`;
  const hosts = machinesOf(settings).length;
  const isPartial = (one: Release): boolean => one.hosts.length < hosts;
  const someArePartial = releases.some(isPartial);
  const rows = releases.map((one) => [
    String(one.release),
    one.what,
    one.result,
    one.at.replace(/\.\d+Z$/, 'Z'),
    one.owner,
    ...(someArePartial ? [isPartial(one) ? `only on ${one.hosts.join(', ')}` : ''] : []),
    one.image,
  ]);
  return [...table(rows, {gap: 2}), ...unreached.map((host) => `cannot reach ${host}`)].join('\n');
}

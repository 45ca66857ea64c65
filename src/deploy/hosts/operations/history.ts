import {
  type Columns,
  dockerPs,
  dockerVolumeDescriptions,
  labelCell,
  parseRows,
  rowFormat,
} from '../../../commands/docker/index.ts';
import {type Words, wordsText} from '../../../shell/argv.ts';
import {settleEach} from '../../../shell/concurrency.ts';
import {shellText} from '../../../shell/script.ts';
import {logLabel, roleLabels, type Stack, stackName} from '../../../stack/names.ts';
import type {Context} from '../../../task.ts';
import {compareTexts} from '../../../text/compare.ts';
import {imageTables} from '../../../text/image-table.ts';
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
  /** Hosts whose release log was removed, as by `docker volume prune`: what serves there is listed, earlier entries are lost. */
  readonly lost: readonly string[];
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
      const {stdout} = await connectionTo(context, host, hosts.length > 1).context.run.read(historyCommand(stack));
      return {host, ...parseHistory(stdout)};
    },
    target.settings.parallel,
  );
  const unreached = hosts.filter((_, index) => read[index]?.status === 'rejected');
  const failure = read.find((one) => one.status === 'rejected');
  if (failure !== undefined && unreached.length === hosts.length) throw failure.reason;
  const logs = read.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  return {
    ...stack,
    releases: mergeLogs(logs),
    unreached,
    lost: logs.filter(({isLost}) => isLost).map(({host}) => host),
  };
}

const mark = '@@';

const runningColumns = {
  release: labelCell('entrypoint.release'),
  state: '{{.State}}',
  image: '{{.Image}}',
  created: '{{.CreatedAt}}',
} as const satisfies Columns<string>;

/** Reads the log of a host, and its replicas, from which a lost log is rebuilt, in one round trip. */
const historyCommand = (stack: Stack): Words => [
  'sh',
  '-c',
  [
    shellText(dockerVolumeDescriptions({[logLabel]: stackName(stack)}, entryFormat)),
    `echo ${mark}`,
    wordsText(dockerPs(roleLabels(stack, 'app'), rowFormat(runningColumns))),
  ].join('; '),
];

/** Reads what {@link historyCommand} printed. A release that runs and that the log does not have shows that it was lost. */
export function parseHistory(text: string): {entries: StoredEntry[]; isLost: boolean} {
  const [log = '', running = ''] = text.split(`${mark}\n`);
  const entries = parseEntries(log);
  const known = new Set(entries.map(({release}) => release));
  const unknown = Map.groupBy(
    parseRows(runningColumns, running).filter(({state, release}) => state === 'running' && !known.has(release)),
    ({release}) => release,
  );
  // A deploy that is under way has no entry yet, but the releases before it have.
  const isLost = unknown.size > 0 && entries.every(({result}) => result !== 'done');
  const rebuilt = [...unknown].map(([release, [first]]): StoredEntry => ({
    name: `rebuilt.${release}`,
    release,
    what: 'deploy',
    result: 'done',
    at: isoTime(first?.created ?? ''),
    owner: 'unknown',
    image: first?.image ?? '',
  }));
  return {entries: [...entries, ...(isLost ? rebuilt : [])], isLost};
}

// `2026-01-02 03:04:05 +0000 UTC`
function isoTime(created: string): string {
  const time = Date.parse(created.replace(/ [A-Z]+$/, ''));
  return Number.isNaN(time) ? '' : new Date(time).toISOString();
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
    .toSorted((a, b) => compareTexts(b.at, a.at));
}

/**
 * The history for people: one line per release, then the unreachable hosts.
 * @param columns the width of the screen, into which images are shortened. Default: nothing is shortened
 * @example
 * const found = await readHistory(context, target);
 * context.say(historyText(found, target), ({columns}) => historyText(found, target, columns));
 */
export function historyText(
  {service, environment, releases, unreached, lost}: History,
  {settings}: Pick<Target, 'settings'>,
  columns?: number,
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
  return [
    ...imageTables([rows], columns).flat(),
    ...lost.map((host) => `the release log of ${host} was removed (docker volume prune?): earlier entries are lost`),
    ...unreached.map((host) => `cannot reach ${host}`),
  ].join('\n');
}

import {dockerVolumeDescriptions} from '../../../commands/docker/index.ts';
import {logLabel, stackName} from '../../../stack/names.ts';
import type {Context} from '../../../task.ts';
import {machinesOf, stackOf, type Target} from '../../target.ts';
import {settle, siteOf} from '../host.ts';

/** One entry of the release log, as the hosts have it. */
export interface Record {
  readonly release: number;
  /** deploy, rollback, canary, continue, abort. */
  readonly what: string;
  readonly result: string;
  /** ISO 8601, by the clock of whoever did it. */
  readonly at: string;
  readonly owner: string;
  readonly image: string;
  /** The hosts that know of it. */
  readonly hosts: readonly string[];
}

export interface History {
  readonly service: string;
  readonly environment: string;
  /** Newest first. */
  readonly releases: readonly Record[];
  /** Hosts that could not be asked. */
  readonly unreached: readonly string[];
}

const keys = ['release', 'what', 'result', 'at', 'owner', 'image'] as const;
const format = ['{{.Name}}', ...keys.map((key) => `{{index .Labels "${logLabel}.${key}"}}`)].join('\t');

/** What was done in an environment, when, by whom, and how it ended: from the release log of every host that answers. */
export async function history(context: Context, target: Target): Promise<History> {
  const hosts = machinesOf(target.settings).map(({host}) => host);
  const stack = stackOf(target);
  const asked = await settle(
    hosts,
    async (host) => {
      const {stdout} = await siteOf(context, host, hosts.length > 1).context.run.read(
        dockerVolumeDescriptions({[logLabel]: stackName(stack)}, format),
      );
      return {
        host,
        rows: stdout
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => line.split('\t')),
      };
    },
    target.settings.parallel,
  );
  const unreached = hosts.filter((_, index) => asked[index]?.status === 'rejected');
  const failure = asked.find((one) => one.status === 'rejected');
  if (failure !== undefined && unreached.length === hosts.length) throw failure.reason;
  const answers = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  return {...stack, releases: merge(answers), unreached};
}

/** The same run of a task has one name on every host. */
export function merge(
  answers: readonly {readonly host: string; readonly rows: readonly (readonly string[])[]}[],
): Record[] {
  const names = [...new Set(answers.flatMap(({rows}) => rows.map(([name]) => name)))];
  return names
    .flatMap((name): Record[] => {
      const having = answers.filter(({rows}) => rows.some((row) => row[0] === name));
      const [, release = '', what = '', result = '', at = '', owner = '', image = ''] =
        having[0]?.rows.find((row) => row[0] === name) ?? [];
      return [{release: Number(release), what, result, at, owner, image, hosts: having.map(({host}) => host)}];
    })
    .toSorted((a, b) => b.at.localeCompare(a.at));
}

export function historyText({service, environment, releases, unreached}: History, hosts: number): string {
  if (releases.length === 0) return `nothing is written down of ${service} in ${environment}`;
  const rows = releases.map(({release, what, result, at, owner, image, hosts: known}) => [
    String(release),
    what,
    result,
    at.replace(/\.\d+Z$/, 'Z'),
    owner,
    known.length === hosts ? '' : `only on ${known.join(', ')}`,
    image,
  ]);
  const widths = [0, 1, 2, 3, 4, 5].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .filter((cell) => cell !== '')
      .join('  ')
      .trimEnd(),
  );
  return [...lines, ...unreached.map((host) => `${host} cannot be reached`)].join('\n');
}

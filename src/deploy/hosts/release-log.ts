import {type Columns, dockerVolumeCreate, parseRows, rowFormat} from '../../commands/docker/index.ts';
import type {Words} from '../../shell/argv.ts';
import {logEntryName, logLabel, type Stack, stackName} from '../../stack/names.ts';

/** Entries that each host keeps. */
export const keptEntries = 50;

/** The result of a run of a task. */
export type Outcome = 'done' | 'failed';

/** One run of a task: the same on every host. */
export interface ReleaseLogEntry {
  /** Unique to this run. */
  readonly token: string;
  /** deploy, rollback, canary, continue, abort. */
  readonly what: string;
  /** `jo@laptop` */
  readonly owner: string;
  /** ISO 8601, by the deployer's clock. */
  readonly at: string;
}

/** Fields of an entry, each the label `entrypoint.log.NAME` of an empty volume. */
const fields = ['release', 'what', 'result', 'at', 'owner', 'image'] as const;

type Field = (typeof fields)[number];

/** The label of a field of an entry. */
export const entryLabel = (field: Field): string => `${logLabel}.${field}`;

/**
 * Writes an entry. The release log consists of empty volumes with labels: no file with an owner, no program but docker,
 * and no image; `docker volume ls` shows it.
 */
export function logEntryCommand(
  stack: Stack,
  {token, what, owner, at}: ReleaseLogEntry,
  {release, image, result}: {readonly release: number; readonly image: string; readonly result: Outcome},
): Words {
  return dockerVolumeCreate(logEntryName(stack, token), {
    [logLabel]: stackName(stack),
    [entryLabel('at')]: at,
    [entryLabel('what')]: what,
    [entryLabel('release')]: String(release),
    [entryLabel('result')]: result,
    [entryLabel('owner')]: owner,
    [entryLabel('image')]: image,
  });
}

const columns = {
  name: '{{.Name}}',
  ...(Object.fromEntries(fields.map((field) => [field, `{{index .Labels "${entryLabel(field)}"}}`])) as Record<
    Field,
    string
  >),
} satisfies Columns<string>;

/** An entry as a host stores it, by the names of its fields; `name` is the volume's. */
export type StoredEntry = Readonly<Record<keyof typeof columns, string>>;

/** A format for `docker volume inspect`, read by {@link parseEntries}. */
export const entryFormat = rowFormat(columns);

export const parseEntries = (text: string): StoredEntry[] => parseRows(columns, text);

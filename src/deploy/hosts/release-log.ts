import {dockerVolumeCreate} from '../../commands/docker/index.ts';
import type {Words} from '../../shell/argv.ts';
import {logEntryName, logLabel, type Stack, stackName} from '../../stack/names.ts';

/** How many entries of the release log stay on each host. */
export const keptEntries = 50;

export type Result = 'done' | 'failed';

/** One entry of the release log: what was done, when, by whom, and how it ended. The same on every host. */
export interface Entry {
  /** Of one run of a task: the same on every host. */
  readonly token: string;
  readonly what: string;
  /** `jo@laptop` */
  readonly owner: string;
  /** ISO 8601, by the clock of whoever did it. */
  readonly at: string;
}

/**
 * Writes an entry down. The release log is made of empty volumes with labels: they need no file that belongs to some
 * user of the host, no program there but docker, and no image; `docker volume ls` shows them.
 */
export function entryCommand(
  stack: Stack,
  {token, what, owner, at}: Entry,
  {release, image, result}: {readonly release: number; readonly image: string; readonly result: Result},
): Words {
  return dockerVolumeCreate(logEntryName(stack, token), {
    [logLabel]: stackName(stack),
    [`${logLabel}.at`]: at,
    [`${logLabel}.what`]: what,
    [`${logLabel}.release`]: String(release),
    [`${logLabel}.result`]: result,
    [`${logLabel}.owner`]: owner,
    [`${logLabel}.image`]: image,
  });
}

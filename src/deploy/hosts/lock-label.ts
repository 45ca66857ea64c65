import {type Columns, parseRows, rowFormat} from '../../commands/docker/index.ts';
import type {LockTerm} from '../../commands/host.ts';
import {lockName, roleLabels, type Stack, stackLabels} from '../../stack/names.ts';
import {processMark} from './deployer.ts';

/** A lock expires after this many seconds; a live deployer renews it three times as often. */
export const lockSeconds = 60;

/** A lock on one host. */
export interface HeldLock {
  readonly id: string;
  /** `jo@laptop` */
  readonly owner: string;
  readonly reason: string;
  /** Identifies the process that took it: see `processMark`. Empty if that is unknown. */
  readonly process: string;
  /** Seconds since it was taken, by the clock of its host. */
  readonly age: number;
  /** Seconds until it expires, by the same clock; negative once it has expired. */
  readonly left: number;
  /** Its deadline as it is stored: every renewal changes it. */
  readonly stamp: string;
}

/** The label of a lock that holds one of its facts. */
export const lockLabel = (fact: 'owner' | 'reason' | 'process' | 'token'): string => `entrypoint.lock.${fact}`;

/** A lock to take. */
export interface WantedLock {
  readonly stack: Stack;
  /** The reason of the lock: `deploy`. */
  readonly reason: string;
  readonly owner: string;
  /** Unique to this run of a task. */
  readonly token: string;
}

/** The labels that only this run's lock has. */
export const labelsOfRun = ({stack, token}: Pick<WantedLock, 'stack' | 'token'>): Record<string, string> => ({
  ...stackLabels(stack),
  [lockLabel('token')]: token,
});

/** @param image one that the host has */
export const lockTerm = ({stack, reason, owner, token}: WantedLock, image: string): LockTerm => ({
  container: {
    name: lockName(stack),
    image,
    labels: {
      ...roleLabels(stack, 'lock'),
      [lockLabel('owner')]: owner,
      [lockLabel('reason')]: reason,
      [lockLabel('process')]: processMark(),
      [lockLabel('token')]: token,
    },
  },
  owner,
  reason,
  token,
  seconds: lockSeconds,
});

const cell = (fact: Parameters<typeof lockLabel>[0]): string => `{{index .Config.Labels "${lockLabel(fact)}"}}`;

const columns = {
  id: '{{.Id}}',
  created: '{{.Created}}',
  // The restart limit: the container never fails, so that it can store a number there, and a renewal changes it.
  expires: '{{.HostConfig.RestartPolicy.MaximumRetryCount}}',
  owner: cell('owner'),
  reason: cell('reason'),
  process: cell('process'),
} as const satisfies Columns<string>;

/** A format for `docker inspect`, read by {@link parseLock}. */
export const lockFormat = rowFormat(columns);

/**
 * Reads a lock.
 * @param text what {@link lockFormat} printed
 * @param clock the host's time, ISO 8601: the clock of this machine can differ
 */
export function parseLock(text: string, clock: string): HeldLock | undefined {
  const [row] = parseRows(columns, text);
  if (row === undefined) return undefined;
  const {id, owner, reason, process} = row;
  const now = Date.parse(clock) / 1000;
  const taken = Date.parse(row.created) / 1000;
  const expires = Math.max(taken + lockSeconds, Number(row.expires));
  return {
    id,
    owner,
    reason,
    process,
    age: Math.max(0, Math.round(now - taken)),
    left: Math.round(expires - now),
    stamp: row.expires,
  };
}

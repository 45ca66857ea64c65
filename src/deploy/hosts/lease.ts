import {lockSeconds} from './lock-label.ts';

/** What a deployer knows of its own locks. Pure: times are milliseconds of its clock. */
export interface Lease {
  /** When the last renewal that succeeded was sent. */
  readonly renewed: number;
  /** Another deployer holds the locks. */
  readonly taken: boolean;
  /** When a renewal was sent that succeeded, but after the locks may have expired. */
  readonly late?: number | undefined;
}

/** The outcome of renewing the locks on all machines. */
export interface Renewal {
  /** When it was sent: the locks may expire by this time, not by that of the answer. */
  readonly sent: number;
  readonly succeeded: number;
  /** On how many machines another deployer holds the lock. */
  readonly taken: number;
}

// A host counts whole seconds.
const marginSeconds = 2;

const validMs = (lockSeconds - marginSeconds) * 1000;

/**
 * A renewal that came late is confirmed by a second one after this pause: another deployer may have read the lock as
 * expired just before, and be about to remove it, which takes a host far less time.
 */
export const confirmSeconds = 3;

/**
 * `held`: no other deployer can have taken the locks. `overdue`: the locks have expired, because this machine was asleep
 * or offline; they must be renewed before anything else changes. `taken`: another deployer has them.
 */
export function leaseState({renewed, taken}: Lease, now: number): 'held' | 'overdue' | 'taken' {
  if (taken) return 'taken';
  // A clock that was set back says nothing of how much time has passed.
  return now >= renewed && now - renewed < validMs ? 'held' : 'overdue';
}

/** @param machines number of machines, unreachable ones included: half of them decide */
export function afterRenewal(lease: Lease, {sent, succeeded, taken}: Renewal, machines: number): Lease {
  if (lease.taken) return lease;
  if (succeeded * 2 < machines) return {renewed: lease.renewed, taken: taken > 0};
  const {late} = lease;
  const isConfirmed = late !== undefined && sent - late >= confirmSeconds * 1000 && sent - late < validMs;
  return leaseState(lease, sent) === 'held' || isConfirmed
    ? {renewed: sent, taken: false}
    : {renewed: lease.renewed, taken: false, late: sent};
}

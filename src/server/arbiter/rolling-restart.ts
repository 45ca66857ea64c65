import {setTimeout as sleep} from 'node:timers/promises';
import type {Log} from '../process/log.ts';
import type {BootFailure, DrainOrder} from '../process/messages.ts';
import {type Member, type Members, roundSeconds} from './workers.ts';

const bootSeconds = 60;

export interface RollingRestartOptions {
  readonly crew: Members;
  readonly log: Log;
  /** How an old worker is sent away. */
  readonly order: DrainOrder;
  readonly stopping: () => boolean;
  /** The workers that count: none that leaves, none that boots to take another one's place. */
  readonly staff: () => readonly Member[];
  readonly target: () => number;
  /** A reload also ends a rest. */
  readonly wake: () => void;
  readonly reconcile: () => void;
  readonly began: (member: Member) => void;
}

export interface Renewal {
  /** A worker that has served enough, or has grown too large. */
  readonly recycle: (member: Member, reason: string) => void;
  /** Every worker, one after the other. One reload at most waits for another. */
  readonly reload: (signal: string) => void;
  /** It is gone. */
  readonly forget: (member: Member) => void;
}

/** New workers for old: the new one is ready before the old one drains, and one replacement is under way at a time. */
export function renewal({
  crew,
  log,
  order,
  stopping,
  staff,
  target,
  wake,
  reconcile,
  began,
}: RollingRestartOptions): Renewal {
  const recycled = new Set<Member>();
  let reloadQueued = false;
  let queue: Promise<unknown> = Promise.resolve();
  const enqueue = (job: () => Promise<unknown>): void => {
    queue = queue.then(job);
  };

  /** A new worker in the place of an old one. Returns the failure when the new one does not boot: then the old one stays. */
  async function replace(old: Member, reason: string): Promise<BootFailure | undefined> {
    if (stopping() || !staff().includes(old)) return undefined;
    const successor = crew.spawn(true);
    if ('exitCode' in successor) return kept(old, successor);
    const late = {message: `the new worker was not ready after ${bootSeconds} s`, exitCode: 3};
    const failure = await Promise.race([successor.booted, sleep(bootSeconds * 1000, late, {ref: false})]);
    if (stopping()) return undefined;
    successor.successor = false;
    if (failure !== undefined) {
      successor.reason = 'boot';
      successor.kill('SIGKILL');
      return kept(old, failure);
    }
    began(successor);
    if (staff().includes(old)) crew.retire(old, reason, order);
    await old.lame;
    reconcile();
    return undefined;
  }

  function kept(old: Member, failure: BootFailure): BootFailure {
    const {exitCode: _, ...told} = failure;
    log('error', 'worker_failed', {...told, kept: old.pid});
    return failure;
  }

  async function reloadAll(signal: string): Promise<void> {
    if (stopping()) return;
    const started = process.uptime();
    const old = staff();
    log('info', 'reloading', {signal, workers: old.length});
    wake();
    for (const member of old) {
      const failure = await replace(member, 'reload');
      if (failure === undefined) continue;
      log('error', 'reload_failed', {message: `the new code does not boot: the old workers go on`});
      return;
    }
    await Promise.all(old.map((member) => member.gone));
    if (!stopping())
      log('info', 'reloaded', {seconds: roundSeconds(process.uptime() - started), workers: staff().length});
  }

  return {
    recycle: (member, reason) => {
      if (stopping() || recycled.has(member)) return;
      recycled.add(member);
      enqueue(async () => {
        // Old workers that take their time to go are not heaped up.
        while (!stopping() && crew.all().filter(({state}) => state === 'leaving').length >= target()) await sleep(200);
        if ((await replace(member, reason)) !== undefined) recycled.delete(member);
      });
    },
    reload: (signal) => {
      if (reloadQueued || stopping()) return;
      reloadQueued = true;
      enqueue(() => {
        reloadQueued = false;
        return reloadAll(signal);
      });
    },
    forget: (member) => recycled.delete(member),
  };
}

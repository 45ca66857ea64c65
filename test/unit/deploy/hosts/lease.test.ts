import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import * as fc from 'fast-check';
import {afterRenewal, confirmSeconds, type Lease, leaseState} from '../../../../src/deploy/hosts/lease.ts';
import {lockSeconds} from '../../../../src/deploy/hosts/lock-label.ts';

const seconds = (count: number): number => count * 1000;
const fresh: Lease = {renewed: 0, taken: false};

describe('a lease', () => {
  test('is overdue two seconds before its locks expire on the hosts', () => {
    assert.equal(leaseState(fresh, seconds(lockSeconds - 2) - 1), 'held');
    assert.equal(leaseState(fresh, seconds(lockSeconds - 2)), 'overdue');
    assert.equal(leaseState(fresh, -1), 'overdue', 'after the clock was set back');
  });

  test('counts from the time when a renewal was sent, not from its answer', () => {
    const lease = afterRenewal(fresh, {sent: seconds(20), succeeded: 1, taken: 0}, 1);
    assert.equal(leaseState(lease, seconds(20 + lockSeconds - 2) - 1), 'held');
    assert.equal(leaseState(lease, seconds(20 + lockSeconds - 2)), 'overdue');
  });

  test('that was renewed late is held again after a second renewal', () => {
    const wake = seconds(500);
    const once = afterRenewal(fresh, {sent: wake, succeeded: 1, taken: 0}, 1);
    assert.equal(leaseState(once, wake + 1), 'overdue');
    const soon = afterRenewal(once, {sent: wake + 1, succeeded: 1, taken: 0}, 1);
    assert.equal(leaseState(soon, wake + 2), 'overdue', 'too soon');
    const twice = afterRenewal(once, {sent: wake + seconds(confirmSeconds), succeeded: 1, taken: 0}, 1);
    assert.equal(leaseState(twice, wake + seconds(confirmSeconds)), 'held');
  });

  test('needs half of the machines; once another deployer has the others, it never returns', () => {
    assert.equal(afterRenewal(fresh, {sent: 1, succeeded: 2, taken: 0}, 4).renewed, 1);
    assert.equal(afterRenewal(fresh, {sent: 1, succeeded: 1, taken: 0}, 4).renewed, 0);
    const lost = afterRenewal(fresh, {sent: 1, succeeded: 1, taken: 3}, 4);
    assert.equal(leaseState(lost, 2), 'taken');
    assert.equal(leaseState(afterRenewal(lost, {sent: 3, succeeded: 4, taken: 0}, 4), 3), 'taken');
  });
});

// A host, and what deployers and others do to it. A command reaches the host later than it was sent, and its answer later
// still; a deployer can sleep at any time. Only a running lock exists: a prune takes nothing.

interface HeldOnHost {
  readonly token: number;
  readonly created: number;
  /** Whole seconds; 0: never renewed. */
  deadline: number;
}

interface Deployer {
  token: number;
  lease: Lease | undefined;
}

const actions = fc.oneof(
  fc.record({do: fc.constant('pass' as const), ms: fc.integer({min: 0, max: 90_000})}),
  // About as long as a lock is valid.
  fc.record({do: fc.constant('pass' as const), ms: fc.integer({min: 57_000, max: 62_000})}),
  fc.record({do: fc.constant('pass' as const), ms: fc.integer({min: 0, max: 3000})}),
  fc.record({
    do: fc.constantFrom('take' as const, 'renew' as const, 'release' as const),
    who: fc.integer({min: 0, max: 1}),
    // From the decision, or the reading of the lock, to the host; then back.
    there: fc.oneof({weight: 3, arbitrary: fc.constant(0)}, fc.integer({min: 0, max: 70_000})),
    back: fc.oneof({weight: 3, arbitrary: fc.constant(0)}, fc.integer({min: 0, max: 70_000})),
    gap: fc.integer({min: 0, max: 2000}),
  }),
);

test('of any deployers that read, take, renew, sleep, and come back late, at most one holds the lock at any time', () => {
  fc.assert(
    fc.property(fc.array(actions, {maxLength: 40, size: 'max'}), (script) => {
      let now = seconds(1_000_000);
      let next = 1;
      let host: HeldOnHost | undefined;
      const deployers: Deployer[] = Array.from({length: 2}, () => ({token: 0, lease: undefined}));
      // Work that has been sent, in the order in which the host or its sender gets it.
      const queue: {readonly at: number; readonly run: () => void}[] = [];
      const expiry = ({created, deadline}: HeldOnHost): number =>
        Math.max(Math.floor(created / 1000) * 1000 + seconds(lockSeconds), seconds(deadline));
      const check = (): void => {
        const holding = deployers.filter(({lease}) => lease !== undefined && leaseState(lease, now) === 'held');
        assert.ok(holding.length <= 1, `${holding.length} hold it`);
      };
      const until = (end: number): void => {
        for (;;) {
          const index = queue.reduce(
            (best, one, at) => (one.at <= end && (best < 0 || one.at < (queue[best]?.at ?? 0)) ? at : best),
            -1,
          );
          if (index < 0) break;
          const [due] = queue.splice(index, 1);
          now = Math.max(now, due?.at ?? now);
          due?.run();
          check();
        }
        now = end;
        check();
      };
      const perform = (
        who: Deployer,
        what: 'take' | 'renew' | 'release',
        {there, back, gap}: Readonly<Record<'there' | 'back' | 'gap', number>>,
      ): void => {
        const sent = now;
        const arrives = sent + there;
        if (what === 'take') {
          if (who.lease !== undefined) return;
          // The survey: an expired lock is removed only if its deadline is what it was.
          const seen = host;
          const stamp = seen?.deadline;
          // As `docker inspect` and `left` round.
          if (seen !== undefined && Math.round((expiry(seen) - now) / 1000) >= 0) return;
          const token = next++;
          queue.push({
            at: arrives,
            run: () => {
              const isDead = seen !== undefined && host === seen && host.deadline === stamp;
              // One shell compares and removes: it takes a moment.
              queue.push({
                at: now + (isDead ? gap : 0),
                run: () => {
                  if (isDead && host === seen) host = undefined;
                  if (host !== undefined) return;
                  host = {token, created: now, deadline: 0};
                  queue.push({
                    at: now + back,
                    run: () => {
                      if (who.lease !== undefined) return;
                      who.token = token;
                      who.lease = {renewed: sent, taken: false};
                    },
                  });
                },
              });
            },
          });
        }
        if (what === 'renew') {
          if (who.lease === undefined) return;
          const {token} = who;
          queue.push({
            at: arrives,
            run: () => {
              let result: 'done' | 'taken' = 'done';
              if (host?.token === token) host.deadline = Math.floor(now / 1000) + lockSeconds;
              else if (host === undefined) host = {token, created: now, deadline: 0};
              else result = 'taken';
              queue.push({
                at: now + back,
                run: () => {
                  if (who.token !== token || who.lease === undefined) return;
                  const [succeeded, taken] = result === 'done' ? [1, 0] : [0, 1];
                  who.lease = afterRenewal(who.lease, {sent, succeeded, taken}, 1);
                },
              });
            },
          });
        }
        if (what === 'release' && who.lease !== undefined) {
          // Its last step, which needs the lock.
          if (leaseState(who.lease, now) === 'held' && host?.token === who.token) host = undefined;
          who.lease = undefined;
          who.token = 0;
        }
      };
      for (const action of script) {
        if (action.do === 'pass') until(now + action.ms);
        else perform(deployers[action.who] as Deployer, action.do, action);
      }
      until(now + 300_000);
    }),
    {numRuns: 10_000},
  );
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {heartbeatMilliseconds, maxMissedHeartbeats} from '../../../../src/server/watchdog/heartbeat.ts';

test('a loop counts as stuck no sooner than its timeout, however the two timers drift, and soon after', () => {
  for (const timeout of [0.2, 1, 2, 30, 100]) {
    const tick = heartbeatMilliseconds(timeout);
    assert.ok(tick <= 1000);
    // At the last check, the counter can have been unchanged for almost one tick less than the checks suggest.
    assert.ok((maxMissedHeartbeats(timeout) - 1) * tick >= timeout * 1000, String(timeout));
    assert.ok(maxMissedHeartbeats(timeout) * tick <= timeout * 1000 + 2 * tick, String(timeout));
  }
});

test('without a timeout, the heartbeat is one second', () => {
  assert.equal(heartbeatMilliseconds(0), 1000);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {beatMilliseconds, missedBeats} from '../../../../src/server/watchdog/heartbeat.ts';

test('a loop is stuck no sooner than its limit, whatever the step between it and its watch, and soon after it', () => {
  for (const timeout of [0.2, 1, 2, 30, 100]) {
    const tick = beatMilliseconds(timeout);
    assert.ok(tick <= 1000);
    // At the last look the counter may have stood for a whole tick less than the looks say.
    assert.ok((missedBeats(timeout) - 1) * tick >= timeout * 1000, String(timeout));
    assert.ok(missedBeats(timeout) * tick <= timeout * 1000 + 2 * tick, String(timeout));
  }
});

test('without a limit a loop counts once a second', () => {
  assert.equal(beatMilliseconds(0), 1000);
});

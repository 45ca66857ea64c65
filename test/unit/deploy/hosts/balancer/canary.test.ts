import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {canaryWeights} from '../../../../../src/deploy/hosts/balancer/canary.ts';

test('weights within the range of HAProxy give the canary its share', () => {
  fc.assert(
    fc.property(
      fc.integer({min: 1, max: 99}),
      fc.integer({min: 1, max: 20}),
      fc.integer({min: 1, max: 20}),
      (percent, fresh, old) => {
        const weights = canaryWeights(percent, fresh, old);
        for (const weight of Object.values(weights))
          assert.ok(Number.isInteger(weight) && weight >= 1 && weight <= 256, String(weight));
        assert.equal(Math.max(weights.fresh, weights.old), 256);
      },
    ),
  );
  for (const [percent, fresh, old] of [
    [1, 1, 1],
    [10, 2, 2],
    [10, 1, 6],
    [50, 3, 3],
    [90, 1, 2],
  ] as const) {
    const weights = canaryWeights(percent, fresh, old);
    const share = (100 * fresh * weights.fresh) / (fresh * weights.fresh + old * weights.old);
    assert.ok(Math.abs(share - percent) < 0.5, `${share} % instead of ${percent} %`);
  }
});

test('a canary that would leave one release without requests is refused', () => {
  for (const [percent, fresh, old] of [
    [0, 1, 1],
    [100, 1, 1],
    [Number.NaN, 1, 1],
    [10, 0, 1],
    [10, 1, 0],
  ] as const) {
    assert.throws(() => canaryWeights(percent, fresh, old), RangeError);
  }
});

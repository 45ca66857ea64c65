import assert from 'node:assert/strict';
import {test} from 'node:test';
import {
  comparisons,
  isDecided,
  limits,
  medianBounds,
  type Real,
  report,
  type Times,
} from '../../../bench/deploy/verdict.ts';

const rounds = 15;
const times = (one: number, three: number): Times => ({
  1: Array.from({length: rounds}, () => one),
  3: Array.from({length: rounds}, () => three),
});
const real = (dedicated: Times): Real => ({
  bare: times(2, 2.2),
  ours: times(2.2, 2.4),
  bareDedicated: times(2, 3),
  dedicated,
  rollback: 1.5,
  roundTrips: 6,
});

test('growth is compared with that of the bare script, in the same rounds', () => {
  const within = report(real(times(2.2, 3.5)), []);
  assert.ok(within.passed, within.notes.join('\n'));
  // 3.8 / 2.2 is 1.73 x one host, and the script takes 1.5 x.
  const {passed, notes} = report(real(times(2.2, 3.8)), []);
  assert.equal(passed, false);
  assert.deepEqual(
    notes.filter((line) => line.endsWith('NOT KEPT')).map((line) => line.split(' (')[0]),
    ['limit: three hosts behind one balancer grow at most 1.1 x as much as the bare script: 1.15'],
  );
});

const slower = (all: Times): Times => ({
  1: all[1].map((seconds, round) => seconds * (1 + round / 10)),
  3: all[3].map((seconds, round) => seconds * (1 + round / 10)),
});

test('a machine that becomes slower changes no ratio', () => {
  const steady = real(times(2.2, 3.5));
  const drifting = {...steady, dedicated: slower(steady.dedicated), bareDedicated: slower(steady.bareDedicated)};
  const [first, second] = [steady, drifting].map((all) => comparisons(all).growthDedicated.ratios);
  assert.deepEqual(
    second?.map((ratio) => ratio.toFixed(9)),
    first?.map((ratio) => ratio.toFixed(9)),
  );
});

test('the median of fifteen figures lies between the fourth and the twelfth', () => {
  const figures = Array.from({length: 15}, (_, index) => index + 1);
  assert.deepEqual(medianBounds(figures), {low: 4, high: 12});
  assert.deepEqual(medianBounds(Array.from({length: 45}, (_, index) => index + 1)), {low: 16, high: 30});
  assert.deepEqual(medianBounds([3, 1, 2]), {low: 1, high: 3});
});

const noisy = (middle: number): Times => ({
  1: Array.from({length: rounds}, () => 2),
  3: Array.from({length: rounds}, (_, round) => 2 * middle * (1 + (round - 7) / 100)),
});

test('a verdict needs more rounds while the limit lies within the noise', () => {
  assert.equal(isDecided(real(noisy(1.5 * limits.growth))), false);
  assert.equal(isDecided(real(noisy(1.5 * limits.growth * 0.9))), true);
  // Decided the other way, too: it fails.
  assert.equal(isDecided(real(noisy(1.5 * limits.growth * 1.1))), true);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {pointsProblem, priceInCents, type Product} from '../../src/pricing.ts';

const miles: Product = {
  id: 'miles',
  name: 'Miles',
  currency: 'EUR',
  cents_per_1000_points: 1899,
  min_points: 1000,
  max_points: 200_000,
  points_step: 1000,
  discount_from_points: 50_000,
  discount_percent: 15,
};
const beans: Product = {
  ...miles,
  cents_per_1000_points: 333,
  min_points: 1,
  max_points: 10_000_000,
  points_step: 1,
  discount_percent: 0,
};

test('a price is points times the price of a thousand points', () => {
  assert.equal(priceInCents(miles, 1000), 1899);
  assert.equal(priceInCents(miles, 49_000), 93_051);
});

test('a fraction of a cent is rounded up, so that nothing is free', () => {
  assert.equal(priceInCents(beans, 1), 1);
  assert.equal(priceInCents(beans, 1001), 334);
});

test('from its threshold on, the discount applies to the whole quote, and the price is rounded once', () => {
  // 50 * 1899 * 0.85 = 80707.5
  assert.equal(priceInCents(miles, 50_000), 80_708);
});

test('prices are whole cents, and never fall below the exact price nor exceed it by a cent', () => {
  for (let points = 1; points < 20_000; points += 7) {
    const price = BigInt(priceInCents(beans, points));
    const exact = BigInt(points) * 333n;
    assert.ok(price * 1000n >= exact && price * 1000n < exact + 1000n, String(points));
  }
});

test('the largest amounts that the schema allows are computed exactly', () => {
  const dear = {...beans, cents_per_1000_points: 999_999, max_points: 9_999_999, discount_from_points: 0};
  assert.equal(priceInCents({...dear, discount_percent: 1}, 9_999_999), 9_899_989_111);
});

test('points outside the range or between the steps are not sold', () => {
  assert.equal(pointsProblem(miles, 1000), undefined);
  assert.equal(pointsProblem(miles, 200_000), undefined);
  for (const points of [0, 999, 1500, 201_000]) {
    assert.equal(pointsProblem(miles, points), 'points must be from 1000 to 200000 in steps of 1000');
  }
});

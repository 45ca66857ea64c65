// Runs against deployed services, production included: it only reads.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Product} from '../../src/pricing.ts';
import {get} from '../support/api.ts';

test('the service is alive and reports its version', async () => {
  const {status, body} = await get<{status: string; version: string}>('/healthz');
  assert.equal(status, 200);
  assert.equal(body.status, 'ok');
  assert.match(body.version, /\S/);
});

test('the service is ready: its database is reachable', async () => {
  const {status, body} = await get<{status: string}>('/readyz');
  assert.equal(status, 200);
  assert.equal(body.status, 'ready');
});

test('there are products, with integer prices', async () => {
  const {status, body} = await get<{products: Product[]}>('/products?limit=10');
  assert.equal(status, 200);
  assert.ok(body.products.length > 0, 'no products');
  for (const product of body.products) {
    const {cents_per_1000_points: price} = product;
    assert.ok(Number.isSafeInteger(price) && price > 0, `the price of ${product.id} is ${price}`);
  }
});

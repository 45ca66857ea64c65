import assert from 'node:assert/strict';
import {randomUUID} from 'node:crypto';
import {test} from 'node:test';
import type {Product} from '../../src/pricing.ts';
import {get, post, type ErrorBody} from '../support/api.ts';
import {buy, expire, newId, openDatabase, quote, type Purchase, type Quote} from './support.ts';

test('a member buys points: product, quote, purchase', async () => {
  const products = await get<{products: Product[]}>('/products?limit=500');
  const product = products.body.products.find(({id}) => id === 'airline-miles');
  assert.equal(product?.cents_per_1000_points, 1899);

  const quoted = await post<Quote>('/quotes', {product_id: product.id, points: 50_000});
  assert.equal(quoted.status, 201);
  const {id: quoteId, expires_at: expiresAt, ...price} = quoted.body;
  const expected = {product_id: 'airline-miles', points: 50_000, price_cents: 80_708, currency: 'EUR'};
  assert.deepEqual(price, expected);
  assert.ok(Date.parse(expiresAt) > Date.now());

  const member = newId('member');
  const bought = await buy(newId('key'), quoteId, member);
  assert.equal(bought.status, 201);
  const {id, created_at: createdAt, ...rest} = bought.body;
  assert.deepEqual(rest, {quote_id: quoteId, member_id: member, ...price});
  assert.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 60_000);

  const read = await get<Purchase>(`/purchases/${id}`);
  assert.equal(read.status, 200);
  assert.deepEqual(read.body, bought.body);
});

test('products come in pages, each product once', async () => {
  const first = await get<{products: Product[]; next_after: string}>('/products?limit=1');
  const second = await get<{products: Product[]}>(`/products?limit=1&after=${first.body.next_after}`);
  assert.equal(first.body.products.length, 1);
  assert.equal(second.body.products.length, 1);
  assert.notEqual(second.body.products[0]?.id, first.body.products[0]?.id);
  const beyond = await get<{products: Product[]; next_after: null}>('/products?after=zzzz');
  assert.deepEqual(beyond.body, {products: [], next_after: null});
});

test('unknown products, quotes and purchases are 404', async () => {
  const product = await post<ErrorBody>('/quotes', {product_id: 'no-such', points: 1});
  assert.deepEqual([product.status, product.body.error.code], [404, 'product_not_found']);
  const missingQuote = await buy<ErrorBody>(newId('key'), randomUUID(), 'm1');
  assert.deepEqual([missingQuote.status, missingQuote.body.error.code], [404, 'quote_not_found']);
  const purchase = await get<ErrorBody>(`/purchases/${randomUUID()}`);
  assert.deepEqual([purchase.status, purchase.body.error.code], [404, 'purchase_not_found']);
});

test('a number of points that is not sold gets no quote', async () => {
  const {status, body} = await post<ErrorBody>('/quotes', {product_id: 'airline-miles', points: 1500});
  assert.equal(status, 422);
  assert.deepEqual(body.error, {
    code: 'points_not_sold',
    message: 'points must be from 1000 to 200000 in steps of 1000',
  });
});

test('an expired quote cannot be bought, and does not use up the key', async (t) => {
  const [expired, fresh, key] = [await quote(), await quote(), newId('key')];
  await expire(openDatabase(t), expired.id);
  const refused = await buy<ErrorBody>(key, expired.id, 'm1');
  assert.deepEqual([refused.status, refused.body.error.code], [409, 'quote_expired']);
  assert.equal((await buy(key, fresh.id, 'm1')).status, 201);
});

test('a quoted price stays when the price of the product rises', async (t) => {
  const database = openDatabase(t);
  const product = newId('test').slice(0, 20);
  await database.query(
    `INSERT INTO products (id, name, currency, cents_per_1000_points, min_points, max_points, points_step)
     VALUES ($1, 'Test', 'EUR', 100, 1, 1000, 1)`,
    [product],
  );
  const {body: quoted} = await post<Quote>('/quotes', {product_id: product, points: 1000});
  await database.query('UPDATE products SET cents_per_1000_points = 900 WHERE id = $1', [product]);
  assert.equal((await buy(newId('key'), quoted.id, 'm1')).body.price_cents, 100);
});

test('readyz answers 200 with the same version as healthz', async () => {
  const [ready, alive] = [await get<{version: string}>('/readyz'), await get<{version: string}>('/healthz')];
  assert.deepEqual([ready.status, alive.status], [200, 200]);
  assert.equal(ready.body.version, alive.body.version);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Pool} from 'pg';
import type {ErrorBody} from '../support/api.ts';
import {buy, countByStatus, expire, newId, openDatabase, quote, type Purchase} from './support.ts';

const parallel = Array.from({length: 50}, (_, index) => index);

async function purchasesOf(database: Pool, member: string): Promise<number> {
  const {rows} = await database.query<{count: number}>('SELECT count(*) AS count FROM purchases WHERE member_id = $1', [
    member,
  ]);
  return rows[0]?.count ?? 0;
}

test('the same key again gives the same body with 200', async () => {
  const [{id}, key] = [await quote(), newId('key')];
  const first = await buy(key, id, 'm1');
  const again = await buy(key, id, 'm1');
  assert.deepEqual([first.status, again.status], [201, 200]);
  assert.deepEqual(again.body, first.body);
});

test('the same key still gives the same body after the quote has expired', async (t) => {
  const [{id}, key] = [await quote(), newId('key')];
  const first = await buy(key, id, 'm1');
  await expire(openDatabase(t), id);
  const again = await buy(key, id, 'm1');
  assert.deepEqual([again.status, again.body], [200, first.body]);
});

test('rejects the same key with another quote or member', async () => {
  const [bought, other, key] = [await quote(), await quote(), newId('key')];
  await buy(key, bought.id, 'm1');
  for (const [quoteId, member] of [
    [other.id, 'm1'],
    [bought.id, 'm2'],
  ] as const) {
    const answer = await buy<ErrorBody>(key, quoteId, member);
    assert.deepEqual([answer.status, answer.body.error.code], [422, 'idempotency_key_reused']);
  }
  assert.equal((await buy(newId('key'), other.id, 'm1')).status, 201, 'the other quote was used up');
});

test('a quote can be bought once, whatever the key', async () => {
  const {id} = await quote();
  await buy(newId('key'), id, 'm1');
  const again = await buy<ErrorBody>(newId('key'), id, 'm1');
  assert.deepEqual([again.status, again.body.error.code], [409, 'quote_already_bought']);
});

test('50 concurrent requests with one key buy once and get one body', async (t) => {
  const [{id}, key, member] = [await quote(), newId('key'), newId('member')];
  const answers = await Promise.all(parallel.map(() => buy(key, id, member)));
  assert.deepEqual(countByStatus(answers), {200: 49, 201: 1});
  assert.equal(new Set(answers.map(({body}) => JSON.stringify(body))).size, 1);
  assert.equal(await purchasesOf(openDatabase(t), member), 1);
});

test('50 concurrent requests with different keys buy one quote once', async (t) => {
  const [{id}, member] = [await quote(), newId('member')];
  const answers = await Promise.all(parallel.map(() => buy(newId('key'), id, member)));
  assert.deepEqual(countByStatus(answers), {201: 1, 409: 49});
  assert.equal(await purchasesOf(openDatabase(t), member), 1);
});

test('50 concurrent requests with one key for two quotes buy one of them', async (t) => {
  const [quotes, key, member] = [[await quote(), await quote(2000)], newId('key'), newId('member')];
  const answers = await Promise.all(parallel.map((n) => buy(key, quotes[n % 2]?.id ?? '', member)));
  assert.deepEqual(countByStatus(answers), {200: 24, 201: 1, 422: 25});
  const bought = answers.filter(({status}) => status < 300).map(({body}: {body: Purchase}) => body.id);
  assert.equal(new Set(bought).size, 1);
  assert.equal(await purchasesOf(openDatabase(t), member), 1);
});

test('50 concurrent requests with different keys and quotes all buy', async (t) => {
  const member = newId('member');
  const quotes = await Promise.all(parallel.map(() => quote()));
  const answers = await Promise.all(quotes.map(({id}) => buy(newId('key'), id, member)));
  assert.deepEqual(countByStatus(answers), {201: 50});
  assert.equal(await purchasesOf(openDatabase(t), member), 50);
});

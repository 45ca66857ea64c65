import assert from 'node:assert/strict';
import {test} from 'node:test';
import {idempotencyKeyPattern, isSameRequest} from '../../src/idempotency.ts';

const bought = {quote_id: '0a8f7c62-39b2-4b8e-9d62-0c5a6f1a2b3c', member_id: 'm1'};

test('the same quote for the same member is the same request', () => {
  assert.ok(isSameRequest(bought, {...bought}));
});

test('an upper-case UUID is the same quote, as in the database', () => {
  assert.ok(isSameRequest(bought, {...bought, quote_id: bought.quote_id.toUpperCase()}));
});

test('another quote or another member is another request', () => {
  assert.ok(!isSameRequest(bought, {...bought, member_id: 'M1'}));
  assert.ok(!isSameRequest(bought, {...bought, quote_id: '1a8f7c62-39b2-4b8e-9d62-0c5a6f1a2b3c'}));
});

test('a key is 1 to 255 printable characters without spaces', () => {
  const pattern = new RegExp(idempotencyKeyPattern);
  for (const key of ['a', '0a8f-7c62', 'x'.repeat(255), '{"k":1}']) assert.match(key, pattern);
  for (const key of ['', 'a b', 'a, b', 'é', 'a\n', 'x'.repeat(256)]) assert.doesNotMatch(key, pattern);
});

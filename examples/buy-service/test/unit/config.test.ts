import assert from 'node:assert/strict';
import {test} from 'node:test';
import config from '../../src/config.ts';

const valid = {DATABASE_URL: 'postgres://buy@postgres/buy', DATABASE_PASSWORD: 'pass word'};

test('defaults cover everything but the database', () => {
  const {DATABASE_PASSWORD, ...others} = config.read({env: valid});
  assert.equal(DATABASE_PASSWORD.reveal(), 'pass word');
  assert.deepEqual(others, {
    DATABASE_URL: 'postgres://buy@postgres/buy',
    DATABASE_POOL_SIZE: 10,
    LOG_LEVEL: 'info',
    QUOTE_TTL: 900_000,
    READY_TIMEOUT: 1000,
    GIT_COMMIT_HASH: 'unknown',
  });
});

test('scripts need the database, and no more', () => {
  assert.deepEqual(Object.keys(config.read({env: {...valid, LOG_LEVEL: 'loud'}, task: 'migrate'})), [
    'DATABASE_URL',
    'DATABASE_PASSWORD',
    'DATABASE_POOL_SIZE',
  ]);
});

test('rejects a database URL with a password, without a host or of another scheme', () => {
  for (const url of ['postgres://buy:secret@postgres/buy', 'postgres', 'mysql://buy@host/buy', 'postgres:///buy'])
    assert.equal(config.report({env: {...valid, DATABASE_URL: url}}).problems.length, 1, url);
});

import assert from 'node:assert/strict';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {readConfig, readDatabaseConfig} from '../../src/config.ts';

const valid = {DATABASE_URL: 'postgres://buy@postgres/buy', DATABASE_PASSWORD: 'pass word'};

test('defaults cover everything but the database', () => {
  assert.deepEqual(readConfig(valid), {
    database: {url: 'postgres://buy@postgres/buy', password: 'pass word', poolSize: 10},
    logLevel: 'info',
    quoteTtlSeconds: 900,
    readyTimeoutMs: 1000,
    version: 'unknown',
  });
});

test('one message reports all problems, by variable name', () => {
  const env = {
    LOG_LEVEL: 'loud',
    QUOTE_TTL_SECONDS: '1.5',
    READY_TIMEOUT_MS: '0',
    DATABASE_POOL_SIZE: 'many',
  };
  assert.throws(() => readConfig(env), {
    message: [
      'the configuration is not valid:',
      '  DATABASE_URL is not set: expected postgres://user@host:port/database',
      '  neither DATABASE_PASSWORD nor DATABASE_PASSWORD_FILE is set',
      '  DATABASE_POOL_SIZE is not a whole number from 1 to 100',
      '  LOG_LEVEL is not one of trace, debug, info, warn, error, fatal, silent',
      '  QUOTE_TTL_SECONDS is not a whole number from 1 to 86400',
      '  READY_TIMEOUT_MS is not a whole number from 10 to 10000',
      'fix: set these environment variables',
    ].join('\n'),
  });
});

test('a message never contains a value', () => {
  const values = {
    DATABASE_URL: 'postgres://buy:s3cret@h/db',
    DATABASE_PASSWORD: 's3cret',
    DATABASE_PASSWORD_FILE: '/s3cret',
    LOG_LEVEL: 's3cret',
    QUOTE_TTL_SECONDS: 's3cret',
  };
  assert.throws(
    () => readConfig(values),
    (error: Error) => !error.message.includes('s3cret'),
  );
});

const withUrl = (url: string) => () => readDatabaseConfig({...valid, DATABASE_URL: url});

test('rejects a URL with a password or of another scheme', () => {
  assert.throws(withUrl('postgres://buy:secret@postgres/buy'), /DATABASE_URL contains a password/);
  for (const url of ['postgres', 'mysql://buy@host/buy', 'postgres:///buy']) {
    assert.throws(withUrl(url), /DATABASE_URL is not a URL/);
  }
});

test('the password can come from a file, without its trailing newline', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'buy-config-'));
  t.after(() => rmSync(directory, {recursive: true}));
  const file = join(directory, 'password');
  writeFileSync(file, ' from file \n');
  const {DATABASE_PASSWORD: _, ...rest} = valid;
  assert.equal(readDatabaseConfig({...rest, DATABASE_PASSWORD_FILE: file}).password, ' from file ');
  assert.throws(() => readDatabaseConfig({...valid, DATABASE_PASSWORD_FILE: file}), /are both set/);
  const missing = {...rest, DATABASE_PASSWORD_FILE: join(directory, 'no')};
  assert.throws(() => readDatabaseConfig(missing), /_FILE names a file that cannot be read \(ENOENT\)/);
});

test('an empty variable counts as not set', () => {
  assert.equal(readConfig({...valid, LOG_LEVEL: '', GIT_COMMIT_HASH: ''}).version, 'unknown');
});

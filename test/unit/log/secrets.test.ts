import assert from 'node:assert/strict';
import {test} from 'node:test';
import {defineConfig} from '../../../src/config/declaration/index.ts';
import {withContext} from '../../../src/log/index.ts';
import {recordedLog} from '../../support/log/lines.ts';

test('names of fields and headers, however they are written, at any depth', () => {
  const {log, fields} = recordedLog();
  const rawHeaders = ['Host', 'shop', 'Authorization', 'Bearer abcdefgh'];
  log.info({
    password: 'p1',
    accessToken: 'p2',
    user: [{API_KEY: 3, name: 'jo', 'x-api-key': 'p4'}],
    headers: {Cookie: 'p5', 'set-cookie': ['p6'], 'proxy-authorization': 'p7', accept: '*/*'},
    pairs: [['authorization', 'p8']],
    err: Object.assign(new Error('x', {cause: Object.assign(new Error('y'), {secret: 'p9'})}), {stack: '', rawHeaders}),
    fetch: new Headers({authorization: 'p10', accept: '*/*'}),
    token: null,
    password_file: '/run/secrets/db',
    tokens: 12,
  });
  const hidden = '[secret]';
  const {err, ...rest} = fields()[0] ?? {};
  assert.deepEqual(rest, {
    password: hidden,
    accessToken: hidden,
    user: [{API_KEY: hidden, name: 'jo', 'x-api-key': hidden}],
    headers: {Cookie: hidden, 'set-cookie': hidden, 'proxy-authorization': hidden, accept: '*/*'},
    pairs: [['authorization', hidden]],
    fetch: {authorization: hidden, accept: '*/*'},
    token: null,
    password_file: '/run/secrets/db',
    tokens: 12,
    message: 'x',
  });
  const {rawHeaders: raw, cause} = err as {rawHeaders: string[]; cause: {secret: string}};
  assert.deepEqual([raw, cause.secret], [['Host', 'shop', 'Authorization', hidden], hidden]);
});

test('credentials within texts that no declaration knows', () => {
  const {log, fields} = recordedLog();
  log.info('connect postgres://shop:c0rrect@db/shop failed');
  log.info({
    err: Object.assign(new Error('x'), {stack: 'GET / HTTP/1.1\r\nAuthorization: Basic am86c2VjcmV0\r\nHost: a'}),
  });
  log.info({note: 'sent Bearer eyJhbGciOi.J9 to it'});
  assert.deepEqual(
    fields().map(({message, err, note}) => message ?? note ?? err),
    ['connect postgres://shop:[secret]@db/shop failed', 'x', 'sent Bearer [secret] to it'],
  );
  const [, {err} = {}] = fields();
  assert.equal((err as Error).stack, 'GET / HTTP/1.1\r\nAuthorization: [secret]\r\nHost: a');
});

test('values that a declaration marks, in every form and place; a service reads its configuration after its log', () => {
  const {log, texts} = recordedLog();
  const child = log.child({early: 'the pass"word 1 of it'});
  const key = `-----BEGIN PRIVATE KEY-----\n${'MIIEvQIBADANBgkq'.repeat(4)}\n-----END PRIVATE KEY-----\n`;
  const env = {
    LOG_TEST_PW: 'pass"word 1',
    LOG_TEST_URL: 'postgres://shop:unguess%40ble@db/shop',
    LOG_TEST_KEY: key,
    LOG_TEST_PIN: '84716201',
  };
  const {LOG_TEST_PW: secret} = defineConfig({
    LOG_TEST_PW: {type: 'text', secret: true},
    LOG_TEST_URL: {type: 'URL', secret: true},
    LOG_TEST_KEY: {type: 'key'},
    LOG_TEST_PIN: {type: 'integer', secret: true},
  }).read({env});
  const cause = new Error('for pass%22word%201: unguess@ble');
  const {log: other, fields} = recordedLog();
  other.error({
    err: new Error('login with pass"word 1 failed', {cause}),
    pool: secret,
    pin: 84_716_201,
    LOG_TEST_PW: 1,
  });
  other.info({[`in a name pass"word 1`]: [env, Buffer.from('pass"word 1').toString('base64')]}, `${secret}`);
  other.info(`${'x'.repeat(8185)}pass"word 1`);
  other.info(`PEM ${'MIIEvQIBADANBgkq'.repeat(4)}`);
  withContext({request_id: 'pass"word 1'}, () => child.info('%s and %j', 'pass"word 1', {a: 'pass"word 1'}));
  const all = [...texts, ...JSON.stringify(fields())].join('');
  for (const form of ['word 1', 'word%201', 'unguess', 'MIIEvQ', '84716201', 'cGFzcyJ3b3JkIDE'])
    assert.ok(!all.includes(form), `${form}: ${all.slice(all.indexOf(form) - 200, all.indexOf(form) + 20)}`);
  const {pool: shown, pin, LOG_TEST_PW: named, message} = fields()[0] ?? {};
  assert.deepEqual(
    [shown, pin, named, message],
    ['[secret LOG_TEST_PW]', '[secret LOG_TEST_PIN]', '[secret]', 'login with [secret LOG_TEST_PW] failed'],
  );
});

test('a text that is cut behind several long secrets has no part of the next one', () => {
  const secret = `K${'0123456789abcdef'.repeat(60)}`;
  defineConfig({LOG_TEST_LONG: {type: 'text', secret: true}}).read({env: {LOG_TEST_LONG: secret}});
  for (let before = 0; before < 1000; before += 37) {
    const {log, texts} = recordedLog();
    log.info(`${'x'.repeat(before)}${secret.repeat(20)}`);
    assert.doesNotMatch(texts[0] ?? '', /[0-9a-f]{32}/, `${before}`);
  }
});

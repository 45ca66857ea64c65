import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {isTransientText, retry, type RetryOptions} from '../../../src/shell/retry.ts';

/** Dependencies with a clock that only sleeping advances. */
function world(random: () => number, isTransient: (error: unknown) => boolean = () => true) {
  let clock = 0;
  const pauses: number[] = [];
  const noted: string[] = [];
  return {
    pauses,
    noted,
    isTransient,
    random,
    now: () => clock * 1000,
    sleep: async (seconds: number) => {
      pauses.push(seconds);
      clock += seconds;
    },
    onRetry: ({attempt, attempts}: {attempt: number; attempts: number}) => void noted.push(`${attempt}/${attempts}`),
  };
}

const failing =
  (times: number) =>
  async (attempt: number): Promise<string> => {
    if (attempt <= times) throw new Error(`failure ${attempt}`);
    return `after ${attempt}`;
  };

test('a success at the first try is not repeated', async () => {
  const found = world(() => 1);
  assert.equal(await retry(failing(0), {}, found), 'after 1');
  assert.deepEqual(found.pauses, []);
});

test('pauses double up to their bound, and each failed try is reported', async () => {
  const found = world(() => 1);
  assert.equal(await retry(failing(4), {baseSeconds: 1, maxPauseSeconds: 5}, found), 'after 5');
  assert.deepEqual(found.pauses, [1, 2, 4, 5]);
  assert.deepEqual(found.noted, ['1/5', '2/5', '3/5', '4/5']);
});

test('after the last try its own error is thrown', async () => {
  const found = world(() => 0.5);
  await assert.rejects(retry(failing(9), {attempts: 3}, found), /failure 3/);
  assert.equal(found.pauses.length, 2);
});

test('a permanent failure is thrown at once', async () => {
  const found = world(
    () => 1,
    (error) => !(error as Error).message.includes('2'),
  );
  await assert.rejects(retry(failing(9), {}, found), /failure 2/);
  assert.equal(found.pauses.length, 1);
});

test('no try starts after the deadline', async () => {
  const found = world(() => 1);
  await assert.rejects(retry(failing(99), {attempts: 99, baseSeconds: 1, deadlineSeconds: 10}, found), /failure 4/);
  assert.deepEqual(found.pauses, [1, 2, 4]);
});

test('whatever the options: full jitter within the bounds, never too many tries, never beyond the deadline', async () => {
  const options = fc.record({
    attempts: fc.integer({min: 1, max: 12}),
    baseSeconds: fc.double({min: 0.01, max: 5, noNaN: true}),
    maxPauseSeconds: fc.double({min: 0.01, max: 20, noNaN: true}),
    deadlineSeconds: fc.double({min: 0, max: 60, noNaN: true}),
  });
  await fc.assert(
    fc.asyncProperty(
      options,
      fc.infiniteStream(fc.double({min: 0, max: 0.999, noNaN: true})),
      async (given: Required<RetryOptions>, stream) => {
        const found = world(() => stream.next().value as number);
        await assert.rejects(retry(failing(99), given, found));
        assert.ok(found.pauses.length <= (given.attempts ?? 0) - 1);
        for (const [index, pause] of found.pauses.entries())
          assert.ok(pause >= 0 && pause <= Math.min(given.maxPauseSeconds ?? 0, (given.baseSeconds ?? 0) * 2 ** index));
        assert.ok(found.now() <= (given.deadlineSeconds ?? 0) * 1000 + 1e-6);
      },
    ),
  );
});

const transient = [
  'dial tcp 127.0.0.1:5000: connect: connection refused',
  'error pulling image configuration: Get "https://x/v2/": net/http: TLS handshake timeout',
  'received unexpected HTTP status: 503 Service Unavailable',
  'received unexpected HTTP status: 500 Internal Server Error',
  'dial tcp: lookup registry on 127.0.0.11:53: no such host',
  'read tcp 10.0.0.1:1->10.0.0.2:443: read: connection reset by peer',
  'toomanyrequests: too many requests',
  'error: status code 429',
  'ssh: connect to host a port 22: Connection timed out',
  'fatal: unable to access: Could not resolve host: git.example',
  'unexpected EOF',
  'connect ECONNREFUSED 127.0.0.1:80',
];
const permanent = [
  'manifest unknown: manifest unknown',
  'Error: No such image: shop:1',
  'denied: requested access to the resource is denied',
  'unauthorized: authentication required',
  'received unexpected HTTP status: 404 Not Found',
  'error: status code 403',
  'x509: certificate signed by unknown authority (timed out)',
  'not found: connection refused',
  '3 tests failed',
  '',
];

test('the network and an overloaded server are transient; missing, forbidden and invalid are not', () => {
  assert.deepEqual(
    transient.filter((text) => !isTransientText(text)),
    [],
  );
  assert.deepEqual(
    permanent.filter((text) => isTransientText(text)),
    [],
  );
});

test('without options: a transient failure is retried after a pause, by the text of its message or its cause', async () => {
  let tries = 0;
  const flaky = async (): Promise<number> => {
    tries += 1;
    if (tries === 1) throw new TypeError('fetch failed', {cause: new Error('connect ECONNREFUSED 127.0.0.1:80')});
    return tries;
  };
  assert.equal(await retry(flaky), 2);
  await assert.rejects(
    retry(async () => {
      tries += 1;
      throw new Error('denied');
    }),
    /denied/,
  );
  assert.equal(tries, 3);
});

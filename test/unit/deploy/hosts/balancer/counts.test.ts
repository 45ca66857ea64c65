import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {type Counts, judge, parseCounts, sumCounts} from '../../../../../src/deploy/hosts/balancer/counts.ts';

const counts = (some: Partial<Counts>): Counts => ({
  requests: 0,
  errors: 0,
  failed: 0,
  retries: 0,
  answers: 0,
  milliseconds: 0,
  ...some,
});

test('counts of servers are parsed and summed', () => {
  const read = parseCounts(
    'buy/1a requests=10 errors=1 failed=0 retries=2 answers=9 milliseconds=90\nbuy/h2-1a requests=5 errors=0 failed=1 retries=0 answers=5 milliseconds=10\n',
  );
  assert.deepEqual([...read.keys()], ['buy/1a', 'buy/h2-1a']);
  assert.deepEqual(
    sumCounts(read.values()),
    counts({requests: 15, errors: 1, failed: 1, retries: 2, answers: 14, milliseconds: 100}),
  );
  assert.deepEqual(sumCounts([]), counts({}));
});

describe('a new release is worse when', () => {
  const quiet = counts({requests: 10_000, answers: 10_000, milliseconds: 100_000});

  test('it answers 500 to one request in a hundred and the old one did not', () => {
    assert.equal(
      judge(quiet, counts({requests: 300, errors: 3})),
      '3 of 300 requests got a server error (5xx), 0 of 10000 with the old release',
    );
  });

  test('the same, where the old one had no traffic to compare with', () => {
    assert.equal(judge(counts({}), counts({requests: 200, errors: 2})), undefined);
    assert.match(judge(counts({}), counts({requests: 600, errors: 6})) ?? '', /^6 of 600 /);
    assert.match(judge(counts({}), counts({requests: 20, errors: 20})) ?? '', /^20 of 20 /);
  });

  test('it refuses connections', () => {
    assert.equal(
      judge(quiet, counts({requests: 500, failed: 9})),
      '9 of 500 requests met a refused or broken connection, 0 of 10000 with the old release',
    );
  });

  test('its answers take more than twice as long', () => {
    assert.equal(
      judge(quiet, counts({requests: 200, answers: 200, milliseconds: 40_000})),
      'answers take 200 ms on average, 10 ms with the old release',
    );
  });

  test('it is far worse, in any number of requests', () => {
    assert.match(
      judge(counts({requests: 1e7, errors: 1e5}), counts({requests: 1e6, errors: 2e4})) ?? '',
      /^20000 of 1000000/,
    );
  });
});

describe('a new release is not worse when', () => {
  test('there was no traffic', () => assert.equal(judge(counts({requests: 10_000}), counts({})), undefined));

  test('the old one was as bad', () => {
    const bad = (requests: number): Counts => counts({requests, errors: requests / 100});
    assert.equal(judge(bad(10_000), bad(1000)), undefined);
    assert.equal(judge(bad(1e7), counts({requests: 1e6, errors: 11_000})), undefined);
  });

  test('one or two requests failed', () =>
    assert.equal(judge(counts({requests: 10_000}), counts({requests: 30, errors: 2})), undefined));

  test('it is a little slower, or much slower in few requests', () => {
    const old = counts({requests: 1000, answers: 1000, milliseconds: 20_000});
    assert.equal(judge(old, counts({requests: 1000, answers: 1000, milliseconds: 90_000})), undefined);
    assert.equal(judge(old, counts({requests: 50, answers: 50, milliseconds: 90_000})), undefined);
  });
});

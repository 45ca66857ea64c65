import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';

// Answers of HAProxy 2.6 and 3.0 to the same commands, in the same situation. Backend shop.prod: 1a is up and has two
// requests open, 1b is disabled, the application of h1-2a answers its check with `503 Database "main" is down, try
// later`, h1-2b refuses connections, and the name of 3a does not resolve. Backend api.prod: 1a is up, 1b is disabled.
const root = join(import.meta.dirname, '../../../..');
const filters = join(root, 'images/haproxy/lb-filters.sh');

const answer = (version: string, ...names: readonly string[]): string =>
  names.map((name) => readFileSync(join(import.meta.dirname, 'answers', version, `${name}.txt`), 'utf8')).join('');

const filter = (words: readonly string[], input: string): string[] =>
  execFileSync('sh', [filters, ...words], {encoding: 'utf8', input})
    .split('\n')
    .filter((line) => line !== '');

for (const version of ['2.6', '3.0']) {
  describe(`from an answer of HAProxy ${version}`, () => {
    const state = answer(version, 'show-servers-state');

    test('servers reads state, address, name, port, and whether a server is disabled', () => {
      assert.deepEqual(filter(['servers'], state), [
        'shop.prod/1a 2 127.0.0.1 - 19001 0',
        'shop.prod/1b 0 127.0.0.1 - 1 1',
        'shop.prod/h1-2a 0 127.0.0.1 - 19002 0',
        'shop.prod/h1-2b 0 127.0.0.1 - 19009 0',
        'shop.prod/3a 0 - nowhere.invalid 3000 0',
      ]);
    });

    test('servers reads nothing where there is no such backend', () => {
      assert.deepEqual(filter(['servers'], answer(version, 'show-servers-state-missing')), []);
    });

    test('unhealthy names the servers whose check did not pass, in the order asked for', () => {
      assert.deepEqual(filter(['unhealthy', 'shop.prod/h1-2b shop.prod/1a shop.prod/1b shop.prod/unknown'], state), [
        'shop.prod/h1-2b',
        'shop.prod/1b',
        'shop.prod/unknown',
      ]);
    });

    test('disabled names the servers in maintenance, but not one whose name does not resolve', () => {
      const servers = filter(['servers'], state).join('\n');
      assert.deepEqual(filter(['disabled', 'shop.prod/1a shop.prod/1b\nshop.prod/3a'], servers), ['shop.prod/1b']);
    });

    test('assigned names the servers in use at an address or a name', () => {
      const servers = filter(['servers'], state).join('\n');
      const uses =
        'shop.prod/1a=127.0.0.1:19001 shop.prod/1b=127.0.0.1:1 shop.prod/h1-2a=127.0.0.1:1 shop.prod/3a=nowhere.invalid:3000';
      assert.deepEqual(filter(['assigned', uses], servers), ['shop.prod/1a', 'shop.prod/3a']);
    });

    test('connections sums what is open, as `show servers conn` has it', () => {
      const stat = answer(version, 'show-stat');
      assert.deepEqual(filter(['connections', 'shop.prod/1a shop.prod/h1-2a'], stat), ['2']);
      assert.deepEqual(filter(['connections', 'shop.prod/h1-2a'], stat), ['0']);
      assert.deepEqual(filter(['connections', 'shop.prod/1a api.prod/1a'], stat), ['2']);
      assert.match(answer(version, 'show-servers-conn'), /^shop\.prod\/1a (?:\S+ ){5}2 /m);
    });

    test('checks reads the last check of each server, with commas and quotes in the status line of an application', () => {
      assert.deepEqual(filter(['checks', 'shop.prod'], answer(version, 'show-stat')), [
        'shop.prod/1a\tL7OK\t200\t-\t127.0.0.1:19001\t2\tUP',
        'shop.prod/1b\t-\t-\t-\t127.0.0.1:1\t0\tMAINT',
        'shop.prod/h1-2a\tL7STS\t503\tDatabase "main" is down; try later\t127.0.0.1:19002\t0\tDOWN',
        'shop.prod/h1-2b\tL4CON\t-\tConnection refused\t127.0.0.1:19009\t0\tDOWN',
        'shop.prod/3a\t-\t-\t-\t-\t0\tMAINT (resolution)',
      ]);
      assert.equal(filter(['checks'], answer(version, 'show-stat')).length, 7);
    });

    test('tallies reads requests, errors, failures, retries, answers and milliseconds', () => {
      const milliseconds = version === '2.6' ? 9 : 27;
      assert.deepEqual(filter(['tallies', 'shop.prod'], answer(version, 'show-table', 'show-stat')), [
        `shop.prod/1a 11 2 0 0 9 ${milliseconds}`,
        'shop.prod/1b 0 0 0 0 0 0',
        'shop.prod/h1-2a 0 0 0 0 0 0',
        'shop.prod/h1-2b 0 0 0 0 0 0',
        'shop.prod/3a 0 0 0 0 0 0',
      ]);
    });

    test('old_workers counts the workers from before a reload', () => {
      assert.deepEqual(filter(['old_workers'], answer(version, 'show-proc-one-worker')), ['0']);
      assert.deepEqual(filter(['old_workers'], answer(version, 'show-proc-old-workers')), ['1']);
    });
  });
}

test('since_start adds what the file holds, and drops it where HAProxy restarted since', () => {
  const lines = ['+ s/1a 100 1 2 3 99 500', '+ s/1b -40 -4 0 0 -40 -90', '+ s/2a -40 0 0 0 -40 -90'];
  const now = ['s/1a 10 1 0 0 10 50', 's/1b 50 4 0 0 50 100', 's/2a 7 0 0 0 7 10', 's/2b 1 0 0 0 1 1'];
  assert.deepEqual(filter(['since_start'], [...lines, ...now, ''].join('\n')), [
    's/1a 110 2 2 3 109 550',
    's/1b 10 0 0 0 10 10',
    's/2a 7 0 0 0 7 10',
    's/2b 1 0 0 0 1 1',
  ]);
});

test('next_of names the address behind another, after the last the first, and the same one where there is no other', () => {
  for (const [current, addresses, next] of [
    ['10.0.0.2', '10.0.0.2\n10.0.0.3', '10.0.0.3'],
    ['10.0.0.3', '10.0.0.2\n10.0.0.3', '10.0.0.2'],
    ['10.0.0.9', '10.0.0.2\n10.0.0.3', '10.0.0.2'],
    ['10.0.0.2', '10.0.0.2', '10.0.0.2'],
    ['10.0.0.2', '', '10.0.0.2'],
  ] as const)
    assert.deepEqual(filter(['next_of', current], addresses), [next]);
});

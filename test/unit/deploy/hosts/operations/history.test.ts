import assert from 'node:assert/strict';
import {test} from 'node:test';
import {historyText, mergeLogs, parseHistory} from '../../../../../src/deploy/hosts/operations/history.ts';
import {outdated} from '../../../../../src/deploy/hosts/plan/steps/finish.ts';
import {freePorts, publishedAt} from '../../../../../src/deploy/hosts/plan/steps/replica-address.ts';
import type {StoredEntry} from '../../../../../src/deploy/hosts/release-log.ts';
import type {Container} from '../../../../../src/deploy/hosts/state.ts';
import {target} from '../stack.ts';

const entry = (token: string, release: string, at: string): StoredEntry => ({
  name: `shop.prod.log.${token}`,
  release,
  what: 'deploy',
  result: 'done',
  at,
  owner: 'jo@laptop',
  image: 'r/shop@sha256:1',
});

test('the logs of all hosts merge into one history, newest first, each entry with its hosts', () => {
  const releases = mergeLogs([
    {host: 'h1', entries: [entry('a', '1', '2026-01-01T10:00:00.000Z'), entry('b', '2', '2026-01-02T10:00:00.000Z')]},
    {host: 'h2', entries: [entry('b', '2', '2026-01-02T10:00:00.000Z')]},
  ]);
  assert.deepEqual(
    releases.map(({release, hosts}) => [release, hosts]),
    [
      [2, ['h1', 'h2']],
      [1, ['h1']],
    ],
  );
  assert.equal(
    historyText(
      {service: 'shop', environment: 'prod', releases, unreached: ['h3'], lost: []},
      target('hosts: [h1, h2]'),
    ),
    [
      '2  deploy  done  2026-01-02T10:00:00Z  jo@laptop              r/shop@sha256:1',
      '1  deploy  done  2026-01-01T10:00:00Z  jo@laptop  only on h1  r/shop@sha256:1',
      'cannot reach h3',
    ].join('\n'),
  );
});

test('a log that was removed is rebuilt from what runs, and the history says what is lost', () => {
  const running =
    '7\trunning\tr/shop@sha256:7\t2026-01-02 03:04:05 +0100 CET\n6\texited\tr/shop@sha256:6\t2026-01-01 03:04:05 +0000 UTC\n';
  const {entries, isLost} = parseHistory(`@@\n${running}`);
  assert.equal(isLost, true);
  const releases = mergeLogs([{host: 'h1', entries}]);
  assert.equal(
    historyText({service: 'shop', environment: 'prod', releases, unreached: [], lost: ['h1']}, target('hosts: [h1]')),
    [
      '7  deploy  done  2026-01-02T02:04:05Z  unknown  r/shop@sha256:7',
      'the release log of h1 was removed (docker volume prune?): earlier entries are lost',
    ].join('\n'),
  );
  const log = 'shop.prod.log.a\t6\tdeploy\tdone\t2026-01-01T03:04:05Z\tjo@laptop\tr/shop@sha256:6\n';
  assert.equal(parseHistory(`${log}@@\n${running}`).isLost, false, 'a deploy that is under way has no entry yet');
});

test('kept are the serving releases, the previous one, and then the newest', () => {
  const apps = [1, 2, 3, 4, 5].map((release) => ({release}) as Container);
  const gone = (...given: [serving: number[], previous: number, keep: number]): number[] =>
    outdated(apps, ...given).map(({release}) => release);
  assert.deepEqual(gone([5], 4, 3), [1, 2]);
  // After a rollback.
  assert.deepEqual(gone([2], 5, 3), [1, 3]);
  assert.deepEqual(gone([5], 4, 1), [1, 2, 3, 4]);
  // A canary.
  assert.deepEqual(gone([5, 4], 3, 1), [1, 2, 3]);
});

test('replicas get free ports, always the same for the same service', () => {
  const [first = 0, second = 0] = freePorts('shop.prod', [], 2);
  assert.ok(first >= 20_000 && second < 30_000);
  assert.deepEqual(freePorts('shop.prod', [first], 1), [second]);
  assert.equal(publishedAt('10.0.0.1', 20_000), '10.0.0.1:20000');
  assert.equal(publishedAt('2001:db8::1', 20_000), '[2001:db8::1]:20000');
  assert.equal(publishedAt('h1.example.com', 20_000), '0.0.0.0:20000');
});

test('a history without entries says so; an entry that all hosts have names no hosts', () => {
  const {settings} = target('hosts: [h1]');
  const none = {service: 'shop', environment: 'prod', releases: [], unreached: [], lost: []};
  assert.equal(historyText(none, {settings}), 'no releases of shop recorded in prod');
  const releases = mergeLogs([{host: 'h1', entries: [entry('a', '1', '2026-01-01T10:00:00.000Z')]}]);
  assert.equal(
    historyText({...none, releases}, {settings}),
    '1  deploy  done  2026-01-01T10:00:00Z  jo@laptop  r/shop@sha256:1',
  );
});

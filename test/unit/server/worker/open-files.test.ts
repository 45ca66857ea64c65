import assert from 'node:assert/strict';
import {test, type TestContext} from 'node:test';
import type {Exhausted} from '../../../../src/server/process/open-files.ts';
import {watchOpenFiles} from '../../../../src/server/worker/open-files.ts';

/** Passes a second with so many free descriptors, and returns what happened. */
type WithFree = (descriptors: number) => readonly string[];

function watched(t: TestContext, code: Exhausted, pausable = true): WithFree {
  t.mock.timers.enable({apis: ['setTimeout', 'Date']});
  let free = 100;
  const seen: string[] = [];
  watchOpenFiles({
    accepting: {pause: () => void seen.push('pause'), resume: () => void seen.push('resume')},
    pausable,
    log: (_, event, fields) => void seen.push(`${event}: ${fields?.['message']}`),
    limit: 100,
    tried: (count) => (count > free ? code : undefined),
  });
  return (descriptors) => {
    free = descriptors;
    t.mock.timers.tick(1000);
    return seen.splice(0);
  };
}

test('accepting pauses near the limit and resumes with some distance to it, logged once a minute', (t) => {
  const withFree = watched(t, 'EMFILE');
  assert.deepEqual(withFree(8), []);
  assert.deepEqual(withFree(7), [
    'pause',
    'open_files: no file descriptors left, the limit is 100: new connections wait until some are closed',
  ]);
  assert.deepEqual(withFree(0), []);
  assert.deepEqual(withFree(15), []);
  assert.deepEqual(withFree(16), ['resume']);
  assert.deepEqual(withFree(0), ['pause']);
  t.mock.timers.tick(60_000);
  assert.equal(withFree(0).length, 1);
});

test('the limit of the machine is named as such; sockets of reuseport are not paused, which would lose connections', (t) => {
  const withFree = watched(t, 'ENFILE', false);
  assert.deepEqual(withFree(0), [
    'open_files: the machine has no file descriptors left: new connections are closed at once',
  ]);
  assert.deepEqual(withFree(20), []);
});

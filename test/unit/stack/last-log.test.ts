import assert from 'node:assert/strict';
import {test} from 'node:test';
import {isProblem, problem} from '../../../src/errors.ts';
import {type LastLog, withLogLines} from '../../../src/stack/last-log.ts';

const failed = problem({
  code: 'command_failed',
  what: 'no',
  details: ['lb: GET / answers: 400', 'lb: GET / answers: 400'],
});
const log = (container: string, lines: readonly string[] | undefined): LastLog => ({container, where: ' on h1', lines});
const detailsOf = (logs: readonly LastLog[]): readonly string[] => {
  const error = withLogLines(failed, logs);
  return isProblem(error) ? error.details : [];
};

test('the end of a log follows the details, with repeated lines counted', () => {
  const refused = Array.from({length: 14}, (_, index) => `12:00:${index} Invalid HTTP_HOST header`);
  assert.deepEqual(detailsOf([log('a', ['ready', ...refused])]), [
    'lb: GET / answers: 400',
    'last lines of the log of a on h1:',
    '  ready',
    '  12:00:0 Invalid HTTP_HOST header',
    '  ... repeated 14 times',
  ]);
});

const words = (word: string): string[] => Array.from({length: 30}, (_, index) => word.repeat(index + 1));

test('replicas that say the same are shown once, others share the twenty lines', () => {
  assert.equal(detailsOf([log('a', ['up 1']), log('b', ['up 2'])]).length, 3);
  const details = detailsOf([log('a', words('x')), log('b', words('y'))]);
  assert.deepEqual([details.length, details.filter((line) => line.startsWith('  y')).length], [23, 10]);
});

test('a container that is gone has no log', () => assert.equal(withLogLines(failed, [log('a', undefined)]), failed));

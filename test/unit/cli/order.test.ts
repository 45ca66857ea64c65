import assert from 'node:assert/strict';
import {test} from 'node:test';
import {kebab, standardOrder} from '../../../src/cli/tasks.ts';
import {taskDescription} from '../../../src/task.ts';
import * as tasks from '../../../src/tasks/index.ts';

test('every standard task has its place in the order of the list', () => {
  const names = Object.entries(tasks)
    .filter(([key, value]) => key !== 'task' && taskDescription(value) !== undefined)
    .map(([key]) => kebab(key));
  assert.deepEqual(names.sort(), [...standardOrder].sort());
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {standardTasks} from '../../../src/cli/tasks.ts';
import {taskDescription} from '../../../src/task.ts';
import * as tasks from '../../../src/tasks/index.ts';
import {kebab} from '../../../src/text/names.ts';

test('every standard task has a group in the list', () => {
  const names = Object.entries(tasks)
    .filter(([key, value]) => key !== 'task' && taskDescription(value) !== undefined)
    .map(([key]) => kebab(key));
  assert.deepEqual(names.toSorted(), Object.values(standardTasks).flat().toSorted());
});

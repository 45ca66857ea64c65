import assert from 'node:assert/strict';
import {globSync, readFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {test} from 'node:test';
import {taskHelp} from '../../../src/cli/help.ts';
import {groupOf, type KnownTask} from '../../../src/cli/tasks.ts';
import {exitCode, exitCodes} from '../../../src/errors.ts';
import {type Task, taskDescription} from '../../../src/task.ts';
import * as exported from '../../../src/tasks/index.ts';
import {kebab, snake} from '../../../src/text/names.ts';

const tasks = Object.entries(exported).flatMap(([key, value]): KnownTask[] => {
  const description = key === 'task' ? undefined : taskDescription(value);
  const name = kebab(key);
  return description === undefined ? [] : [{name, group: groupOf(name, undefined), description, call: value as Task}];
});
const directory = join(import.meta.dirname, 'help');

for (const task of tasks) {
  const file = `${task.group}/${snake(task.name)}.txt`;
  test(`--help ${snake(task.name)} is help/${file}`, () => {
    assert.equal(taskHelp(task), readFileSync(join(directory, file), 'utf8'));
  });
}

test('there is no help text without its task', () => {
  const names = globSync('*/*.txt', {cwd: directory}).map((file) => basename(file, '.txt'));
  assert.deepEqual(names.toSorted(), tasks.map(({name}) => snake(name)).toSorted());
});

test('each default is stated once, a required option says so, a choice lists its choices', () => {
  for (const {name, description} of tasks) {
    for (const [key, {help, kind, choices = [], required, defaultValue}] of Object.entries(description.options)) {
      assert.doesNotMatch(help, /default/i, `${name} ${key}`);
      assert.ok(required !== true || defaultValue === undefined, `${name} ${key}`);
      assert.equal(kind === 'choice', choices.length > 0, `${name} ${key}`);
    }
  }
  const help = tasks.map(taskHelp).join('');
  assert.doesNotMatch(help, /default: none/);
  assert.match(help, /--to=STAGE .*\n +string, required\n/);
  assert.match(help, /--state=on\|off .*\n +choice, required\n/);
});

test('help fits into 100 columns', () => {
  const wide = tasks.flatMap((task) => taskHelp(task).split('\n')).filter((line) => line.length > 100);
  assert.deepEqual(wide, []);
});

test('every exit code has one name and one meaning', () => {
  assert.equal(new Set(exitCodes.map(({code}) => code)).size, exitCodes.length);
  assert.deepEqual(exitCode, Object.fromEntries(exitCodes.map(({name, code}) => [name, code])));
});

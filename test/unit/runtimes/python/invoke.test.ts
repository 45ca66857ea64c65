import assert from 'node:assert/strict';
import {test} from 'node:test';
import {isProblem} from '../../../../src/errors.ts';
import {flagWords, invokeTasks} from '../../../../src/runtimes/python/invoke.ts';
import {recordingRunner} from '../../../../src/shell/index.ts';
import {type Context, taskDescription} from '../../../../src/task.ts';
import {directoryWith} from '../../../support/directory.ts';
import {noPath, venv} from './place.ts';

const described = [
  {
    name: 'db.seed',
    summary: 'Fill it.',
    options: [
      {name: 'row_count', kind: 'number', default: 10, help: 'how many', positional: false, counts: false},
      {name: 'clean', kind: 'boolean', default: true, help: '', positional: false, counts: false},
      {name: 'place', kind: 'string', default: null, help: '', positional: true, counts: false},
    ],
  },
];

/** A service whose Python prints what describe_tasks.py would, and exits with `code`. */
const service = (code: number): string =>
  directoryWith({
    'tasks.py': '',
    ...venv('invoke'),
    '.venv/bin/python3': `#!/bin/sh\necho '${JSON.stringify(described)}'\necho 'line 3: wrong' >&2\nexit ${code}\n`,
  });
const env = {PATH: '/usr/bin:/bin'};

test('a task of tasks.py has its options, and runs invoke with the values that differ from their defaults', async () => {
  const cwd = service(0);
  const task = (await invokeTasks({cwd, env})).get('db.seed');
  assert.ok(task !== undefined);
  const {summary, options} = taskDescription(task) ?? {summary: '', options: {}};
  assert.equal(summary, 'Fill it.');
  assert.deepEqual(
    Object.entries(options).map(([name, {kind, defaultValue, positional}]) => [name, kind, defaultValue, positional]),
    [
      ['row_count', 'number', 10, false],
      ['clean', 'boolean', true, false],
      ['place', 'string', undefined, true],
    ],
  );
  const {run, commands} = recordingRunner();
  await task({run, cwd, env, rest: ['a b']} as unknown as Context, {row_count: 3, clean: false, place: 'here'});
  assert.deepEqual(commands, [".venv/bin/invoke db.seed --row-count=3 --no-clean --place=here -- 'a b'"]);
});

const one = (
  kind: 'string' | 'number' | 'boolean' | 'list',
  usual: unknown,
  value: unknown,
  counts = false,
): readonly string[] => flagWords({name: 'x', kind, default: usual, counts}, value);

test('the words of an option are those that invoke reads', () => {
  assert.deepEqual(one('boolean', false, true), ['--x']);
  assert.deepEqual(one('boolean', false, false), []);
  assert.deepEqual(one('list', [], ['a', 'b']), ['--x=a', '--x=b']);
  assert.deepEqual(one('number', 0, 2, true), ['--x', '--x']);
  assert.deepEqual(one('string', null, undefined), []);
});

test('a tasks.py that is not for invoke has no tasks; one that invoke cannot load is an error', async () => {
  assert.equal((await invokeTasks({cwd: directoryWith({'tasks.py': ''}), env: noPath})).size, 0);
  assert.equal((await invokeTasks({cwd: service(3), env})).size, 0);
  await assert.rejects(
    invokeTasks({cwd: service(4), env}),
    (error) =>
      isProblem(error) &&
      error.code === 'bad_tasks_py' &&
      error.exitCode === 65 &&
      error.details.includes('line 3: wrong'),
  );
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {option} from '../../../../src/option.ts';
import {task, testContext} from '../../../../src/task.ts';

const seed = task(
  'Load sample products',
  {rows: option.number('how many', {default: 100})},
  async ({run, say, note}, {rows}) => {
    const {stdout} = await run.read(['date']);
    note(`loading ${rows}`);
    await run(['node', 'seed.ts', String(rows)]);
    say(`loaded on ${stdout}`);
  },
);

test('a task under test runs nothing; its commands, results and notes are recorded', async () => {
  const {context, commands, said, noted} = testContext({
    respond: (_, text) => (text === 'date' ? {stdout: 'Monday'} : undefined),
  });
  await seed(context, {rows: 5});
  assert.deepEqual([commands, said, noted], [['date', 'node seed.ts 5'], ['loaded on Monday'], ['loading 5']]);
});

test('without options, every command succeeds in an empty environment', async () => {
  const {context, commands} = testContext();
  await seed(context);
  assert.deepEqual(commands, ['date', 'node seed.ts 100']);
  assert.deepEqual([context.cwd, context.env, context.rest, context.signal.aborted], ['/service', {}, [], false]);
});

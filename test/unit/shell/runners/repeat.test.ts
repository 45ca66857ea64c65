import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {dryRunner, noEcho, type Runner, systemRunner} from '../../../../src/shell/index.ts';
import {temporaryDirectory} from '../../../support/directory.ts';
import {until} from '../../../support/until.ts';

const directory = temporaryDirectory();
const system = (): Runner =>
  systemRunner({cwd: directory, env: process.env, echo: noEcho, stdout: () => {}, stderr: () => {}});
const lines = (name: string): number =>
  existsSync(join(directory, name)) ? readFileSync(join(directory, name), 'utf8').split('\n').length - 1 : 0;
const log = (name: string): string[] => ['sh', '-c', `echo again >>${name}`];

test('commands repeat until stopped, past failures, and report how many succeeded', async () => {
  const counts: number[] = [];
  await system().scope(async (scope) => {
    const stop = scope.every(0.02, [log('task'), ['false']], ({succeeded}) => counts.push(succeeded));
    await until('two repetitions', () => counts.length >= 2);
    await stop();
  });
  const done = lines('task');
  assert.ok(done >= 2);
  assert.deepEqual(counts.slice(0, 2), [1, 1]);
  await sleep(100);
  assert.equal(lines('task'), done);
});

test('repetition ends with the scope, before its clean-up', async () => {
  await system().scope(async (scope) => {
    scope.always(['sh', '-c', 'echo cleaned >>order']);
    scope.every(0.02, [['sh', '-c', 'echo again >>order']]);
    await until('one repetition', () => lines('order') > 0);
  });
  const order = readFileSync(join(directory, 'order'), 'utf8').trim().split('\n');
  assert.deepEqual([order[0], order.indexOf('cleaned')], ['again', order.length - 1]);
});

test('the script of a dry run repeats commands as long as it runs', async () => {
  let text = '';
  await dryRunner((part) => (text += part), system()).scope(async (scope) => {
    scope.every(0.05, [log('script')]);
    scope.onFailure(log('undone'), log('undone'));
    await system().read(['true']);
    text += 'until [ -e script ]; do sleep 0.02; done; exit 3\n';
  });
  const {status} = spawnSync('sh', ['-s'], {cwd: directory, input: text, encoding: 'utf8'});
  assert.equal(status, 3);
  assert.equal(lines('undone'), 2);
  const done = lines('script');
  await sleep(300);
  assert.equal(lines('script'), done);
});

import assert from 'node:assert/strict';
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {isRunning, service, start} from './harness.ts';

// Each test marks its processes with a word of its own, and checks for that word afterwards.
const tasks = `
import {task} from 'entrypoint/tasks';
import {setTimeout as sleep} from 'node:timers/promises';
const graceful = 'exec 2>/dev/null; trap "echo got it; exit 3" TERM INT HUP; echo ready; while :; do sleep 0.05; done';
const deaf = 'exec 2>/dev/null; trap "echo deaf" TERM INT HUP; echo ready; while :; do sleep 0.05; done';
export const polite = task('', {}, async ({run, rest}) => { await run(['sh', '-c', graceful, 'sh', ...rest]); });
export const rude = task('', {}, async ({run, rest}) => { await run(['sh', '-c', deaf, 'sh', ...rest]); });
export const family = task('', {}, async ({run, rest}) => {
  await run(['sh', '-c', 'sh -c "$1" sh "$2" & trap "exit 0" TERM INT; wait', 'sh', graceful.replace('echo got it', 'sleep 0.4; touch grown'), ...rest]);
});
export const scoped = task('', {}, async ({run, rest}) => run.scope(async (scope) => {
  scope.always(['touch', 'cleaned']);
  scope.onFailure(['touch', 'undone']);
  await run(['sh', '-c', graceful, 'sh', ...rest]);
}));
export const busy = task('', {}, async ({say}) => { say('ready'); await sleep(60_000); });
export const heeds = task('', {}, async ({say, signal}) => { say('ready'); await sleep(60_000, undefined, {signal}); });
export const ends = task('', {}, async ({run, rest}) => { await run(['sh', '-c', graceful, 'sh', ...rest]).catch(() => {}); await run(['touch', 'after']); });
`;
const cwd = service({'tasks.ts': tasks});

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(`${signal} reaches the running command, whose last output arrives; exit code ${code}`, async () => {
    const word = `polite-${signal}-${process.pid}`;
    const {child, until, ended} = start(cwd, ['polite', '-q', '--', word]);
    await until('ready');
    assert.equal(isRunning(word), true);
    child.kill(signal);
    assert.deepEqual(await ended, {code, stdout: 'ready\ngot it\n', stderr: `entrypoint: stopped by ${signal}\n`});
    assert.equal(isRunning(word), false);
  });
}

test('a second signal kills what ignored the first one', async () => {
  const word = `rude-${process.pid}`;
  const {child, until, ended} = start(cwd, ['rude', '-q', '--', word]);
  await until('ready');
  child.kill('SIGINT');
  await until('deaf');
  child.kill('SIGINT');
  const {code, stderr} = await ended;
  assert.deepEqual({code, stderr}, {code: 130, stderr: 'entrypoint: stopped by SIGINT\n'});
  assert.equal(isRunning(word), false);
});

test('no process of the group remains, and a grandchild can finish its work', async () => {
  const word = `family-${process.pid}`;
  const {child, until, ended} = start(cwd, ['family', '-q', '--', word]);
  await until('ready');
  child.kill('SIGTERM');
  assert.equal((await ended).code, 143);
  assert.equal(isRunning(word), false);
  assert.equal(existsSync(join(cwd, 'grown')), true);
});

test('clean-up runs after an interrupt', async () => {
  const {child, until, ended} = start(cwd, ['scoped', '-q', '--', `scoped-${process.pid}`]);
  await until('ready');
  child.kill('SIGINT');
  assert.equal((await ended).code, 130);
  assert.equal(existsSync(join(cwd, 'cleaned')), true);
  assert.equal(existsSync(join(cwd, 'undone')), true);
});

test('after an interrupt no further command starts', async () => {
  const {child, until, ended} = start(cwd, ['ends', '-q', '--', `ends-${process.pid}`]);
  await until('ready');
  child.kill('SIGTERM');
  assert.equal((await ended).code, 143);
  assert.equal(existsSync(join(cwd, 'after')), false);
});

test('a task that listens to the signal ends at once; one that does not ends with the second signal', async () => {
  const heeding = start(cwd, ['heeds']);
  await heeding.until('ready');
  heeding.child.kill('SIGTERM');
  assert.deepEqual(await heeding.ended, {code: 143, stdout: 'ready\n', stderr: 'entrypoint: stopped by SIGTERM\n'});
  const busy = start(cwd, ['busy']);
  await busy.until('ready');
  busy.child.kill('SIGINT');
  await new Promise((resolve) => {
    setTimeout(resolve, 100);
  });
  busy.child.kill('SIGINT');
  assert.deepEqual(await busy.ended, {code: 130, stdout: 'ready\n', stderr: 'entrypoint: stopped by SIGINT\n'});
});

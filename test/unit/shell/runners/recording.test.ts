import assert from 'node:assert/strict';
import {test} from 'node:test';
import {recordingRunner} from '../../../../src/shell/index.ts';

test('runs nothing, records the text of every command in order, and succeeds', async () => {
  const {run, commands} = recordingRunner();
  assert.deepEqual(await run(['rm', '-rf', '/ x']), {exitCode: 0, stdout: '', stderr: '', seconds: 0});
  await run.read({words: ['git', 'status'], env: {A: 'b c'}});
  await run.prefixed('host')(['uptime']);
  assert.equal(await run.act('echo hi', async () => 'value'), 'value');
  await run.become(['node', 'server.ts']);
  assert.deepEqual(commands, ["rm -rf '/ x'", "A='b c' git status", 'uptime', 'echo hi', 'node server.ts']);
});

test('answers with what the responder returns: part of a result, or an error', async () => {
  const {run} = recordingRunner((command, text) => {
    if (text.startsWith('git')) return {stdout: 'abc\n'};
    return command.words[0] === 'docker' ? new Error('no engine') : undefined;
  });
  assert.equal((await run.read(['git', 'rev-parse', 'HEAD'])).stdout, 'abc\n');
  await assert.rejects(run(['docker', 'ps']), /no engine/);
});

test('records clean-up after the body, and after a body that fails', async () => {
  const {run, commands} = recordingRunner((_, text) => (text === 'fail' ? new Error('failed') : undefined));
  const body = run.scope(async (scope) => {
    scope.always(['always']);
    scope.onFailure(['undo']);
    await run(['fail']);
  });
  await assert.rejects(body, /failed/);
  assert.deepEqual(commands, ['fail', 'undo', 'always']);
});

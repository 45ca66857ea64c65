import assert from 'node:assert/strict';
import {test} from 'node:test';
import {testContext} from '../../../src/task.ts';
import {testIntegration} from '../../../src/tasks/index.ts';
import {directoryWith} from '../../support/directory.ts';

/** The command that starts the tests of a service with this deploy.yaml. */
async function testsOf(deployFile: string): Promise<string> {
  const {context, commands} = testContext({
    cwd: directoryWith({'deploy.yaml': `service: shop\n${deployFile}`}),
    respond: ({words}) => ({stdout: words[1] === 'version' ? 'linux/amd64 Engine' : '[]'}),
  });
  await testIntegration(context, {image: 'shop:dev'});
  return commands.find((text) => text.includes('--no-start')) ?? '';
}

test('the tests wait for the service as long as a deploy and a check do', async () => {
  assert.match(await testsOf(''), /--wait-for=http:\/\/service:3000\/readyz$/);
  assert.match(
    await testsOf('environments: {prod: {hosts: [h1], ready_timeout_seconds: 200}, rc: {hosts: [h2]}}\n'),
    / --wait-seconds=200$/,
  );
  assert.match(await testsOf('check: {start_timeout_seconds: 90}\n'), / --wait-seconds=90$/);
});

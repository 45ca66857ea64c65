import assert from 'node:assert/strict';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {endpointHost, engineHost} from '../../../../../src/deploy/hosts/machine/engine-host.ts';
import {testContext} from '../../../../../src/task.ts';
import {temporaryDirectory} from '../../../../support/directory.ts';

const names = (endpoints: readonly string[]): string[] => endpoints.map((one) => endpointHost(one).name);

test('an endpoint of docker names the machine of its engine; a socket is on this one', () => {
  assert.deepEqual(
    names([
      'tcp://h5:2375',
      'ssh://jo@h5',
      'ssh://jo@h5:2222',
      'https://h5:2376/v1',
      'h5:2375',
      'tcp://[2001:db8::5]:2375',
    ]),
    ['h5', 'h5', 'h5', 'h5', 'h5', '2001:db8::5'],
  );
  for (const own of ['', 'unix:///run/user/1000/docker.sock', 'npipe:////./pipe/docker_engine', 'fd://'])
    assert.deepEqual(endpointHost(own), {name: '', isSocket: true});
  // The other end of a tunnel: which ports are published here is not known.
  for (const tunnel of ['tcp://127.0.0.1:2375', 'tcp://localhost:2375', 'tcp://[::1]:2375'])
    assert.deepEqual(endpointHost(tunnel), {name: '', isSocket: false});
});

const respond = ({words}: {readonly words: readonly string[]}): {stdout: string} => ({
  stdout: words.at(-1) === 'far' ? 'ssh://jo@h5\n' : 'unix:///var/run/docker.sock\n',
});

test('the machine of the engine is that of DOCKER_HOST, of DOCKER_CONTEXT or of the context in use', async () => {
  const home = temporaryDirectory();
  const asked = async (env: Record<string, string>): Promise<readonly [string, number]> => {
    const {context, commands} = testContext({env: {HOME: home, ...env}, respond});
    return [(await engineHost(context)).name, commands.length];
  };
  // Where nothing says otherwise, docker is not asked.
  assert.deepEqual(await asked({}), ['', 0]);
  assert.deepEqual(await asked({DOCKER_HOST: 'tcp://h6:2375', DOCKER_CONTEXT: 'far'}), ['h6', 0]);
  assert.deepEqual(await asked({DOCKER_CONTEXT: 'far'}), ['h5', 1]);
  mkdirSync(join(home, '.docker'));
  writeFileSync(join(home, '.docker', 'config.json'), '{"currentContext": "far"}');
  assert.deepEqual(await asked({}), ['h5', 1]);
  assert.deepEqual(await asked({DOCKER_CONTEXT: 'near'}), ['', 1]);
});

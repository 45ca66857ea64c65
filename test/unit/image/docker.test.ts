import assert from 'node:assert/strict';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {findDockerClient} from '../../../src/image/docker.ts';
import {recordingRunner} from '../../../src/shell/index.ts';
import {temporaryDirectory} from '../../support/directory.ts';

const settings = temporaryDirectory();
mkdirSync(join(settings, 'cli-plugins'));
writeFileSync(join(settings, 'cli-plugins/docker-buildx'), '#!/bin/sh\n', {mode: 0o755});

/** How a build begins where the user has the plug-in and these variables, and which commands it takes to know. */
async function found(
  env: Readonly<Record<string, string>>,
  file = '{}',
): Promise<{build: string; asked: readonly string[]}> {
  writeFileSync(join(settings, 'config.json'), file);
  const {run, commands} = recordingRunner(() => ({}));
  const {build} = await findDockerClient({run, env: {DOCKER_CONFIG: settings, ...env}});
  return {build: build.join(' '), asked: commands};
}

describe('with the buildx plug-in', () => {
  test('nothing is asked, and the engine of the current context builds', async () => {
    assert.deepEqual(await found({}), {build: 'docker buildx build --builder default --load', asked: []});
    assert.equal(
      (await found({}, '{"currentContext": "rootless"}')).build,
      'docker buildx build --builder rootless --load',
    );
    assert.equal(
      (await found({DOCKER_CONTEXT: 'far'}, '{"currentContext": "rootless"}')).build,
      'docker buildx build --builder far --load',
    );
    assert.equal(
      (await found({DOCKER_HOST: 'tcp://h1:2375', DOCKER_CONTEXT: 'far'})).build,
      'docker buildx build --builder default --load',
    );
  });

  test("BUILDX_BUILDER wins, and a file that is no JSON is docker's to complain of", async () => {
    assert.equal((await found({BUILDX_BUILDER: 'mine'})).build, 'docker buildx build --load');
    assert.equal((await found({}, 'no JSON')).build, 'docker buildx build --builder default --load');
  });
});

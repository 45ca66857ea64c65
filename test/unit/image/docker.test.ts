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

/** The words a build begins with, given these variables and the plugin, and the commands run to find them. */
async function found(
  env: Readonly<Record<string, string>>,
  file = '{}',
): Promise<{build: string; run: readonly string[]}> {
  writeFileSync(join(settings, 'config.json'), file);
  const {run, commands} = recordingRunner(() => ({}));
  const {build} = await findDockerClient({run, env: {DOCKER_CONFIG: settings, ...env}});
  return {build: build.join(' '), run: commands};
}

describe('with the buildx plugin', () => {
  test('no command is run, and the engine of the current context builds', async () => {
    assert.deepEqual(await found({}), {build: 'docker buildx build --builder default --load', run: []});
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

  test('BUILDX_BUILDER wins; a configuration that is not JSON is left to docker to report', async () => {
    assert.equal((await found({BUILDX_BUILDER: 'mine'})).build, 'docker buildx build --load');
    assert.equal((await found({}, 'no JSON')).build, 'docker buildx build --builder default --load');
  });
});

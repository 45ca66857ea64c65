import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {chmodSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {hostQueryCommand} from '../../../../src/deploy/hosts/host-query.ts';
import {podmanMark} from '../../../../src/image/engine.ts';
import {temporaryDirectory} from '../../../support/directory.ts';

/** A host whose docker client answers, and notes each call. */
function hostWith(engine: string): {readonly home: string; run(env?: Record<string, string>, isDocker?: boolean): Ran} {
  const home = temporaryDirectory();
  const docker = join(home, 'docker');
  writeFileSync(docker, `#!/bin/sh\necho "$1" >>"$HOME/calls"\n[ "$1" != version ] || echo '${engine}'\n`);
  chmodSync(docker, 0o755);
  return {
    home,
    run(env = {}, isDocker = false) {
      writeFileSync(join(home, 'calls'), '');
      const stack = {service: 'shop', environment: 'prod'};
      const [program = '', ...words] = hostQueryCommand({
        stack,
        balancer: undefined,
        images: [],
        network: false,
        isDocker,
      });
      const path = `${home}:${process.env['PATH']}`;
      const {status, stderr} = spawnSync(program, words, {env: {PATH: path, HOME: home, ...env}, encoding: 'utf8'});
      const asked = spawnSync('grep', ['-c', 'version', join(home, 'calls')], {encoding: 'utf8'}).stdout.trim();
      return {status, stderr, asked: Number(asked)};
    },
  };
}
interface Ran {
  readonly status: number | null;
  readonly stderr: string;
  /** How often the engine was asked what it is. */
  readonly asked: number;
}

test('Podman on a host is named where DOCKER_HOST or a docker context leads to it', () => {
  const {home, run} = hostWith('Podman Engine Conmon ');
  const named = {status: 1, stderr: `${podmanMark}\n`, asked: 1};
  assert.deepEqual(run({DOCKER_HOST: 'unix:///run/user/1000/podman/podman.sock'}), named);
  assert.deepEqual(run({DOCKER_CONTEXT: 'pod'}), named);
  mkdirSync(join(home, '.docker'));
  writeFileSync(join(home, '.docker', 'config.json'), '{\n\t"auths": {}\n}\n');
  assert.deepEqual(run(), {status: 0, stderr: '', asked: 0});
  writeFileSync(join(home, '.docker', 'config.json'), '{\n\t"currentContext": "pod"\n}\n');
  assert.deepEqual(run(), named);
  // Of the engine of this machine it is known already.
  assert.deepEqual(run({}, true), {status: 0, stderr: '', asked: 0});
});

test('a rootless engine that a context has chosen is not Podman, and the usual engine is not asked', () => {
  const {run} = hostWith('Engine containerd runc rootlesskit ');
  assert.deepEqual(run({DOCKER_CONTEXT: 'rootless'}), {status: 0, stderr: '', asked: 1});
  assert.deepEqual(run(), {status: 0, stderr: '', asked: 0});
});

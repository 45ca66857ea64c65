import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {images} from '../../../scripts/images/list.ts';
import {docker} from '../../support/docker.ts';
import {all, longIf} from '../../support/long.ts';
import {buildImages} from './containers.ts';

// What the test `override-cmd` of Docker's official images asks of each: any program in the place of the image's own command.
// https://github.com/docker-library/official-images/blob/master/test/tests/override-cmd/run.sh

const usual = ['node-service', 'python-service', 'builder', 'postgres', 'haproxy', 'registry'];
// The command alone has no shell.
const tested = images.filter(({name}) => !['debian', 'command'].includes(name));
buildImages(...(all ? tested.map(({name}) => name) : usual));

const inImage = (image: string, ...words: readonly string[]) =>
  docker(['run', '--rm', '--network', 'none', image, ...words]);

describe('any program in the place of the command', {concurrency: 2}, () => {
  for (const {name, tag} of tested)
    test(`of ${name}`, longIf(!usual.includes(name)), async () => {
      assert.deepEqual(await inImage(tag, 'echo', 'hello'), {code: 0, stdout: 'hello', stderr: ''});
      assert.deepEqual(await inImage(tag, 'sh', '-c', 'echo "$1"; exit 7', 'sh', '--list'), {
        code: 7,
        stdout: '--list',
        stderr: '',
      });
    });
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {dockerRun} from '../../../../src/commands/docker/index.ts';
import {wordsText} from '../../../../src/shell/argv.ts';

test('the restrictions of a probe come first in docker run', () => {
  const {words} = dockerRun(
    {
      image: 'i',
      name: 'n',
      user: '54321:0',
      readOnly: true,
      tmpfs: ['/tmp'],
      dropCapabilities: true,
      addCapabilities: ['SETUID'],
      memory: '256m',
      memorySwap: '256m',
      pidsLimit: 100,
      pidOf: 'other',
      entrypoint: 'sleep',
      hosts: ['store:127.0.0.1'],
      command: ['1'],
    },
    'detached',
  );
  assert.equal(
    wordsText(words),
    'docker run --user 54321:0 --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --cap-add SETUID ' +
      '--memory-swap 256m --pids-limit 100 --pid container:other --entrypoint sleep --add-host store:127.0.0.1 ' +
      '--detach --name n --memory 256m i 1',
  );
});

import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {existsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {awaitEngine} from '../../../src/commands/host.ts';
import {eachOf, together} from '../../../src/shell/script.ts';
import {temporaryDirectory} from '../../support/directory.ts';

/** Runs the clean-up of a host whose engine answers from the call of this number on. */
function cleanUp(answersFrom: number, seconds: number): {code: number | null; cleaned: string[]} {
  const directory = temporaryDirectory();
  writeFileSync(
    join(directory, 'docker'),
    `#!/bin/sh\necho >>${directory}/calls\n[ "$(wc -l <${directory}/calls)" -ge ${answersFrom} ]\n`,
    {mode: 0o755},
  );
  const file = (name: string): string => join(directory, name);
  const {words} = together([
    awaitEngine(seconds),
    eachOf([
      ['sh', '-c', `: >${file('first')}; false`],
      ['touch', file('second')],
    ]),
  ]);
  const {status} = spawnSync(words[0] ?? '', words.slice(1), {
    env: {...process.env, PATH: `${directory}:${process.env['PATH']}`},
  });
  return {code: status, cleaned: ['first', 'second'].filter((name) => existsSync(file(name)))};
}

describe('the clean-up of a host', () => {
  test('waits for an engine that comes back, and runs every command although one fails', () => {
    assert.deepEqual(cleanUp(3, 30), {code: 1, cleaned: ['first', 'second']});
  });

  test('changes nothing while the engine is away, and ends as if the host did not answer', () => {
    assert.deepEqual(cleanUp(99, 1), {code: 255, cleaned: []});
  });
});

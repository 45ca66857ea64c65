import assert from 'node:assert/strict';
import {test} from 'node:test';
import {problem} from '../../../../src/errors.ts';
import type {Command} from '../../../../src/shell/argv.ts';
import {noEcho} from '../../../../src/shell/index.ts';
import {makeScope} from '../../../../src/shell/runners/scope.ts';
import {until} from '../../../support/until.ts';

/** A scope whose commands with the word `away` fail as by a lost connection until they have run `times`. */
function scopeOf(times: number) {
  const ran: string[] = [];
  const notes: string[] = [];
  const scope = makeScope(
    async ({words, host}: Command) => {
      ran.push(`${host ?? 'here'}: ${words.join(' ')}`);
      if (words.includes('away') && ran.filter((one) => one.endsWith('away')).length <= times)
        throw problem({code: 'command_failed', what: 'connection lost', exitCode: 255});
    },
    {...noEcho, note: (text) => notes.push(text)},
  );
  return {scope, ran, notes};
}

test('clean-up on a host that is unreachable for a moment is repeated; an exit code of 255 here is not', async () => {
  const {scope, ran, notes} = scopeOf(1);
  await scope(async ({always}) => {
    always({words: ['rm', 'away'], host: 'h1'});
  });
  assert.deepEqual(ran, ['h1: rm away', 'h1: rm away']);
  assert.deepEqual(notes, ['retrying clean-up: connection lost']);
  const local = scopeOf(1);
  await local.scope(async ({always}) => {
    always({words: ['rm', 'away']});
  });
  assert.deepEqual(local.ran, ['here: rm away']);
  assert.deepEqual(local.notes, ['continuing clean-up: connection lost']);
});

test('what runs on another host has a time limit: a program there can hang while the connection is up', async () => {
  const limits: (readonly [string, number | undefined])[] = [];
  const scope = makeScope(
    async ({words}, {timeoutSeconds}) => void limits.push([words.join(' '), timeoutSeconds]),
    noEcho,
  );
  await scope(async ({always}) => {
    always(['here']);
    always({words: ['there'], host: 'h1'});
  });
  assert.deepEqual(limits, [
    ['there', 1800],
    ['here', undefined],
  ]);
});

test('a repeated command has a runner of its own, and a note has the reason of its failure', async () => {
  const ran: string[] = [];
  const notes: string[] = [];
  const runner =
    (name: string) =>
    async ({words}: Command) => {
      ran.push(`${name}: ${words.join(' ')}`);
      if (words.includes('renew'))
        throw problem({code: 'command_failed', what: 'exit code 1', details: ['no such', 'lock'], exitCode: 1});
    };
  const scope = makeScope(runner('clean-up'), {...noEcho, note: (text) => notes.push(text)}, runner('repeated'));
  await scope(async ({every, always}) => {
    always(['rm']);
    const stop = every(0.01, [['renew']]);
    await until('a note', () => notes.length > 0);
    await stop();
  });
  assert.deepEqual(
    [ran[0], ran.at(-1), notes[0]],
    ['repeated: renew', 'clean-up: rm', 'continuing: exit code 1: lock'],
  );
});

import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {existsSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {after, describe, test} from 'node:test';
import {
  awaitEngine,
  lockFile,
  type LockTerm,
  releaseLock,
  releaseOwnLock,
  removeDeadLock,
  renewLock,
  takeLock,
} from '../../../src/commands/host.ts';
import type {Words} from '../../../src/shell/argv.ts';
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

/** A machine whose engine has these containers, and the lock's file of one name. */
function machine(): {
  readonly run: (words: Words) => {readonly code: number | null; readonly stderr: string};
  readonly prune: () => void;
  readonly file: string;
  readonly lock: (token: string) => LockTerm;
} {
  const directory = temporaryDirectory();
  const name = `${basename(directory)}.lock`;
  const [container, file] = [join(directory, 'container'), lockFile(name)];
  writeFileSync(
    join(directory, 'docker'),
    `#!/bin/sh\ncase $1 in\ncreate) (set -C; : >${container}) 2>/dev/null ;;\nrm) rm -f ${container} ;;\nps) [ ! -e ${container} ] || echo id ;;\nesac\n`,
    {mode: 0o755},
  );
  after(() => rmSync(file, {force: true}));
  return {
    run: ([program = '', ...words]) => {
      const {status, stderr} = spawnSync(program, words, {
        env: {...process.env, PATH: `${directory}:${process.env['PATH']}`},
        encoding: 'utf8',
      });
      return {code: status, stderr};
    },
    prune: () => rmSync(container, {force: true}),
    file,
    lock: (token) => ({
      container: {name, image: 'image', labels: {}},
      owner: 'jo@laptop',
      reason: 'deploy',
      token,
      seconds: 60,
    }),
  };
}

describe('a lock', () => {
  test('keeps others away after a prune has removed its container, until it is released', () => {
    const {run, prune, lock} = machine();
    const {container} = lock('a');
    assert.equal(run(takeLock(lock('a'))).code, 0);
    assert.notEqual(run(takeLock(lock('b'))).code, 0);
    prune();
    const {code, stderr} = run(takeLock(lock('b')));
    assert.equal(code, 1);
    assert.match(stderr, /^entrypoint: locked: (?:60|59|58) jo@laptop deploy$/m);
    run(releaseOwnLock(container.name, 'b', {}));
    assert.equal(run(renewLock(lock('a'), {})).code, 0);
    prune();
    assert.equal(run(takeLock(lock('b'))).code, 1);
    assert.equal(run(releaseLock(container.name)).code, 0);
    assert.equal(run(takeLock(lock('b'))).code, 0);
  });

  test('does not count once it has expired, and whatever another user writes there', () => {
    const now = Math.floor(Date.now() / 1000);
    for (const text of [
      `${now - 1} a jo@laptop deploy`,
      `${now + 600} a`,
      '9'.repeat(40),
      '-5 a',
      '$(id)',
      '',
      '\0',
      'x'.repeat(9999),
    ]) {
      const {run, file, lock} = machine();
      writeFileSync(file, text);
      assert.deepEqual(run(takeLock(lock('b'))), {code: 0, stderr: ''}, text.slice(0, 40));
      assert.match(readFileSync(file, 'utf8'), /^\d+ b jo@laptop deploy\n$/);
    }
  });

  test('is never written through a link', () => {
    const {run, file, lock} = machine();
    const other = join(temporaryDirectory(), 'other');
    writeFileSync(other, 'kept');
    symlinkSync(other, file);
    assert.equal(run(takeLock(lock('a'))).code, 0);
    assert.equal(readFileSync(other, 'utf8'), 'kept');
  });

  test('of a dead deployer leaves no file', () => {
    const {run, file, lock} = machine();
    run(takeLock(lock('a')));
    assert.ok(existsSync(file));
    run(removeDeadLock(lock('a').container.name, 'id', ''));
    assert.ok(!existsSync(file));
  });
});

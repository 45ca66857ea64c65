import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {checkInImage, scriptInImage} from '../../../../src/runtimes/node/read-only.ts';
import {directoryWith} from '../../../support/directory.ts';

const bin = 'node_modules/.bin';

test('a check of types keeps its notes nowhere, if its configuration keeps some', () => {
  const cwd = directoryWith({
    'package.json': '{}',
    'tsconfig.json': '{}',
    'tsconfig.build.json': '{"compilerOptions": {"incremental": true}}',
    'app/tsconfig.json': '{"extends": "../tsconfig.json"}',
  });
  const notes = ['--incremental', '--tsBuildInfoFile', '/dev/null'];
  for (const program of ['tsc', 'vue-tsc']) {
    const checked = (...words: readonly string[]): readonly string[] =>
      checkInImage(cwd, [`${bin}/${program}`, ...words]);
    assert.deepEqual(checked('--noEmit'), [`${bin}/${program}`, '--noEmit']);
    assert.deepEqual(checked('-p', 'tsconfig.build.json').slice(3), notes);
    assert.deepEqual(checked('--project', 'app').slice(3), notes);
  }
});

test('other checkers keep no cache', () => {
  const cwd = directoryWith({'tsconfig.json': '{"extends": "x"}'});
  const words = [`${bin}/eslint`, '--cache', '--cache-location', '.cache/x', '.'];
  assert.deepEqual(checkInImage(cwd, words), [`${bin}/eslint`, '.']);
});

test('a build of several projects works in a copy, which has the dependencies and is removed', () => {
  const root = directoryWith({
    'package.json': '{}',
    'tsconfig.base.json': '',
    [`${bin}/x`]: '',
    'apps/a b/package.json': '{}',
    'apps/a b/a.ts': '',
    'apps/a b/node_modules/.bin/vue-tsc':
      '#!/bin/sh\npwd; find ../.. -type f -o -type l | sort; touch a.tsbuildinfo; exit 3\n',
  });
  const cwd = join(root, 'apps/a b');
  const [program = '', ...words] = checkInImage(cwd, [`${bin}/vue-tsc`, '--build']);
  assert.deepEqual(words.slice(-3), ['types', `${bin}/vue-tsc`, '--build']);
  spawnSync('chmod', ['+x', join(cwd, bin, 'vue-tsc')]);
  const {status, stdout, stderr} = spawnSync(program, words, {cwd, encoding: 'utf8'});
  assert.equal(status, 3, stderr);
  const [place = '', ...files] = stdout.trim().split('\n');
  assert.deepEqual(files, [
    '../../apps/a b/a.ts',
    '../../apps/a b/node_modules',
    '../../apps/a b/package.json',
    '../../node_modules',
    '../../package.json',
    '../../tsconfig.base.json',
  ]);
  assert.ok(place.endsWith('/apps/a b') && place !== cwd, place);
  assert.deepEqual([existsSync(place), existsSync(join(cwd, 'a.tsbuildinfo'))], [false, false]);
});

test('every tool of a script that measures coverage does so elsewhere', () => {
  const nyc = 'nyc --temp-dir=/tmp/coverage/tmp --report-dir=/tmp/coverage';
  const c8 = 'c8 --temp-directory=/tmp/coverage/tmp --reports-dir=/tmp/coverage';
  for (const [script, expected] of [
    ['nyc mocha && nyc report --reporter=lcov', `${nyc} mocha && ${nyc} report --reporter=lcov`],
    ['NODE_ENV=test npx nyc --all mocha test', `NODE_ENV=test npx ${nyc} --all mocha test`],
    ['cross-env NODE_ENV=test c8 mocha', `cross-env NODE_ENV=test ${c8} mocha`],
    ['mocha test/nyc test', 'mocha test/nyc test'],
  ] as const)
    assert.equal(scriptInImage(script), expected);
});

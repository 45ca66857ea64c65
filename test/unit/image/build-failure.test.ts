import assert from 'node:assert/strict';
import {test} from 'node:test';
import {isProblem, type Problem, problem} from '../../../src/errors.ts';
import {explainBuild} from '../../../src/image/build-failure.ts';

function explained(...details: readonly string[]): Problem {
  const what = 'cannot build the image shop:1: command failed with exit code 1: docker build .';
  const error = explainBuild(problem({code: 'command_failed', what, fix: 'see above', details}));
  assert.ok(isProblem(error));
  return error;
}

test('a step that refuses the files of the service ends the build with its code, its message and its fix', () => {
  for (const last of [
    'ERROR: failed to solve: process "/bin/sh -c install-dependencies" did not complete successfully: exit code: 65',
    'executor failed running [/bin/sh -c install-dependencies]: exit code: 65',
  ]) {
    const {code, exitCode, message, fix, details} = explained(
      '#12 0.345 entrypoint: package-lock.json is missing: package.json has dependencies',
      '#12 0.345 fix: npm install --package-lock-only, and commit the file',
      last,
    );
    assert.deepEqual(
      [code, exitCode, message, fix, details],
      [
        'build_refused',
        65,
        'cannot build the image shop:1: package-lock.json is missing: package.json has dependencies',
        'npm install --package-lock-only, and commit the file',
        [],
      ],
    );
  }
});

test('another failure keeps the code of the builder, without the lines that have been shown', () => {
  const {code, exitCode, fix, details} = explained(
    '#9 1.2 gyp ERR!',
    'process "/bin/sh -c npm ci" did not complete successfully: exit code: 1',
  );
  assert.deepEqual([code, exitCode, fix, details], ['command_failed', 1, 'see above', []]);
});

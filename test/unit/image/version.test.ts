import assert from 'node:assert/strict';
import {test} from 'node:test';
import {isProblem} from '../../../src/errors.ts';
import {readVersion} from '../../../src/image/version.ts';
import {testContext} from '../../../src/task.ts';

const oid = '0123456789abcdef0123456789abcdef01234567';
const git = (stdout: string, exitCode = 0, stderr = '') =>
  testContext({respond: () => ({stdout, exitCode, stderr}), env: {GIT_COMMIT_HASH: 'fedcba9876543210'}}).context;
const outside = 'fatal: not a git repository (or any of the parent directories): .git';

test('git says which commit it is, not a variable that CI sets', async () => {
  const version = await readVersion(git(`# branch.oid ${oid}\n1 .M N... 100644 100644 100644 a a src/a.ts\n`));
  assert.deepEqual(version, {
    commit: `${oid}-dirty`,
    tag: '0123456789ab-dirty',
    dirtyFiles: 1,
    hasRepository: true,
    from: 'commit',
  });
});

test('without a repository, as in an image, the variable of the build says it', async () => {
  assert.deepEqual(await readVersion(git('', 128, outside)), {
    commit: 'fedcba9876543210',
    tag: 'fedcba987654',
    dirtyFiles: 0,
    hasRepository: false,
    from: 'image',
  });
});

test('a variable that can be no tag is refused', async () => {
  const {context} = testContext({
    respond: () => ({exitCode: 128, stderr: outside}),
    env: {GIT_COMMIT_HASH: 'v1.2-3-gabc+x'},
  });
  await assert.rejects(readVersion(context), (error) => isProblem(error) && error.code === 'bad_commit');
});

test('a repository of another user is named, even if there is a variable', async () => {
  await assert.rejects(
    readVersion(git('', 128, "fatal: detected dubious ownership in repository at '/service'")),
    (error) => isProblem(error) && error.code === 'no_commit' && /another user/.test(error.message),
  );
});

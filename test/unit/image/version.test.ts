import assert from 'node:assert/strict';
import {join} from 'node:path';
import {test} from 'node:test';
import {isProblem} from '../../../src/errors.ts';
import {withBuildContext} from '../../../src/image/context.ts';
import {belongsToImage, readVersion, versionIn} from '../../../src/image/version.ts';
import {noEcho} from '../../../src/shell/echo.ts';
import {executables} from '../../../src/shell/executable.ts';
import {systemRunner} from '../../../src/shell/runners/system.ts';
import {testContext} from '../../../src/task.ts';
import {directoryWith} from '../../support/directory.ts';
import {commit, environment, filesIn, git as inGit} from '../../support/repository.ts';

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

test('in an image, without a repository, the variable of the build says it', async () => {
  assert.deepEqual(await versionIn(git('', 128, outside), {isOfImage: true}), {
    commit: 'fedcba9876543210',
    tag: 'fedcba987654',
    dirtyFiles: 0,
    hasRepository: false,
    from: 'image',
  });
});

test('elsewhere without a repository, the files say it, not a variable that CI sets', async () => {
  const cwd = directoryWith({'a.js': 'a', '.gitignore': '.env\n', '.env': 'SECRET=1'});
  const env = {...environment, GIT_COMMIT_HASH: 'fedcba9876543210'};
  const run = systemRunner({cwd, env, echo: noEcho, stdout: () => {}, stderr: () => {}});
  const version = await versionIn({run, cwd, env}, {isOfImage: false});
  assert.deepEqual([version.from, version.hasRepository], ['content', false]);
  assert.match(version.commit, /^[0-9a-f]{40}$/);
  const files = await withBuildContext({run, cwd, env}, {version, include: []}, async (directory) =>
    filesIn(directory),
  );
  assert.deepEqual(Object.keys(files), ['.gitignore', 'a.js']);
});

test('a directory is of the image where the command is installed and nothing is mounted there', () => {
  const here = directoryWith({'dist/x': '', 'content/x': ''});
  const paths = {command: join(here, 'dist'), root: here};
  assert.ok(belongsToImage(join(here, 'content'), paths));
  assert.ok(!belongsToImage(join(here, 'content'), {...paths, command: join(here, 'missing')}));
  assert.ok(!belongsToImage('/proc', paths), 'mounted');
  assert.ok(!belongsToImage(join(here, 'missing'), paths));
});

test('git is understood whatever language its user reads', async () => {
  const [program] = executables('git', {directory: '/', path: environment.PATH});
  const cwd = directoryWith({
    'a.js': 'a',
    'deploy.yaml': '',
    // As git answers a user whose language is German.
    'bin/git': `#!/bin/sh
case \${LC_ALL:-} in de*) ;; *) exec ${program} "$@";; esac
${program} "$@" 2>/dev/null && exit
code=$?
echo 'Schwerwiegend: Kein Git-Repository (oder irgendeines der Elternverzeichnisse): .git' >&2
exit $code
`,
  });
  const german = {LANG: 'de_DE.UTF-8', LC_ALL: 'de_DE.UTF-8', LANGUAGE: 'de'};
  const env = {...environment, ...german, PATH: `${join(cwd, 'bin')}:${environment.PATH}`};
  const run = systemRunner({cwd, env, echo: noEcho, stdout: () => {}, stderr: () => {}});
  assert.match((await run.read(['git', 'status'], {allow: [128]})).stderr, /^Schwerwiegend/);
  assert.equal((await versionIn({run, cwd, env}, {isOfImage: false})).from, 'content');
  inGit(cwd, 'init', '--quiet');
  await assert.rejects(readVersion({run, cwd, env}), /no commits in the git repository/);
  const hash = commit(cwd);
  assert.equal((await readVersion({run, cwd, env})).commit, hash);
});

test('a variable that can be no tag is refused', async () => {
  const {context} = testContext({
    respond: () => ({exitCode: 128, stderr: outside}),
    env: {GIT_COMMIT_HASH: 'v1.2-3-gabc+x'},
  });
  await assert.rejects(
    versionIn(context, {isOfImage: true}),
    (error) => isProblem(error) && error.code === 'bad_commit',
  );
});

test('a repository of another user is named, even if there is a variable', async () => {
  await assert.rejects(
    readVersion(git('', 128, "fatal: detected dubious ownership in repository at '/service'")),
    (error) => isProblem(error) && error.code === 'no_commit' && /another user/.test(error.message),
  );
});

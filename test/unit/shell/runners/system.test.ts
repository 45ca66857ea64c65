import assert from 'node:assert/strict';
import {existsSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {isProblem, type Problem} from '../../../../src/errors.ts';
import {makeEcho, type Runner, systemRunner} from '../../../../src/shell/index.ts';
import type {SystemOptions} from '../../../../src/shell/runners/system.ts';
import {temporaryDirectory} from '../../../support/directory.ts';
import {until} from '../../../support/until.ts';

const cwd = temporaryDirectory();

interface Seen {
  readonly run: Runner;
  /** The printed text, times replaced. */
  readonly stderr: () => string;
  readonly stdout: () => string;
}

function seen(options: Partial<SystemOptions> & {level?: 'normal' | 'verbose'} = {}): Seen {
  let stdout = '';
  let stderr = '';
  const write = (text: Uint8Array | string): void => void (stderr += String(text));
  const run = systemRunner({
    cwd,
    env: {PATH: process.env['PATH'], SECRET: 'hush hush'},
    echo: makeEcho({write, level: options.level ?? 'normal', colour: false}),
    stdout: (text) => (stdout += String(text)),
    stderr: write,
    ...options,
  });
  return {run, stdout: () => stdout, stderr: () => stderr.replaceAll(/(exit \d+, |one in )\d+\.\d s/g, '$1N s')};
}

async function failure(promise: Promise<unknown>): Promise<Problem> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(isProblem(error), String(error));
  return error;
}

/** Starts a process that outlives its parent unless its group is killed; the file holds its pid. */
const grandchild = (file: string): string =>
  `sh -c 'echo $$ >${file}; exec sleep 60' & while [ ! -s ${file} ]; do sleep 0.01; done;`;

function isAlive(file: string): boolean {
  const pid = readFileSync(join(cwd, file), 'utf8').trim();
  try {
    // Pid 1 may be slow to reap orphans.
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

test('a command is echoed as text to paste, then its exit code and time', async () => {
  const {run, stderr} = seen();
  const {stdout, exitCode} = await run(
    {words: ['sh', '-c', 'cat; echo "$A"'], stdin: 'in ', env: {A: "it's"}},
    {capture: true},
  );
  assert.deepEqual({stdout, exitCode}, {stdout: "in it's\n", exitCode: 0});
  assert.equal(stderr(), `$ printf %s 'in ' | A='it'\\''s' sh -c 'cat; echo "$A"'\n# exit 0, N s\n`);
});

test('a read-only command is echoed with --verbose only', async () => {
  const quiet = seen();
  assert.equal((await quiet.run.read(['printf', 'x'])).stdout, 'x');
  assert.equal(quiet.stderr(), '');
  const verbose = seen({level: 'verbose'});
  await verbose.run.read(['printf', 'x']);
  assert.equal(verbose.stderr(), '$ printf x\n# exit 0, N s\n');
});

test('a failure keeps the exit code, the command and the last lines of the standard error', async () => {
  const {run} = seen();
  const error = await failure(
    run(['sh', '-c', 'seq 30 >&2; exit 7'], {capture: true, purpose: 'cannot do the thing', fix: 'do it'}),
  );
  assert.equal(error.exitCode, 7);
  assert.equal(error.code, 'command_failed');
  assert.equal(error.message, "cannot do the thing: command failed with exit code 7: sh -c 'seq 30 >&2; exit 7'");
  assert.deepEqual(
    error.details,
    Array.from({length: 20}, (_, index) => String(index + 11)),
  );
  assert.equal(error.fix, 'do it');
});

test('every exit code passes through; allowed ones are no failure; a signal gives 128 and its number', async () => {
  const {run} = seen();
  for (const code of [1, 2, 64, 125, 127, 255])
    assert.equal((await failure(run(['sh', '-c', `exit ${code}`], {capture: true}))).exitCode, code);
  assert.equal((await run(['sh', '-c', 'exit 3'], {allow: [3]})).exitCode, 3);
  assert.equal((await failure(run(['sh', '-c', 'kill -TERM $$']))).exitCode, 143);
});

test('a missing program and a missing directory have messages of their own', async () => {
  const {run} = seen();
  assert.equal((await failure(run(['no-such-program']))).message, 'command not found: no-such-program');
  assert.equal((await failure(run(['no-such-program']))).exitCode, 69);
  writeFileSync(join(cwd, 'text'), 'no program');
  assert.equal((await failure(run(['./text']))).message, 'not executable: ./text');
  assert.equal(
    (await failure(run({words: ['true'], cwd: 'gone'}))).message,
    `cannot run true: its working directory does not exist: ${cwd}/gone`,
  );
});

test("relative directories and secret files start at the runner's directory, as in the printed line", async () => {
  const {run} = seen();
  await run(['sh', '-c', 'mkdir -p sub && echo s3cret >sub/key']);
  const {stdout} = await run(
    {words: ['sh', '-c', 'echo "$PWD $KEY"'], cwd: 'sub', secrets: {KEY: {file: 'key'}}},
    {capture: true},
  );
  assert.equal(stdout, `${cwd}/sub s3cret\n`);
});

test("secret texts of several lines reach a command's standard input and are not echoed", async () => {
  const {run, stderr} = seen();
  writeFileSync(join(cwd, 'pem'), 'one\ntwo\n');
  const {stdout} = await run({words: ['cat'], secretInput: [{file: 'pem'}, {env: 'SECRET'}]}, {capture: true});
  assert.equal(stdout, 'one\ntwo\nhush hush\n');
  assert.doesNotMatch(stderr(), /two|hush/);
  const missing = await failure(run({words: ['cat'], secretInput: [{env: 'NONE'}]}));
  assert.deepEqual(
    [missing.code, missing.details],
    ['secret_missing', ['text 1 for its standard input: the environment variable NONE is not set']],
  );
});

test('a secret reaches the environment of its command, never the echo or its words', async () => {
  const {run, stderr} = seen({level: 'verbose'});
  const secrets = {A: {env: 'SECRET'}, B: {command: ['printf', 'hush %s', 'hush']}};
  const {stdout} = await run(
    {words: ['sh', '-c', 'echo "$A,$B"; tr "\\0" " " </proc/$$/cmdline'], secrets},
    {capture: true},
  );
  assert.match(stdout, /^hush hush,hush hush\n/);
  assert.doesNotMatch(stdout.split('\n')[1] ?? '', /hush hush/);
  assert.doesNotMatch(stderr(), /hush hush/);
  assert.match(stderr(), /A="\$SECRET" B="\$\(printf 'hush %s' hush\)" sh -c/);
  const missing = await failure(
    run({words: ['true'], secrets: {X: {env: 'NONE'}, Y: {file: '/nowhere'}, Z: {command: ['false']}}}),
  );
  assert.equal(missing.exitCode, 65);
  assert.deepEqual(missing.details, [
    'X: the environment variable NONE is not set',
    'Y: cannot read the file /nowhere (ENOENT)',
    'Z: exit code 1: false',
  ]);
});

test('a timeout kills the whole group, grandchildren included', async () => {
  const {run} = seen();
  const error = await failure(
    run(['sh', '-c', `trap '' TERM; ${grandchild('timed')} wait`], {timeoutSeconds: 0.5, capture: true}),
  );
  assert.match(error.message, /^command timed out after 0.5 s: sh -c /);
  assert.equal(error.exitCode, 124);
  await until('the grandchild has ended', () => !isAlive('timed'));
});

test('a daemon that a command leaves behind can hold its pipes without blocking the runner', async () => {
  const {run} = seen();
  const started = performance.now();
  assert.equal((await run(['sh', '-c', 'sleep 30 & echo $! >daemon; echo done'], {capture: true})).stdout, 'done\n');
  assert.ok(performance.now() - started < 10_000);
  assert.equal(isAlive('daemon'), true);
  process.kill(Number(readFileSync(join(cwd, 'daemon'), 'utf8')), 'SIGKILL');
});

test('an interrupt reaches the whole group; the runner reports it and starts nothing more', async () => {
  const stop = new AbortController();
  const {run, stdout} = seen({signal: stop.signal, prefix: 'host'});
  const running = failure(
    run([
      'sh',
      '-c',
      `exec 2>/dev/null; trap 'echo bye; exit 0' TERM; ${grandchild('interrupted')} while :; do sleep 0.02; done`,
    ]),
  );
  const interrupted = join(cwd, 'interrupted');
  await until('the grandchild runs', () => existsSync(interrupted) && readFileSync(interrupted, 'utf8') !== '');
  await sleep(100);
  stop.abort('SIGTERM');
  const error = await running;
  assert.deepEqual([error.code, error.exitCode, error.message], ['interrupted', 143, 'stopped by SIGTERM']);
  assert.equal(stdout(), 'host | bye\n');
  await until('the grandchild has ended', () => !isAlive('interrupted'));
  assert.equal((await failure(run(['touch', 'never']))).code, 'interrupted');
  assert.equal(
    (await failure(run.act('never', async () => writeFileSync(join(cwd, 'never'), '')))).code,
    'interrupted',
  );
  assert.equal(existsSync(join(cwd, 'never')), false);
});

test('an interrupt ends the pause before the next try', async () => {
  const stop = new AbortController();
  const {run} = seen({signal: stop.signal});
  setTimeout(() => stop.abort('SIGTERM'), 150);
  const error = await failure(
    run(['sh', '-c', 'echo connection refused >&2; exit 1'], {
      retry: {baseSeconds: 3600, maxPauseSeconds: 3600, deadlineSeconds: 1e9},
    }),
  );
  assert.deepEqual([error.code, error.exitCode], ['interrupted', 143]);
});

const log = (name: string): string[] => ['sh', '-c', `echo ${name} >>log`];

/** Lines logged since the last call. */
function logged(): string {
  const text = existsSync(join(cwd, 'log')) ? readFileSync(join(cwd, 'log'), 'utf8') : '';
  rmSync(join(cwd, 'log'), {force: true});
  return text.replaceAll('\n', ' ');
}

test('clean-up runs newest first, past its own failures, also after a failure or an interrupt', async () => {
  const stop = new AbortController();
  const {run, stderr} = seen({signal: stop.signal});
  const scoped = (end: () => Promise<unknown>, keep = false) =>
    run.scope(async (scope) => {
      scope.always(log('always1'));
      scope.onFailure(log('failure'));
      scope.always(['false']);
      scope.always(log('always2'));
      if (keep) scope.keep();
      return end();
    });
  assert.equal(await scoped(async () => 'value'), 'value');
  assert.equal(logged(), 'always2 always1 ');
  assert.match(stderr(), /# continuing clean-up: command failed with exit code 1: false\n/);
  assert.equal((await failure(scoped(() => run(['sh', '-c', 'exit 5'])))).exitCode, 5);
  assert.equal(logged(), 'always2 failure always1 ');
  await failure(scoped(() => run(['false']), true));
  assert.equal(logged(), 'always2 always1 ');
  setTimeout(() => stop.abort('SIGTERM'), 100);
  assert.equal((await failure(scoped(() => run(['sleep', '30'])))).exitCode, 143);
  assert.equal(logged(), 'always2 failure always1 ');
});

test('only transient failures are retried, each with a note', async () => {
  const {run, stderr} = seen();
  const once = 'test -e tried && exit 0; touch tried; echo "dial tcp: connection refused" >&2; exit 1';
  assert.equal((await run(['sh', '-c', once], {retry: {baseSeconds: 0.01}})).exitCode, 0);
  assert.equal(
    stderr().replaceAll(`$ sh -c '${once}'`, '$ once'),
    `$ once
dial tcp: connection refused
# exit 1, N s
# try 1 of 5 failed; next one in N s
$ once
# exit 0, N s
`,
  );
  const other = seen();
  await failure(other.run(['sh', '-c', 'echo denied >&2; exit 1'], {retry: true}));
  assert.doesNotMatch(other.stderr(), /try 1/);
});

test('concurrent commands: every line has its prefix, even if a chunk ends in the middle of a character', async () => {
  const {run, stdout, stderr} = seen();
  const host = (name: string): Promise<unknown> =>
    run.prefixed(name)(['sh', '-c', 'printf "one\\ntw\\303"; sleep 0.05; printf "\\244\\nlast"; echo oops >&2']);
  await Promise.all([host('a'), host('b')]);
  for (const name of ['a', 'b']) {
    assert.deepEqual(
      stdout()
        .split('\n')
        .filter((line) => line.startsWith(name)),
      [`${name} | one`, `${name} | twä`, `${name} | last`],
    );
    assert.match(stderr(), new RegExp(`^${name} \\| \\$ sh -c .*\n`, 'm'));
    assert.match(stderr(), new RegExp(`^${name} \\| oops\n`, 'm'));
    assert.match(stderr(), new RegExp(`^${name} \\| # exit 0, N s\n`, 'm'));
  }
});

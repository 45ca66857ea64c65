import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import type {Command} from '../../../../src/shell/argv.ts';
import {dryRunner, noEcho, type Runner, systemRunner} from '../../../../src/shell/index.ts';
import {temporaryDirectory} from '../../../support/directory.ts';

const root = temporaryDirectory();

function system(cwd: string): Runner {
  return systemRunner({cwd, env: process.env, echo: noEcho, stdout: () => {}, stderr: () => {}});
}

async function script(body: (run: Runner) => Promise<unknown>): Promise<string> {
  let text = '';
  await body(dryRunner((part) => (text += part), system(root)));
  return text;
}

interface State {
  readonly code: number | null;
  readonly files: Readonly<Record<string, string>>;
}

function files(cwd: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(cwd)
      .sort()
      .map((name) => [name, readFileSync(join(cwd, name), 'utf8')]),
  );
}

/** The files that the task leaves when it runs, and those that its script leaves, each in a directory of its own. */
async function both(body: (run: Runner) => Promise<unknown>): Promise<{task: State; script: State}> {
  const done = temporaryDirectory();
  const code = await body(system(done)).then(
    () => 0,
    (error: {exitCode: number}) => error.exitCode,
  );
  const printed = temporaryDirectory();
  const {status} = spawnSync('sh', ['-s'], {
    cwd: printed,
    input: await script(body),
    encoding: 'utf8',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  return {task: {code, files: files(done)}, script: {code: status, files: files(printed)}};
}

async function same(body: (run: Runner) => Promise<unknown>, expected: State): Promise<void> {
  const {task, script: printed} = await both(body);
  assert.deepEqual(task, expected);
  assert.deepEqual(printed, expected);
}

const log = (name: string): string[] => ['sh', '-c', `echo ${name} >>log`];

test('commands with input, variables, directories and odd words', async () => {
  await same(
    async (run) => {
      await run(['mkdir', '-p', '/tmp']);
      await run({words: ['tee', "it's *"], stdin: 'a $HOME\nb\n'}, {capture: true});
      await run({words: ['sh', '-c', 'printf "%s" "$A" >a'], env: {A: '`x` "y"\n'}});
      await run({words: ['sh', '-c', 'printf "%s" "$PWD" >"$OUT/pwd"'], cwd: '/', env: {OUT: '/tmp'}});
      await run.act('echo acted >acted', async () => run(['sh', '-c', 'echo acted >acted']));
    },
    {code: 0, files: {"it's *": 'a $HOME\nb\n', a: '`x` "y"\n', acted: 'acted\n'}},
  );
});

test('a failure ends both with the same code; an allowed code ends neither', async () => {
  await same(
    async (run) => {
      await run({words: ['sh', '-c', 'cat >in; exit 3'], stdin: 'x\ny\n'}, {allow: [1, 3]});
      await run(log('after'));
      await run(['sh', '-c', 'exit 4'], {allow: [3]});
      await run(log('never'));
    },
    {code: 4, files: {in: 'x\ny\n', log: 'after\n'}},
  );
});

test('a scope: clean-up at its end, newest first', async () => {
  await same(
    (run) =>
      run
        .scope(async (scope) => {
          scope.always(log('always1'));
          scope.onFailure(log('failure'));
          scope.always(['false']);
          scope.always(log('always2'));
          await run(log('body'));
        })
        .then(() => run(log('after'))),
    {code: 0, files: {log: 'body\nalways2\nalways1\nafter\n'}},
  );
});

test('a scope: clean-up after a failure, inner scopes first', async () => {
  await same(
    (run) =>
      run.scope(async (outer) => {
        outer.always(log('outer'));
        outer.onFailure(log('outer-failure'));
        await run.scope(async (done) => done.always(log('done')));
        await run.scope(async (inner) => {
          inner.onFailure(log('inner-failure'));
          inner.always(log('inner'));
          await run(['sh', '-c', 'exit 6']);
          await run(log('never'));
        });
      }),
    {code: 6, files: {log: 'done\ninner\ninner-failure\nouter-failure\nouter\n'}},
  );
});

test('a scope: keep() forgets the clean-up after a failure', async () => {
  await same(
    (run) =>
      run.scope(async (scope) => {
        scope.onFailure(log('failure'));
        scope.always(log('always'));
        scope.keep();
        await run(['false']);
      }),
    {code: 1, files: {log: 'always\n'}},
  );
});

test('concurrent scopes forget only their own clean-up', async () => {
  const text = await script((run) =>
    Promise.all(
      ['a', 'b'].map((name) =>
        run.prefixed(name).scope(async (scope) => {
          scope.always(log(name));
          await run(log(`body-${name}`));
        }),
      ),
    ),
  );
  const cwd = temporaryDirectory();
  assert.equal(spawnSync('sh', ['-s'], {cwd, input: text}).status, 0);
  assert.deepEqual(files(cwd)['log']?.trim().split('\n').sort(), ['a', 'b', 'body-a', 'body-b']);
});

test('retries use a function of the script; a command that is more than words becomes a function', async () => {
  const text = await script(async (run) => {
    await run(['sh', '-c', 'echo x >>tries; [ "$(wc -l <tries)" -ge 2 ]'], {retry: true});
    await run(
      {words: ['sh', '-c', 'echo y >>others; [ "$(wc -l <others)" -ge 2 ] || exit 9'], env: {A: 'b'}},
      {retry: {attempts: 2}, allow: [8]},
    );
  });
  assert.equal(
    text,
    `#!/bin/sh
set -eu
retry() {
  tries=$1; shift; n=1
  until "$@"; do code=$?; [ "$n" -lt "$tries" ] || return "$code"; sleep "$n"; n=$((n + 1)); done
}
retry 5 sh -c 'echo x >>tries; [ "$(wc -l <tries)" -ge 2 ]'
attempt_1() {
A=b sh -c 'echo y >>others; [ "$(wc -l <others)" -ge 2 ] || exit 9' || { code=$?; case "$code" in 8) ;; *) (exit "$code") ;; esac; }
}
retry 2 attempt_1
`,
  );
  const cwd = temporaryDirectory();
  assert.equal(spawnSync('sh', ['-s'], {cwd, input: text}).status, 0);
  assert.deepEqual(files(cwd), {tries: 'x\nx\n', others: 'y\ny\n'});
});

test('an interrupted script cleans up and exits with 128 and the signal', async () => {
  const text = await script((run) =>
    run.scope(async (scope) => {
      scope.always(log('always'));
      await run(['sh', '-c', 'kill -TERM $PPID; sleep 0.2']);
    }),
  );
  const cwd = temporaryDirectory();
  assert.equal(spawnSync('sh', ['-s'], {cwd, input: text}).status, 143);
  assert.deepEqual(files(cwd), {log: 'always\n'});
});

test('only read-only commands run', async () => {
  const cwd = temporaryDirectory();
  const run = dryRunner(() => {}, system(cwd));
  assert.equal((await run.read(['printf', 'x'])).stdout, 'x');
  assert.deepEqual(await run(['touch', 'made']), {exitCode: 0, stdout: '', stderr: '', seconds: 0});
  assert.equal(await run.act('touch made', async () => 'never'), undefined);
  await run.become(['touch', 'made']);
  assert.deepEqual(readdirSync(cwd), []);
});

test('a timeout works in the script as in the task, with the same exit code', async () => {
  const {task, script: printed} = await both(async (run) => {
    await run(['touch', 'begun']);
    await run({words: ['sh', '-c', 'sleep 30; touch late'], env: {A: 'b'}}, {timeoutSeconds: 0.3});
  });
  assert.deepEqual(task, {code: 124, files: {begun: ''}});
  assert.deepEqual(printed, task);
});

test('in a scope, the script asks once for a secret, and stops where one is missing', async () => {
  const ask: Command = {
    words: ['sh', '-c', 'printf "%s " "$A" "$B" >>out; cat >>out'],
    secrets: {A: {command: ['sh', '-c', 'echo asked >>asked; printf "it\'s \\n two\\n"']}, B: {file: 'key'}},
    stdin: '\n',
  };
  const fed: Command = {words: ['sh', '-c', 'cat >>out'], secretInput: Object.values(ask.secrets ?? {})};
  await same(
    async (run) => {
      await run(['sh', '-c', 'echo hush >key']);
      await run.scope(async (scope) => {
        await run.readSecrets([ask, fed, ['true']]);
        await run(ask, {timeoutSeconds: 10});
        await run(fed, {retry: true});
        scope.always(ask);
      });
    },
    {
      code: 0,
      files: {key: 'hush\n', asked: 'asked\n', out: `it's \n two hush \nit's \n two\nhush\nit's \n two hush \n`},
    },
  );
  for (const [reference, code] of [
    [{command: ['sh', '-c', 'exit 7']}, 7],
    [{command: ['true']}, 2],
    [{file: 'none'}, 1],
    [{file: 'binary'}, 1],
  ] as const) {
    const text = await script((run) =>
      run.scope(async () => {
        await run.readSecrets([{words: ['touch', 'never'], secrets: {A: reference, B: {env: 'HOME'}}}]);
        await run(['touch', 'never']);
      }),
    );
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, 'binary'), 'a\0b');
    assert.equal(spawnSync('sh', ['-s'], {cwd, input: text}).status, code);
    assert.deepEqual(Object.keys(files(cwd)), ['binary']);
  }
});

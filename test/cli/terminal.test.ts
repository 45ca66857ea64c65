import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {chmodSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {stripVTControlCharacters} from 'node:util';
import {normalised, onTerminal, type OnTerminal, screenOf, type Size} from '../support/terminal.ts';
import {cli, entrypoint, environment, service} from './harness.ts';

const tasks = `
import {task} from 'entrypoint/tasks';
const wait = ['sh', '-c', 'touch waiting; exec sleep 60'];
export const mixed = task('Writes in every way', {}, async ({run, note, say}) => {
  note('a note');
  await run(['sh', '-c', 'exit 0'], {capture: true});
  await run.step('two commands', async (inner) => {
    await inner({words: ['sh', '-c', 'cat >/dev/null'], stdin: 'a\\nb\\n'}, {capture: true});
    await inner(['sh', '-c', 'echo hidden; sleep 0.3'], {capture: true});
    console.log('by console.log');
  }, 'h1');
  await run(['sh', '-c', 'echo direct; test -t 1 && echo to a terminal']);
  await run.prefixed('h2')(['sh', '-c', 'echo prefixed']);
  say('a result');
  say('another one');
});
export const follows = task('Says what can follow', {}, async ({run, say}) => {
  await run(['true'], {capture: true});
  say('text', ({columns, isLast}) => 'a result in ' + columns + ' columns' + (isLast ? ', and what can follow' : ''));
});
export const starts = task('Starts a run as a part of it', {}, async ({run}) => {
  await run.step('the other run', (inner) => inner(['${entrypoint}', 'follows']));
});
export const fails = task('Fails', {}, async ({run}) => {
  await run.step('the good step', (inner) => inner(['true'], {capture: true}));
  await run.step('the bad step', (inner) => inner(['sh', '-c', 'echo reason >&2; exit 3', '${'x'.repeat(60)}'], {capture: true}));
});
export const waits = task('Waits', {}, ({run}) => run.scope(async (scope) => {
  scope.onFailure({words: ['sh', '-c', 'touch undone'], title: 'undo: wait'});
  await run.step('wait for ${'something '.repeat(5)}', (inner) => inner(wait, {capture: true}));
}));
export const asks = task('Asks', {}, async ({run}) => {
  await run(['sh', '-c', 'printf "name? "; read -r name; echo "hello $name"'], {interactive: true});
});
`;

const times = (text: string): string =>
  text.replaceAll(/(# exit \d+, )\d+\.\d s/g, '$1N s').replaceAll(/^ +at .*\n/gm, '');
const coloured = (text: string): boolean => text.includes('\u001b[1m') || text.includes('\u001b[32m');

const start = (
  words: readonly string[],
  shown: Record<string, string> = {},
  size?: Size,
): OnTerminal & {cwd: string} => {
  const cwd = service({'tasks.ts': tasks});
  return {
    cwd,
    ...onTerminal([entrypoint, ...words], {cwd, env: environment(), shown, ...(size === undefined ? {} : {size})}),
  };
};

test('steps are lines; what programs, tasks and console.log write passes through', async () => {
  const {code, output} = await start(['mixed']).ended;
  assert.equal(
    normalised(await screenOf(output)),
    `# a note
✓     N s  $ sh -c 'exit 0'
by console.log
✓     N s  h1  two commands
  $ sh -c 'cat >/dev/null' <<'END' …2 lines, 4 B
  $ sh -c 'echo hidden; sleep 0.3'
# … marks what is left out: --verbose shows all of it
$ sh -c 'echo direct; test -t 1 && echo to a terminal'
direct
to a terminal
✓     N s      $ sh -c 'echo direct; test -t 1 && echo to a terminal'
$ sh -c 'echo prefixed'
h2 | prefixed
✓     N s  h2  $ sh -c 'echo prefixed'

a result
another one
`,
  );
  assert.equal(code, 0);
});

test('a failed step is shown whole, and the failure stands apart', async () => {
  const {code, output} = await start(['fails']).ended;
  assert.equal(
    normalised(await screenOf(output)),
    `✓     N s  the good step
  $ true
✗     N s  the bad step  failed
$ sh -c 'echo reason >&2; exit 3' ${'x'.repeat(60)}
reason
# exit 3, N s

entrypoint: command failed with exit code 3: sh -c 'echo reason >&2; exit 3' xxxxxxxxxxxxxxxx…60 B
  reason
`,
  );
  assert.equal(code, 3);
});

test('results stand apart, and the last one has what can follow: not one in a run that is a part of another', async () => {
  const {output} = await start(['follows', 'follows', 'starts']).ended;
  assert.equal(
    normalised(await screenOf(output), {[entrypoint]: 'entrypoint'}),
    `# task 1 of 3: follows
✓     N s  $ true

a result in 80 columns

# task 2 of 3: follows
✓     N s  $ true

a result in 80 columns

# task 3 of 3: starts
▸ the other run
$ entrypoint follows
✓     N s  $ true

a result in 80 columns

✓     N s  the other run
`,
  );
  assert.match((await screenOf((await start(['follows']).ended).output)).join('\n'), /columns, and what can follow$/);
});

test('with --json the result is JSON below the steps, and a failure has the whole command', async () => {
  const {output} = await start(['--json', 'fails']).ended;
  const shown = (await screenOf(output)).join('\n');
  const {error} = JSON.parse(shown.slice(shown.indexOf('\n{'))) as {error: {message: string}};
  assert.ok(error.message.endsWith('x'.repeat(60)), shown);
});

test('Ctrl-C stops the step, undoes it, and leaves the terminal in order', async () => {
  const running = start(['waits']);
  await running.until(/ [1-9]\.\d s/);
  running.type('\u0003');
  const {code, output} = await running.ended;
  assert.equal(
    normalised(await screenOf(output)),
    `-     N s  wait for something something something something something   stopped
  $ sh -c 'touch waiting; exec sleep 60'
✓     N s  undo: wait
  $ sh -c 'touch undone'

entrypoint: stopped by SIGINT
`,
  );
  assert.equal(code, 130);
  // The cursor is never hidden, and the screen is the usual one: nothing has to be put back.
  assert.ok(!output.includes('\u001b[?'), output);
  assert.match(output, /\n$/);
});

test('a terminal that becomes narrower in the middle of a run gets lines that fit', async () => {
  const running = start(['waits'], {}, {columns: 100, rows: 24});
  await running.until(/ \d\.\d s/);
  await running.resize({columns: 40, rows: 10});
  await running.until(/ [2-9]\.\d s/);
  running.type('\u0003');
  const {output} = await running.ended;
  const drawn = output.split('\u001b[J').map((text) => text.split('\r\n').map(stripVTControlCharacters));
  const widest = drawn.map((lines) => Math.max(...lines.map((line) => line.length)));
  assert.ok((widest[0] ?? 0) > 60 && (widest.at(-3) ?? 0) < 40, widest.join(' '));
});

test('a program that asks has the terminal', async () => {
  const running = start(['asks']);
  await running.until(/^name\? /m);
  running.type('jo\r');
  const {output} = await running.ended;
  assert.match((await screenOf(output)).join('\n'), /name\? jo\nhello jo\n/);
});

test('with --verbose, --no-echo, on a dumb terminal and on a build server, all is printed as without a terminal', async () => {
  const cases: readonly (readonly [string[], Record<string, string>])[] = [
    [['--verbose', '--no-color', 'fails'], {}],
    [['--no-echo', '--no-color', 'fails'], {}],
    [['fails'], {TERM: 'dumb'}],
    [['--dry-run', 'fails'], {NO_COLOR: '1'}],
    [['fails'], {CI: 'true', NO_COLOR: '1'}],
  ];
  for (const [words, env] of cases) {
    const running = start(words, env);
    const {output} = await running.ended;
    const {stdout, stderr} = cli(running.cwd, words);
    assert.equal(times(output.replaceAll('\r\n', '\n')), times(stdout + stderr), words.join(' '));
  }
});

const colouredOn = async (words: readonly string[], shown: Record<string, string>): Promise<boolean> =>
  coloured((await start([...words, 'fails'], shown).ended).output);
const colouredInPipe = (env: Record<string, string>): boolean =>
  coloured(cli(service({'tasks.ts': tasks}), ['fails'], env).stderr);

test('colours follow the flag, then FORCE_COLOR, then NO_COLOR, then the terminal', async () => {
  assert.deepEqual(
    [
      await colouredOn([], {}),
      await colouredOn([], {NO_COLOR: '1'}),
      await colouredOn(['--no-color'], {FORCE_COLOR: '1'}),
      colouredInPipe({}),
      colouredInPipe({FORCE_COLOR: '1', NO_COLOR: '1'}),
      colouredInPipe({FORCE_COLOR: '0'}),
    ],
    [true, false, false, false, true, false],
  );
});

/** A docker that builds nothing, and says what BuildKit said once. */
function recordedDocker(cwd: string, stream: string, code: number): Record<string, string> {
  mkdirSync(join(cwd, '.bin'));
  writeFileSync(join(cwd, '.bin/stream'), stream);
  writeFileSync(
    join(cwd, '.bin/docker'),
    `#!/bin/sh
case "$1" in
  --version) echo 'Docker version 20.10.24, build 1' ;;
  build | buildx) while IFS= read -r line; do printf '%s\\n' "$line" >&2; sleep 0.02; done <${cwd}/.bin/stream; exit ${code} ;;
  image) echo 'sha256:${'0123456789abcdef'.repeat(4)} 51200000' ;;
  version) echo 'linux/amd64 Engine' ;;
esac
`,
  );
  chmodSync(join(cwd, '.bin/docker'), 0o755);
  writeFileSync(join(cwd, '.gitignore'), '.bin\n');
  writeFileSync(join(cwd, 'Dockerfile'), 'FROM entrypoint/node-service:26\n');
  spawnSync('sh', ['-c', 'git init -q && git add -A && git -c user.name=t -c user.email=t@example.com commit -qm t'], {
    cwd,
  });
  return environment({PATH: `${join(cwd, '.bin')}:${process.env['PATH'] ?? ''}`});
}

const stream = `#0 building with "default" instance using docker driver
#1 [internal] load build definition from Dockerfile
#1 transferring dockerfile: 98B done
#1 DONE 0.0s
#4 [1/3] FROM docker.io/entrypoint/node-service:26
#4 CACHED
#5 [2/3] COPY package.json package-lock.json ./
#5 DONE 0.1s
#6 [3/3] RUN npm ci --omit=dev --no-audit --no-fund && rm -rf /root/.npm /tmp/node-compile-cache
#6 1.234 added 212 packages in 11s
`;

test('the screen of a build', async () => {
  const cwd = service({'package.json': '{"name": "shop", "type": "module"}\n'});
  const env = recordedDocker(cwd, `${stream}#6 DONE 12.3s\n#7 exporting to image\n#7 DONE 0.4s\n`, 0);
  const {code, output} = await onTerminal([entrypoint, 'build'], {cwd, env}).ended;
  assert.equal(
    normalised(await screenOf(output)).replaceAll(
      /\$ (?:DOCKER_BUILDKIT|GIT_INDEX_FILE|docker buildx).*/g,
      '$ COMMAND',
    ),
    `✓     N s  copy the files of the commit
  $ mkdir -m 700 /tmp/entrypoint-build-ID
  $ COMMAND
# … marks what is left out: --verbose shows all of it
✓  cached  [1/3] FROM docker.io/entrypoint/node-service:26
✓     N s  [2/3] COPY package.json package-lock.json ./
✓     N s  [3/3] RUN npm ci --omit=dev --no-audit --no-fund && rm -rf /root/.n…
✓     N s  build the image shop:ID
  $ COMMAND
✓     N s  remove the copied files
  $ rm -rf /tmp/entrypoint-build-ID
✓     N s  read the digest of the image
  $ docker image inspect --format '{{.Id}} {{.Size}}' shop:ID

built shop:ID, N MB
digest  sha256:DIGEST
next    entrypoint deploy
        entrypoint publish
`,
  );
  assert.equal(code, 0);
});

test('the screen of a build that fails has everything that the builder said', async () => {
  const cwd = service({'package.json': '{"name": "shop", "type": "module"}\n'});
  const failing = `${stream}#6 ERROR: process "/bin/sh -c npm ci" did not complete successfully: exit code: 1\n`;
  const {code, output} = await onTerminal([entrypoint, 'build'], {cwd, env: recordedDocker(cwd, failing, 1)}).ended;
  const shown = (await screenOf(output)).join('\n');
  assert.ok(shown.includes(failing), shown);
  assert.match(shown, /^✗ .*  build the image shop:[0-9a-f]{12}  failed$/m);
  assert.equal(code, 1);
});

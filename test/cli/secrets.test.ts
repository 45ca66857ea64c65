import assert from 'node:assert/strict';
import {spawn, spawnSync} from 'node:child_process';
import {existsSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, beforeEach, test} from 'node:test';
import {until} from '../support/until.ts';
import {cli, entrypoint, environment, service} from './harness.ts';

// Secrets from commands that prompt, as `pass` and `op` do, in a task that needs them in several commands.

const directory = service({
  'tasks.ts': `
import {task} from 'entrypoint/tasks';
const show = {
  words: ['sh', '-c', 'echo "$A has \${#A}"; tr "\\\\0" "\\\\n" </proc/$$/cmdline | grep -c "[h]ush"; cat'],
  secrets: {A: {command: ['./ask']}},
};
export const use = task('Use a secret', {}, async ({run}) =>
  run.scope(async () => {
    await run.readSecrets([show, show]);
    await run(show);
    await run({...show, words: ['sh', '-c', 'echo "$A"; cat']}, {interactive: true});
  }),
);
`,
});
const answers = join(directory, 'asked');
const asked = (): string => (existsSync(answers) ? readFileSync(answers, 'utf8') : '');
const ask = (text: string): void => writeFileSync(join(directory, 'ask'), `#!/bin/sh\n${text}\n`, {mode: 0o755});
const prompting =
  'echo asked >>asked; stty -echo </dev/tty; printf "Passphrase: " >/dev/tty; read -r p </dev/tty; stty echo </dev/tty; echo "$p"';

beforeEach(() => {
  rmSync(answers, {force: true});
  ask(prompting);
});

/** The task in a terminal of its own; `answer` is typed at the prompt. \u0004 ends the input of the last command. */
async function inTerminal(answer: string, before = '') {
  const child = spawn('script', ['-qefc', `${before} '${entrypoint}' use`, '/dev/null'], {
    cwd: directory,
    env: {...environment(), SHELL: '/bin/sh'},
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await until(
    () => `it asks:\n${output}`,
    () => output.includes('Passphrase: '),
  );
  child.stdin.write(answer);
  return {code: await ended, output};
}

test('a command that prompts gets the terminal and asks once, also where the standard input is a pipe', async () => {
  const typed = await inTerminal('hush hush\n\u0004');
  assert.equal(typed.code, 0, typed.output);
  assert.match(typed.output, /\nhush hush has 9\r\n0\r\n/);
  assert.equal(asked(), 'asked\n');
  const piped = await inTerminal('hush hush\n', 'printf "from the pipe" |');
  assert.equal(piped.code, 0, piped.output);
  assert.match(piped.output, /\nhush hush\r\nfrom the pipe/);
  assert.equal(asked(), 'asked\nasked\n');
});

test('Ctrl-C at the prompt ends the task as everywhere, and nothing was run', async () => {
  const {code, output} = await inTerminal('\u0003');
  assert.equal(code, 130, output);
  assert.match(output, /entrypoint: stopped by SIGINT/);
  assert.doesNotMatch(output, /has/);
});

test('without a terminal, a command that prompts fails in its own words, and its exit code is named', () => {
  ask('echo "a trace of it" >&2; echo hush; exit 4');
  const {code, stdout, stderr} = cli(directory, ['use']);
  assert.equal(code, 65);
  assert.equal(stdout, '');
  assert.equal(
    stderr,
    `$ : "$(./ask)"
a trace of it
entrypoint: a secret is missing
  A: exit code 4: ./ask
fix: set the variable, fill the file or repair the command: deploy.yaml names the source of each secret. A value that is meant to be empty belongs in \`environment\`
`,
  );
});

test('a dry run does not ask; its script asks once', () => {
  ask('echo asked >>asked; echo "hush hush"');
  const {code, stdout} = cli(directory, ['--dry-run', 'use']);
  assert.deepEqual([code, asked()], [0, '']);
  assert.doesNotMatch(stdout, /hush hush/);
  const script = spawnSync('sh', ['-s'], {cwd: directory, input: stdout, encoding: 'utf8'});
  assert.deepEqual([script.status, asked()], [0, 'asked\n'], script.stderr);
});

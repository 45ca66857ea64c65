import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {globSync, readFileSync} from 'node:fs';
import {directoryWith, temporaryDirectory} from '../support/directory.ts';
import {entrypoint} from '../support/service.ts';

export {entrypoint} from '../support/service.ts';

const home = temporaryDirectory();

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A service of its own for a test: file names and their texts. */
export const service = (files: Readonly<Record<string, string>>): string =>
  directoryWith({'package.json': '{"type": "module"}\n', ...files});

export function environment(env: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {PATH: process.env['PATH'] ?? '', HOME: home, LANG: 'C.UTF-8', ...env};
}

/** Runs the real command; times are replaced, everything else is what a user sees. */
export function cli(cwd: string, words: readonly string[], env?: Readonly<Record<string, string>>): Outcome {
  const {status, stdout, stderr} = spawnSync(entrypoint, words, {
    cwd,
    env: environment(env),
    encoding: 'utf8',
    timeout: 30_000,
  });
  return {code: status, stdout, stderr: withoutTimes(stderr)};
}

export function withoutTimes(text: string): string {
  return text.replaceAll(/(# exit \d+, )\d+\.\d s/g, '$1N s');
}

/** Starts the real command without waiting for it. `until` waits for a text on either stream. */
export function start(
  cwd: string,
  words: readonly string[],
): {child: ChildProcess; until: (text: string) => Promise<void>; ended: Promise<Outcome>} {
  const child = spawn(entrypoint, words, {cwd, env: environment(), stdio: ['ignore', 'pipe', 'pipe']});
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  const wake = (): void => waiting.forEach((check) => check());
  child.stdout.on('data', (chunk: Buffer) => ((stdout += chunk.toString()), wake()));
  child.stderr.on('data', (chunk: Buffer) => ((stderr += chunk.toString()), wake()));
  const until = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (`${stdout}${stderr}`.includes(text)) {
          waiting.delete(check);
          resolve();
        }
      };
      waiting.add(check);
      check();
    });
  const ended = new Promise<Outcome>((resolve) =>
    child.once('close', (code) => resolve({code, stdout, stderr: withoutTimes(stderr)})),
  );
  return {child, until, ended};
}

/** Whether a process, other than a zombie, has this word on its command line. */
export function isRunning(word: string): boolean {
  return globSync('/proc/[0-9]*/cmdline').some((file) => {
    try {
      return readFileSync(file, 'utf8').split('\0').includes(word);
    } catch {
      return false;
    }
  });
}

/** The tasks.ts that most tests use. */
export const shop = `
import {option, task} from 'entrypoint/tasks';
export {build, testUnit} from 'entrypoint/tasks';

export const seed = task('Load sample products', {
  rows: option.number('how many products', {default: 100}),
  clear: option.boolean('remove the old ones first', {default: true}),
  file: option.list('file to read'),
  level: option.choice('how loud', {choices: ['low', 'high'], default: 'low', env: ['SHOP_LEVEL']}),
}, async ({run, say, note, rest}, {rows, clear, file, level}) => {
  note('seeding');
  await run(['echo', String(rows), String(clear), file.join('+'), level, ...rest]);
  say('seeded');
  return {rows};
});
export const greet = task('Say hello', {
  name: option.string('whom', {default: 'world', positional: true}),
}, async ({say}, {name}) => say(\`hello \${name}\`));
export const fail = task('Fail as a program does', {}, async ({run}) => {
  await run(['sh', '-c', 'echo out; echo err >&2; exit 7']);
});
export const missing = task('Call a program that is not there', {}, async ({run}) => {
  await run(['no-such-program', '-x']);
});
export async function plain() {}
`;

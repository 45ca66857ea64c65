import {spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Report} from '../../src/contract/check.ts';
import {all} from '../support/long.ts';

const directory = join(import.meta.dirname, 'fixtures');
const cli = join(import.meta.dirname, '../../src/cli/bin.ts');
const suffix = randomBytes(4).toString('hex');

/** The rules that images break most often. `npm test` has no time for all of them. */
const mostBroken = new Set([
  'exec-form-entrypoint',
  'finishes-requests',
  'not-root',
  'orphans-are-reaped',
  'stops-on-sigterm',
]);

/** Deliberately broken images, each named after the rule that it breaks. `npm run test:contract` checks all of them. */
export const broken = readdirSync(directory)
  .filter((name) => name !== 'good')
  .toSorted()
  .filter((name) => all || mostBroken.has(name));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program without blocking this process. A non-zero exit code is a result, not an error. */
export function runCommand(
  program: string,
  words: readonly string[],
  {cwd = directory, signal}: {cwd?: string; signal?: AbortSignal} = {},
): Promise<CommandResult> {
  // With it, Node's test runner would treat the services' tests as its own subtests.
  const {NODE_TEST_CONTEXT: _, ...env} = process.env;
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, {cwd, env, stdio: ['ignore', 'pipe', 'pipe']});
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({code, stdout, stderr}));
    signal?.addEventListener('abort', () => child.kill('SIGINT'));
  });
}

/** The tag of a fixture's image, unique to this test run: `contract-not-root-1a2b3c4d`. */
export const tagOf = (name: string): string => `contract-${name}-${suffix}`;

/** Builds a fixture's image. `good` is the base image of the others. */
export async function build(name: string): Promise<string> {
  const tag = tagOf(name);
  const argument = name === 'good' ? [] : ['--build-arg', `good=${tagOf('good')}`];
  const {code, stdout, stderr} = await runCommand('docker', ['build', '--quiet', '--tag', tag, ...argument, name]);
  if (code !== 0) throw new Error(`${name}: ${stdout}${stderr}`);
  return tag;
}

export async function removeImages(): Promise<void> {
  const {stdout} = await runCommand('docker', [
    'images',
    '--format',
    '{{.Repository}}',
    '--filter',
    `reference=contract-*-${suffix}`,
  ]);
  const tags = stdout.split('\n').filter((tag) => tag !== '');
  if (tags.length > 0) await runCommand('docker', ['image', 'rm', '--force', ...tags]);
}

/** Runs `entrypoint check` for a fixture, with the options in its options.json. */
export function check(
  name: string,
  tag: string,
  words: readonly string[] = [],
  signal?: AbortSignal,
): Promise<CommandResult> {
  const cwd = join(directory, name);
  const options = join(cwd, 'options.json');
  const own = existsSync(options) ? (JSON.parse(readFileSync(options, 'utf8')) as string[]) : [];
  return runCommand(process.execPath, [cli, '-C', cwd, '--quiet', 'check', tag, ...own, ...words], {
    cwd,
    ...(signal === undefined ? {} : {signal}),
  });
}

/** The JSON report of a fixture, with the result of the command. */
export async function reportOf(name: string, tag: string): Promise<Report & {readonly result: CommandResult}> {
  const result = await check(name, tag, ['--format=json', '--health=/', '--alive=/']);
  try {
    return {...(JSON.parse(result.stdout) as Report), result};
  } catch {
    throw new Error(`${name}: exit code ${result.code}\n${result.stderr}`);
  }
}

/** Containers and networks that checks of a service have left on the engine. */
export async function leftovers(service: string): Promise<string[]> {
  const label = `label=entrypoint.service_name=${service}`;
  const lists = await Promise.all([
    runCommand('docker', ['ps', '--all', '--filter', label, '--format', '{{.Names}}']),
    runCommand('docker', ['network', 'ls', '--filter', label, '--format', '{{.Name}}']),
  ]);
  return lists.flatMap(({stdout}) => stdout.split('\n')).filter((name) => name.includes('.check-'));
}

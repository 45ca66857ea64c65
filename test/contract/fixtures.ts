import {spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Report} from '../../src/contract/check.ts';
import {all} from '../support/long.ts';

const directory = join(import.meta.dirname, 'fixtures');
const cli = join(import.meta.dirname, '../../src/cli/bin.ts');
const suffix = randomBytes(4).toString('hex');

/** What images break most; `npm test` has not the time for all. */
const usual = new Set([
  'exec-form-entrypoint',
  'finishes-requests',
  'not-root',
  'orphans-are-reaped',
  'stops-on-sigterm',
]);

/** Deliberately broken images: each is named after the rule that it breaks. All of them: npm run test:contract. */
export const broken = readdirSync(directory)
  .filter((name) => name !== 'good')
  .toSorted()
  .filter((name) => all || usual.has(name));

export interface Told {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program without blocking this process; a failure is an answer. */
export function tell(
  program: string,
  words: readonly string[],
  {cwd = directory, signal}: {cwd?: string; signal?: AbortSignal} = {},
): Promise<Told> {
  // Node's test runner would take the services' tests for its own.
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

/** An image of this test run: `contract-not-root-1a2b3c4d`. */
export const tagOf = (name: string): string => `contract-${name}-${suffix}`;

/** Builds a fixture's image; the others are built on `good`. */
export async function build(name: string): Promise<string> {
  const tag = tagOf(name);
  const argument = name === 'good' ? [] : ['--build-arg', `good=${tagOf('good')}`];
  const {code, stdout, stderr} = await tell('docker', ['build', '--quiet', '--tag', tag, ...argument, name]);
  if (code !== 0) throw new Error(`${name}: ${stdout}${stderr}`);
  return tag;
}

export async function removeImages(): Promise<void> {
  const {stdout} = await tell('docker', [
    'images',
    '--format',
    '{{.Repository}}',
    '--filter',
    `reference=contract-*-${suffix}`,
  ]);
  const tags = stdout.split('\n').filter((tag) => tag !== '');
  if (tags.length > 0) await tell('docker', ['image', 'rm', '--force', ...tags]);
}

/** Runs `entrypoint check` for a fixture, with what its directory says of it. */
export function check(name: string, tag: string, words: readonly string[] = [], signal?: AbortSignal): Promise<Told> {
  const cwd = join(directory, name);
  const options = join(cwd, 'options.json');
  const own = existsSync(options) ? (JSON.parse(readFileSync(options, 'utf8')) as string[]) : [];
  return tell(process.execPath, [cli, '-C', cwd, '--quiet', 'check', tag, ...own, ...words], {
    cwd,
    ...(signal === undefined ? {} : {signal}),
  });
}

/** The report as a program reads it. */
export async function reportOf(name: string, tag: string): Promise<Report & {readonly told: Told}> {
  const told = await check(name, tag, ['--format=json', '--health=/', '--alive=/']);
  try {
    return {...(JSON.parse(told.stdout) as Report), told};
  } catch {
    throw new Error(`${name}: exit code ${told.code}\n${told.stderr}`);
  }
}

/** What checks have left on the engine: containers and networks with the fixture's label. */
export async function leftovers(service: string): Promise<string[]> {
  const label = `label=entrypoint.service_name=${service}`;
  const lists = await Promise.all([
    tell('docker', ['ps', '--all', '--filter', label, '--format', '{{.Names}}']),
    tell('docker', ['network', 'ls', '--filter', label, '--format', '{{.Name}}']),
  ]);
  return lists.flatMap(({stdout}) => stdout.split('\n')).filter((name) => name.includes('.check-'));
}

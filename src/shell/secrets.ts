import {readFileSync} from 'node:fs';
import {resolve} from 'node:path';
import {exitCode, messageOf, problem} from '../errors.ts';
import type {Command, SecretReference, Words} from './argv.ts';

export interface SecretWorld {
  /** Relative file names start here. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Runs a command; returns its exit code and standard output. */
  readonly capture: (words: Words) => Promise<{readonly code: number; readonly stdout: string}>;
}

/**
 * Reads the values of a command's secrets, for the environment of that one process.
 * @throws Problem `secret_missing`, which names every missing one and never a value
 */
export async function secretValues({secrets}: Command, world: SecretWorld): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  const problems: string[] = [];
  for (const [name, reference] of Object.entries(secrets ?? {})) {
    try {
      values[name] = await secretValue(reference, world);
    } catch (error) {
      problems.push(`${name}: ${messageOf(error)}`);
    }
  }
  if (problems.length === 0) return values;
  throw problem({
    code: 'secret_missing',
    what: `${problems.length === 1 ? 'a secret is' : 'secrets are'} missing`,
    details: problems,
    fix: 'set the variable or create the file; deploy.yaml names the source of each secret',
    exitCode: exitCode.badData,
  });
}

/**
 * Lines `NAME=value` for a command's standard input.
 * @throws Problem `secret_missing`; `secret_with_lines` for a value of more than one line
 */
export async function secretLines(
  references: Readonly<Record<string, SecretReference>>,
  world: SecretWorld,
): Promise<string> {
  const values = await secretValues({words: [], secrets: references}, world);
  const long = Object.keys(values).filter((name) => values[name]?.includes('\n') === true);
  if (long.length === 0)
    return Object.entries(values)
      .map(([name, value]) => `${name}=${value}\n`)
      .join('');
  throw problem({
    code: 'secret_with_lines',
    what: `${long.length === 1 ? 'a secret has' : 'secrets have'} more than one line: ${long.join(', ')}; docker's --env-file, used on remote hosts, takes one line per variable`,
    fix: 'encode it (base64) and decode it in the service',
    exitCode: exitCode.badData,
  });
}

/**
 * Texts for a command's standard input, each followed by a line break.
 * @throws Problem `secret_missing`
 */
export async function secretInput(references: readonly SecretReference[], world: SecretWorld): Promise<string> {
  const named = Object.fromEntries(
    references.map((reference, index) => [`text ${index + 1} for its standard input`, reference]),
  );
  return Object.values(await secretValues({words: [], secrets: named}, world))
    .map((value) => `${value}\n`)
    .join('');
}

async function secretValue(reference: SecretReference, {cwd, env, capture}: SecretWorld): Promise<string> {
  if ('env' in reference) {
    const value = env[reference.env];
    if (value === undefined || value === '') throw new Error(`the environment variable ${reference.env} is not set`);
    return value;
  }
  // Trailing newlines are dropped, as by $(...) in a shell.
  if ('file' in reference) return readSecretFile(resolve(cwd, reference.file)).replace(/\n+$/, '');
  const {code, stdout} = await capture(reference.command);
  if (code !== 0) throw new Error(`exit code ${code}: ${reference.command[0] ?? ''}`);
  return stdout.replace(/\n+$/, '');
}

function readSecretFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`cannot read the file ${path} (${(error as NodeJS.ErrnoException).code ?? messageOf(error)})`, {
      cause: error,
    });
  }
}

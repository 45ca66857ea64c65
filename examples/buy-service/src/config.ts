import {readFileSync} from 'node:fs';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface DatabaseConfig {
  /** A postgres:// URL without a password. */
  readonly url: string;
  readonly password: string;
  /** Maximum connections of one process. */
  readonly poolSize: number;
}

export interface Config {
  readonly database: DatabaseConfig;
  readonly logLevel: (typeof logLevels)[number];
  /** Lifetime of a quote, in seconds. */
  readonly quoteTtlSeconds: number;
  /** Timeout of the database query of `/readyz`, in milliseconds. */
  readonly readyTimeoutMs: number;
  /** The commit that the image was built from, or "unknown". */
  readonly version: string;
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/**
 * Reads the configuration of the service. Call it when the service starts, never while an image is built.
 * Throws one error that names every invalid variable, and never contains a value.
 */
export function readConfig(env: Environment): Config {
  return collectProblems((problems) => ({
    database: database(env, problems),
    logLevel: oneOf(env, 'LOG_LEVEL', logLevels, 'info', problems),
    quoteTtlSeconds: integer(env, 'QUOTE_TTL_SECONDS', {fallback: 900, min: 1, max: 86_400}, problems),
    readyTimeoutMs: integer(env, 'READY_TIMEOUT_MS', {fallback: 1000, min: 10, max: 10_000}, problems),
    version: present(env, 'GIT_COMMIT_HASH') ?? 'unknown',
  }));
}

/** Reads only the database settings, for scripts. Throws as `readConfig` does. */
export function readDatabaseConfig(env: Environment): DatabaseConfig {
  return collectProblems((problems) => database(env, problems));
}

function collectProblems<Result>(read: (problems: string[]) => Result): Result {
  const problems: string[] = [];
  const result = read(problems);
  if (problems.length === 0) return result;
  const list = problems.map((problem) => `  ${problem}`).join('\n');
  throw new Error(`the configuration is not valid:\n${list}\nfix: set these environment variables`);
}

function database(env: Environment, problems: string[]): DatabaseConfig {
  return {
    url: databaseUrl(env, problems),
    password: secret(env, 'DATABASE_PASSWORD', problems),
    poolSize: integer(env, 'DATABASE_POOL_SIZE', {fallback: 10, min: 1, max: 100}, problems),
  };
}

function databaseUrl(env: Environment, problems: string[]): string {
  const text = present(env, 'DATABASE_URL');
  if (text === undefined) {
    problems.push('DATABASE_URL is not set: expected postgres://user@host:port/database');
    return '';
  }
  const url = URL.parse(text);
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol) || url.hostname === '') {
    problems.push('DATABASE_URL is not a URL such as postgres://user@host:port/database');
  } else if (url.password !== '') {
    problems.push('DATABASE_URL contains a password: set DATABASE_PASSWORD instead');
  }
  return text;
}

/** `NAME`, or the content of the file `NAME_FILE` without its trailing newline. */
function secret(env: Environment, name: string, problems: string[]): string {
  const value = present(env, name);
  const file = present(env, `${name}_FILE`);
  if (value !== undefined && file !== undefined) {
    problems.push(`${name} and ${name}_FILE are both set: set only one`);
    return '';
  }
  const found = value ?? (file === undefined ? undefined : secretFile(file, name, problems));
  if (found === undefined) problems.push(`neither ${name} nor ${name}_FILE is set`);
  return found ?? '';
}

function secretFile(path: string, name: string, problems: string[]): string {
  try {
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    if (text === '') problems.push(`${name}_FILE names an empty file`);
    return text;
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    problems.push(`${name}_FILE names a file that cannot be read (${code ?? 'unknown error'})`);
    return '';
  }
}

interface IntegerRule {
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
}

function integer(env: Environment, name: string, rule: IntegerRule, problems: string[]): number {
  const text = present(env, name);
  if (text === undefined) return rule.fallback;
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= rule.min && number <= rule.max) return number;
  problems.push(`${name} is not a whole number from ${rule.min} to ${rule.max}`);
  return rule.fallback;
}

function oneOf<Word extends string>(
  env: Environment,
  name: string,
  words: readonly Word[],
  fallback: Word,
  problems: string[],
): Word {
  const text = present(env, name);
  if (text === undefined) return fallback;
  const word = words.find((each) => each === text);
  if (word === undefined) problems.push(`${name} is not one of ${words.join(', ')}`);
  return word ?? fallback;
}

/** An empty variable counts as not set, as `NAME=` means in an env file. */
function present(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === '' ? undefined : value;
}

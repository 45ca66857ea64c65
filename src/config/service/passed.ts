import {readFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import type {Environment as Settings} from '../../service/schema/schema.ts';
import type {SecretReference} from '../../shell/argv.ts';
import type {Context} from '../../task.ts';
import {readText} from '../../text/file.ts';
import type {Environment} from '../declaration/source.ts';

/** What a deploy passes to a container, as far as this machine knows it. */
export interface Passed {
  /** Values that are known. Those of secrets are here to be validated, and for nothing else. */
  readonly env: Environment;
  /** Names that are passed with a value that is not known here, each with the reason. */
  readonly unknown: ReadonlyMap<string, string>;
  /** Where each name is set: `environment`, `secrets`, `docker_options`, `Dockerfile`. */
  readonly sources: ReadonlyMap<string, string>;
  /** A file of variables on the hosts can set any of them. */
  readonly open: boolean;
}

type Some = Pick<Settings, 'environment' | 'secrets' | 'docker_options'>;

/** What every image of this project sets. */
const ofImages: Environment = {PORT: '3000', LANG: 'C.UTF-8'};

/**
 * What a deploy passes: the image's own variables, `docker_options`, `environment` and `secrets` of deploy.yaml. Secrets
 * that a command fetches are not fetched: it can ask for a passphrase.
 */
export function passedBy({cwd, env}: Pick<Context, 'cwd' | 'env'>, settings: Some): Passed {
  const known: Record<string, string> = {};
  const unknown = new Map<string, string>();
  const sources = new Map<string, string>();
  const set = (name: string, value: string | undefined, source: string, why: string): void => {
    sources.set(name, source);
    delete known[name];
    unknown.delete(name);
    if (value === undefined) unknown.set(name, why);
    else known[name] = value;
  };
  for (const [name, value] of Object.entries(ofImages)) set(name, value, 'the base image', '');
  set('GIT_COMMIT_HASH', undefined, 'the build', 'the build sets it');
  for (const [name, value] of dockerfileVariables(readText(join(cwd, 'Dockerfile')) ?? ''))
    set(name, value, 'Dockerfile', 'the build computes it');
  for (const [name, value] of Object.entries(settings.environment)) set(name, value, 'environment', '');
  for (const [name, reference] of Object.entries(settings.secrets)) {
    const {value, why} = secretText(reference, cwd, env);
    set(name, value, 'secrets', why);
  }
  const {variables, open} = optionVariables(settings.docker_options);
  for (const [name, value] of variables)
    set(name, value, 'docker_options', 'docker reads it where it starts the container');
  return {env: known, unknown, sources, open};
}

function secretText(reference: SecretReference, cwd: string, env: Context['env']): {value?: string; why: string} {
  if ('env' in reference) {
    const value = env[reference.env] ?? '';
    return value === '' ? {why: `the environment variable ${reference.env} is not set here`} : {value, why: ''};
  }
  if ('command' in reference) return {why: `${reference.command[0] ?? 'a command'} fetches it at the deploy`};
  try {
    return {value: readFileSync(resolve(cwd, reference.file), 'utf8').replace(/\n+$/, ''), why: ''};
  } catch {
    return {why: `the file ${reference.file} cannot be read here`};
  }
}

/** `ENV NAME=value` of a Dockerfile; undefined for values that a build computes. */
export function dockerfileVariables(text: string): readonly (readonly [string, string | undefined])[] {
  const lines = text.replaceAll(/\\[ \t]*\r?\n/g, ' ').split('\n');
  return lines.flatMap((line) => {
    const words = /^\s*ENV\s+(.*?)\s*$/i.exec(line)?.[1];
    if (words === undefined) return [];
    const pairs = [...words.matchAll(/([A-Za-z_]\w*)=("(?:[^"\\]|\\.)*"|'[^']*'|\S*)/g)];
    const [, name = '', value = ''] = /^([A-Za-z_]\w*)\s+(.*)$/.exec(words) ?? [];
    return pairs.length > 0 && !/^[A-Za-z_]\w*\s/.test(words)
      ? pairs.map(([, key = '', one = '']) => [key, literal(one)] as const)
      : name === ''
        ? []
        : [[name, literal(value)] as const];
  });
}

function literal(text: string): string | undefined {
  const plain = text.replace(/^(["'])(.*)\1$/s, '$2');
  return /[$\\]/.test(plain) ? undefined : plain;
}

/** The variables that `docker run` options set. */
export function optionVariables(options: readonly string[]): {
  readonly variables: ReadonlyMap<string, string | undefined>;
  readonly open: boolean;
} {
  const variables = new Map<string, string | undefined>();
  let open = false;
  for (const [at, word] of options.entries()) {
    if (/^--env-file(=|$)/.test(word)) open = true;
    const [, inline] = /^(?:-e|--env=)(.+)$/.exec(word) ?? [];
    const text = inline ?? (word === '-e' || word === '--env' ? options[at + 1] : undefined);
    const [, name, value] = /^([A-Za-z_]\w*)(?:=([^]*))?$/.exec(text ?? '') ?? [];
    if (name !== undefined) variables.set(name, value);
  }
  return {variables, open};
}

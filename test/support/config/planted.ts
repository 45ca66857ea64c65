import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {inspect} from 'node:util';
import {declaredFields} from '../../../src/config/declaration/declared.ts';
import {defineConfig, isSecret} from '../../../src/config/declaration/index.ts';
import {checkDeploy, entriesHere} from '../../../src/config/service/check.ts';
import {differences, differencesText} from '../../../src/config/service/diff.ts';
import {explanation} from '../../../src/config/service/explain.ts';
import {passedBy} from '../../../src/config/service/passed.ts';
import {rowOf, tableText} from '../../../src/config/service/table.ts';
import type {Environment as Settings} from '../../../src/service/schema/schema.ts';
import {everyType} from './faulty.ts';

// Environments and files with planted secrets, and everything that is printed about them.

/** In secret fields, their files, paths and misspelt variables: nothing that is printed has it. */
export const hidden = 'Pl4nted-H1dden';
/** In fields that are not declared harmless: no message, table or report has it; the values have. */
export const quiet = 'Pl4nted-Qu1et';

const config = defineConfig(everyType);
const {fields} = declaredFields(everyType);
const declaration = {file: 'src/config.ts', fields, names: new Set(fields.map(({name}) => name))};

export type Random = () => number;

/** A small generator of numbers from 0 to 1, the same for the same seed. */
export function randomOf(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

const forms: readonly ((token: string) => string)[] = [
  (token) => token,
  (token) => `postgres://shop:${token}@db/shop`,
  (token) => `postgres://db/${token}`,
  (token) => `{"password": "${token}"`,
  (token) => `["${token}"]`,
  (token) => `-----BEGIN PRIVATE KEY-----\n${token}\n-----END PRIVATE KEY-----`,
  (token) => `${token},,`,
  (token) => `30s${token}`,
  (token) => `${token}\u0000\n\u001B[31m"\\`,
  (token) => `${' '.repeat(50)}${token}`,
  (token) => `${token}=`,
];
const usual = ['', '7', 'true', 'info', '30s', '64MiB', 'a,b', 'postgres://db/x', '{}', 'x'.repeat(20)];

/** Writes files with planted secrets of every form; returns their paths, and some that cannot be read. */
export function plantedFiles(directory: string): readonly string[] {
  mkdirSync(join(directory, hidden), {recursive: true});
  const paths = forms.map((form, at) => {
    const path = join(directory, `file-${at}`);
    writeFileSync(path, form(hidden));
    return path;
  });
  const latin = join(directory, 'latin');
  writeFileSync(latin, Buffer.concat([Buffer.from(hidden), Buffer.from([0xff])]));
  return [...paths, latin, join(directory, hidden), `/no/such/${hidden}`, hidden, `/dev/${hidden}\u0000`];
}

/** An environment with planted secrets. */
export function plantedEnvironment(random: Random, paths: readonly string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const {name, isSecret: secret, harmless} of fields) {
    const dice = random();
    if (dice < 0.25) continue;
    if (dice < 0.35) env[name] = pick(random, usual);
    else if (harmless !== true) env[name] = pick(random, forms)(secret ? hidden : quiet);
    if (secret && random() < 0.3) env[`${name}_FILE`] = pick(random, paths);
  }
  if (random() < 0.3) env[pick(random, ['SESION_KEY', 'NMAE', 'BROKERURL', 'COKIE_KEY'])] = hidden;
  return env;
}

const settingsOf = (environment: Readonly<Record<string, string>>): Settings =>
  ({environment, secrets: {}, docker_options: [], before: ['import'], after: []}) as unknown as Settings;

/** What `read` gives or throws, as every way of printing shows it. */
export function printedByRead(env: Readonly<Record<string, string>>): {
  readonly always: string;
  readonly messages: string;
} {
  const warnings: string[] = [];
  try {
    const values = config.read({env, warn: (text) => warnings.push(text)});
    const secrets = Object.fromEntries(Object.entries(values).filter(([, value]) => isSecret(value)));
    const error = new Error(`failed with ${secrets['SESSION_KEY']}`, {cause: secrets});
    return {
      always: [
        inspect(secrets, {depth: null, showHidden: true}),
        JSON.stringify(secrets),
        inspect(error, {depth: null}),
      ].join('\n'),
      messages: warnings.join('\n'),
    };
  } catch (error) {
    const {message, stack, cause} = error as Error;
    return {
      always: '',
      messages: [
        message,
        stack,
        inspect(error, {depth: null, showHidden: true}),
        String(cause),
        JSON.stringify(error),
        ...warnings,
      ].join('\n'),
    };
  }
}

/** What the command prints about an environment, and about a deploy that passes it. */
export function printedByCommand(
  env: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): string {
  const here = entriesHere(declaration, env);
  const service = {name: 'shop'};
  const deployed = checkDeploy({cwd: '/', env: {}}, declaration, {
    service,
    environment: 'prod',
    settings: settingsOf(env),
  });
  const side = (name: string, of: typeof env): Parameters<typeof differences>[1][0] => ({
    name,
    passed: passedBy({cwd: '/', env: {}}, settingsOf(of)),
  });
  return [
    tableText(declaration, here.entries, 'here', here.notes),
    JSON.stringify(here.entries.map(rowOf)),
    tableText(declaration, deployed.entries, 'in prod', deployed.notes),
    JSON.stringify([deployed.problems, deployed.notes]),
    differencesText(differences(declaration, [side('a', env), side('b', other)]), ['a', 'b']),
    explanation(declaration, 'SESSION_KEY', here.entries[1], [{environment: 'prod', entry: deployed.entries[1]}], []),
    JSON.stringify(config.report({env})),
  ].join('\n');
}

import {existsSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {requirementFiles, runtimeOf} from '../runtimes/index.ts';
import type {SecretReference} from '../shell/argv.ts';
import type {Context} from '../task.ts';

/** Files with settings of package managers, which name variables for their tokens. */
const settings = ['.npmrc', '.yarnrc.yml', '.yarnrc', 'bunfig.toml', 'Pipfile', 'pyproject.toml'];

/** Variables by which pip, uv, poetry and pdm know private indexes. */
const ofIndexes =
  /^(?:PIP_(?:EXTRA_)?INDEX_URL|PIP_TRUSTED_HOST|UV_(?:DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL|INSECURE_HOST)|UV_INDEX_\w+_(?:USERNAME|PASSWORD)|POETRY_HTTP_BASIC_\w+_(?:USERNAME|PASSWORD)|PDM_PYPI_(?:URL|USERNAME|PASSWORD))$/;

/** The variable that holds the others for the build, as lines `NAME=value`. */
const combined = 'ENTRYPOINT_BUILD_ENV';

/** A build secret from variables of this machine, and the command's variable that it is read from. */
export interface BuildSecrets {
  /** Build secrets, `id` to variable. */
  readonly secretVariables?: Readonly<Record<string, string>>;
  /** For the command that builds. */
  readonly secrets?: Readonly<Record<string, SecretReference>>;
}

/**
 * The build secret `build_env`: the variables that the service's package manager settings name, such as
 * `_authToken=${NPM_TOKEN}` in .npmrc, as far as they are set here, and for a Python service those that its package
 * managers know, such as PIP_INDEX_URL. Their values are in no argument and no layer.
 * @example
 * const {secretVariables, secrets} = buildSecrets(context); // {build_env: 'ENTRYPOINT_BUILD_ENV'}
 */
export function buildSecrets({cwd, env}: Pick<Context, 'cwd' | 'env'>): BuildSecrets {
  const names = new Set([
    ...settingsAbove(cwd).flatMap((file) => variablesIn(readFileSync(file, 'utf8'))),
    ...(runtimeOf(cwd).name === 'python' ? Object.keys(env).filter((name) => ofIndexes.test(name)) : []),
  ]);
  const set = [...names].filter((name) => (env[name] ?? '') !== '').toSorted();
  if (set.length === 0) return {};
  // printf is a shell builtin: no value becomes an argument of a process.
  const lines = `printf '${set.map((name) => `${name}=%s\\n`).join('')}' ${set.map((name) => `"$${name}"`).join(' ')}`;
  return {secretVariables: {build_env: combined}, secrets: {[combined]: {command: ['sh', '-c', lines]}}};
}

/** Of the directory, and of those above it in the repository: a member of a workspace is installed from its root. */
function settingsAbove(directory: string): readonly string[] {
  const files = [...settings, ...requirementFiles(directory)]
    .map((name) => join(directory, name))
    .filter((file) => existsSync(file));
  const parent = dirname(directory);
  return existsSync(join(directory, '.git')) || parent === directory ? files : [...files, ...settingsAbove(parent)];
}

/** Variables in a settings file: `${NAME}`, with a default or not, and `"$NAME"`. Not those in comments. */
export function variablesIn(text: string): readonly string[] {
  const live = text.replaceAll(/^[ \t]*[#;].*$/gm, '');
  return [...live.matchAll(/\$\{([A-Za-z_]\w*)(?:\?|:?-[^}]*)?\}|["']\$([A-Za-z_]\w*)["']/g)].map(
    ([, braced, bare = '']) => braced ?? bare,
  );
}

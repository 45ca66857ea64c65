import {
  appendFileSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {cache} from './manager/managers.ts';
import {readText} from './project.ts';
import {run, refuse, warn} from './report.ts';

// What an install finds around it: secrets, certificates, settings with variables, git. Nothing of it stays in a layer.

const secrets = '/run/secrets';

export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  /** The image's CA certificates with those of the secret `ca`; undefined without the secret. */
  readonly certificates: string | undefined;
  /** Variables that the service's settings name and the build does not have. */
  readonly unset: readonly string[];
  /** Puts everything back. */
  readonly leave: () => void;
}

/** Files with settings of package managers, which can hold `${NAME}`. */
export const settingsFiles = ['.npmrc', '.yarnrc.yml', '.yarnrc', 'bunfig.toml'];

/** The names of the variables in a settings file. A default (`${NAME-x}`, `${NAME:-x}`) makes one optional. */
export function namedVariables(text: string): {
  readonly required: readonly string[];
  readonly optional: readonly string[];
} {
  const live = text.replaceAll(/^[ \t]*[#;].*$/gm, '');
  const found = [...live.matchAll(/\$\{([A-Za-z_]\w*)(\??|:?-[^}]*)\}/g)];
  const bare = [...live.matchAll(/["']\$([A-Za-z_]\w*)["']/g)].map(([, name = '']) => name);
  const names = (wanted: boolean): string[] =>
    found.filter(([, , rest = '']) => (rest === '') === wanted).map(([, name = '']) => name);
  return {required: [...new Set([...names(true), ...bare])], optional: [...new Set(names(false))]};
}

/** Lines `NAME=value`, as an env file has them. */
export function envLines(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split('\n').flatMap((line) => {
      const [, name, value = ''] = /^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*?)\r?$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, value.replace(/^(['"])(.*)\1$/, '$2')]];
    }),
  );
}

/** Sets the stage for package managers, and names what is missing. */
export function enter(directory: string): Surroundings {
  const scratch = mkdtempSync('/dev/shm/entrypoint-');
  const undo: (() => void)[] = [() => rmSync(scratch, {recursive: true, force: true})];
  const certificates = combineCertificates(scratch);
  // A secret is visible as a file of a user's home, where every manager looks for its settings.
  for (const [id, file] of [
    ['npmrc', '.npmrc'],
    ['yarnrc', '.yarnrc.yml'],
    ['netrc', '.netrc'],
  ] as const) {
    const path = join('/root', file);
    if (!hasSecret(id) || existsSync(path)) continue;
    symlinkSync(join(secrets, id), path);
    undo.push(() => rmSync(path, {force: true}));
  }
  const variables = {
    ...envLines(hasSecret('build_env') ? readFileSync(join(secrets, 'build_env'), 'utf8') : ''),
    ...ofSecrets(),
  };
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    ...variables,
    // Keeps the compiled code of the managers out of the layer.
    NODE_DISABLE_COMPILE_CACHE: '1',
    // There is no repository to add git hooks to.
    HUSKY: '0',
    LEFTHOOK: '0',
    SKIP_INSTALL_SIMPLE_GIT_HOOKS: '1',
    GIT_TERMINAL_PROMPT: '0',
    COREPACK_ENABLE_STRICT: '0',
    ...(certificates === undefined
      ? {}
      : {
          NODE_EXTRA_CA_CERTS: certificates,
          SSL_CERT_FILE: certificates,
          GIT_SSL_CAINFO: certificates,
          CURL_CA_BUNDLE: certificates,
        }),
  };
  const unset: string[] = [];
  for (const file of settingsFiles) {
    const text = readText(join(directory, file));
    if (text === undefined) continue;
    const missing = namedVariables(text).required.filter((name) => env[name] === undefined);
    if (missing.length === 0) continue;
    unset.push(...missing);
    warn(
      `${file} names ${missing.join(', ')}, which the build does not have: docker build --secret id=${missing[0]},env=${missing[0]}, or export it for entrypoint build`,
    );
    if (file === '.npmrc') undo.push(withoutLines(join(directory, file), text, missing));
    // yarn ends with an error for a variable that is not set, even if nothing needs it.
    else for (const name of missing) env[name] = '';
  }
  return {
    env,
    certificates,
    unset: [...new Set(unset)],
    leave: () => {
      for (const one of undo.toReversed()) one();
    },
  };
}

/**
 * pnpm expands no variables in the .npmrc of a repository, which anyone could have written; it does so in the
 * user's. Here the user chose which variables the build gets, and those lines move there for the install.
 */
export function trustSettings(directory: string): {
  readonly env: Readonly<Record<string, string>>;
  readonly leave: () => void;
} {
  const file = join(directory, '.npmrc');
  const text = readText(file) ?? '';
  const lines = text.split('\n').filter((line) => /^[^#;]*\$\{/.test(line));
  if (lines.length === 0) return {env: {}, leave: () => {}};
  const scratch = mkdtempSync('/dev/shm/entrypoint-settings-');
  const settings = join(scratch, 'npmrc');
  writeFileSync(settings, `${readText('/root/.npmrc') ?? ''}\n${lines.join('\n')}\n`, {mode: 0o600});
  writeFileSync(
    file,
    text
      .split('\n')
      .filter((line) => !lines.includes(line))
      .join('\n'),
  );
  return {
    env: {npm_config_userconfig: settings, pnpm_config_userconfig: settings},
    leave: () => {
      writeFileSync(file, text);
      rmSync(scratch, {recursive: true, force: true});
    },
  };
}

const hasSecret = (id: string): boolean => existsSync(join(secrets, id)) && statSync(join(secrets, id)).size > 0;

/** Each secret that is named like a variable is one: `--secret id=NPM_TOKEN,env=NPM_TOKEN`. */
function ofSecrets(): Record<string, string> {
  if (!existsSync(secrets)) return {};
  const names = readdirSync(secrets).filter((name) => /^[A-Z][A-Z0-9_]*$/.test(name) && hasSecret(name));
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(secrets, name), 'utf8').replace(/\n+$/, '')]));
}

function combineCertificates(scratch: string): string | undefined {
  if (!hasSecret('ca')) return undefined;
  const file = join(scratch, 'ca.crt');
  copyFileSync('/etc/ssl/certs/ca-certificates.crt', file);
  appendFileSync(file, `\n${readFileSync(join(secrets, 'ca'), 'utf8')}`);
  return file;
}

/** npm sends a token line whose variable is missing as it stands, over the token of the user's own settings. */
function withoutLines(file: string, text: string, names: readonly string[]): () => void {
  const keep = text.split('\n').filter((line) => !names.some((name) => line.includes(`\${${name}}`)));
  writeFileSync(file, keep.join('\n'));
  return () => writeFileSync(file, text);
}

/**
 * git for dependencies from repositories, over https, from Debian's package: in the build cache, not in the image, of
 * which it would be 98 MB. Variables for the environment; undefined if the image has a whole git.
 */
export async function provideGit(env: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  const https = {
    GIT_CONFIG_COUNT: '2',
    // Lock files name public repositories by ssh, for which a build has no key.
    GIT_CONFIG_KEY_0: 'url.https://github.com/.insteadOf',
    GIT_CONFIG_VALUE_0: 'ssh://git@github.com/',
    GIT_CONFIG_KEY_1: 'url.https://github.com/.insteadOf',
    GIT_CONFIG_VALUE_1: 'git@github.com:',
  };
  const settings = env['SSH_AUTH_SOCK'] === undefined ? https : {};
  if (existsSync('/usr/lib/git-core/git-remote-http')) return settings;
  const directory = join(cache, `entrypoint/git-${process.arch}`);
  if (!existsSync(join(directory, 'usr/lib/git-core/git-remote-http'))) {
    const {code, output} = await run(['/usr/local/lib/entrypoint/fetch-git', directory], {env, capture: true});
    if (code !== 0)
      refuse([
        {
          what: "cannot fetch git from Debian's packages, for a dependency from a repository",
          evidence: output.trim().split('\n').slice(-4),
          fix: 'RUN apt-install git in a Dockerfile without triggers (docs/images.md)',
        },
      ]);
  }
  return {
    ...settings,
    PATH: `${directory}/bin:${env['PATH'] ?? ''}`,
    GIT_EXEC_PATH: `${directory}/usr/lib/git-core`,
    GIT_TEMPLATE_DIR: `${directory}/usr/share/git-core/templates`,
  };
}

/** Whether the install ran without a cache mount, and its cache would stay in the layer. */
export function removeCacheOfLayer(): void {
  if (!existsSync(cache) || lstatSync(cache).isSymbolicLink()) return;
  if ((readText('/proc/self/mountinfo') ?? '').split('\n').some((line) => line.split(' ')[4] === cache)) return;
  rmSync(cache, {recursive: true, force: true});
  mkdirSync(cache, {recursive: true});
}

import {join} from 'node:path';
import {dependenciesOf, type Project} from '../project.ts';
import type {Refusal} from '../report.ts';
import type {ManagerName} from './locks.ts';
import {cache, type Manager} from './managers.ts';

export interface InstallOptions {
  readonly lock: string | undefined;
  /** `.yarnrc.yml`, if there is one. */
  readonly yarnSettings?: string | undefined;
  /** The directory `.yarn/cache` is part of the repository. */
  readonly hasYarnCache?: boolean;
  readonly certificates?: string | undefined;
}

export interface InstallCommand {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const below = (name: string): string => join(cache, 'entrypoint', name);

/** The install that changes no lock file, development dependencies included. */
export function installCommand({name}: Pick<Manager, 'name'>, options: InstallOptions): InstallCommand {
  const locked = options.lock !== undefined;
  switch (name) {
    case 'npm':
      return {words: locked ? ['npm', 'ci'] : ['npm', 'install', '--no-package-lock'], env: {}};
    case 'pnpm':
      return {
        words: [
          'pnpm',
          'install',
          ...(locked ? ['--frozen-lockfile'] : ['--no-lockfile']),
          `--store-dir=${below('pnpm')}`,
          // The store is on another file system than the image.
          '--package-import-method=copy',
          '--reporter=append-only',
        ],
        env: {npm_config_confirm_modules_purge: 'false', pnpm_config_confirm_modules_purge: 'false'},
      };
    case 'yarn':
      return {
        words: [
          'yarn',
          'install',
          ...(locked ? ['--frozen-lockfile'] : ['--no-lockfile']),
          '--non-interactive',
          '--no-progress',
          `--cache-folder=${below('yarn')}`,
          // Its cache is not made for two installs at once.
          `--mutex=file:${below('yarn.mutex')}`,
        ],
        env: {},
      };
    case 'berry':
      return {
        words: ['yarn', 'install', locked ? '--immutable' : '--no-immutable', '--inline-builds'],
        env: {
          YARN_GLOBAL_FOLDER: below('berry'),
          // Plug'n'Play loads packages from the cache at run time: it must be part of the image.
          YARN_ENABLE_GLOBAL_CACHE: String(!isPlugAndPlay(options.yarnSettings) && options.hasYarnCache !== true),
          YARN_ENABLE_MIRROR: 'true',
          YARN_ENABLE_TELEMETRY: 'false',
          YARN_ENABLE_PROGRESS_BARS: 'false',
        },
      };
    case 'bun':
      return {
        words: [
          'bun',
          'install',
          ...(locked ? ['--frozen-lockfile'] : ['--no-save']),
          '--backend=copyfile',
          '--no-progress',
          ...(options.certificates === undefined ? [] : [`--cafile=${options.certificates}`]),
        ],
        env: {BUN_INSTALL_CACHE_DIR: below('bun')},
      };
  }
}

/** Whether yarn (2 and later) installs no node_modules. */
export function isPlugAndPlay(settings: string | undefined): boolean {
  const linker = /^nodeLinker:[ \t]*['"]?([\w-]+)/m.exec(settings ?? '')?.[1];
  return linker === undefined || linker === 'pnp';
}

/** The command that runs a script of package.json. */
export const scriptCommand = ({program}: Pick<Manager, 'program'>, script: string): readonly string[] => [
  program,
  'run',
  script,
];

/** The command that runs a program of the dependencies. */
export function execCommand(name: ManagerName, words: readonly string[]): readonly string[] {
  if (name === 'npm') return ['npm', 'exec', '--no', '--', ...words];
  if (name === 'bun') return ['bunx', '--no-install', ...words];
  return [name === 'pnpm' ? 'pnpm' : 'yarn', ...(name === 'yarn' ? ['--silent', 'run'] : ['exec']), ...words];
}

/**
 * What yarn.lock (version 1) lacks. `--frozen-lockfile` does not notice that the dependencies of a member changed.
 * @see https://github.com/yarnpkg/yarn/issues/5840
 */
export function yarnDrift({root, members}: Project, lock: string): readonly Refusal[] {
  const listed = new Set(
    [...lock.matchAll(/^(?! |#)(.+):$/gm)].flatMap(([, line = '']) =>
      line.split(/,[ ]*/).map((one) => one.replaceAll('"', '')),
    ),
  );
  const own = new Set(members.map(({manifest}) => manifest.name));
  const forced = Object.keys(root.manifest.resolutions ?? {}).join(' ');
  const missing = [root, ...members].flatMap(({manifest}) =>
    dependenciesOf(manifest)
      .filter(([name, range]) => !own.has(name) && !/^(?:link|file|workspace):/.test(range) && !forced.includes(name))
      .map(([name, range]) => `${name}@${range}`)
      .filter((one) => !listed.has(one)),
  );
  if (missing.length === 0) return [];
  return [
    {
      what: 'yarn.lock does not match package.json',
      evidence: missing.slice(0, 5).map((one) => `missing in yarn.lock: ${one}`),
      fix: 'yarn install, and commit yarn.lock',
    },
  ];
}

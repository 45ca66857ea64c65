import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {readText} from '../project.ts';
import {type Refusal, refuse, run} from '../report.ts';
import type {Choice, ManagerName} from './locks.ts';

// The package managers, fetched from the npm registry into the build cache, so that no image contains one but npm.

/** The cache mount of the install. Everything that managers keep between builds is below. */
export const cache = '/root/.npm';
const managers = join(cache, 'entrypoint/managers');

/** What runs as `npm`, `pnpm`, `yarn` or `bun`. */
export interface Manager {
  readonly name: ManagerName;
  /** The first word of its commands. */
  readonly program: 'npm' | 'pnpm' | 'yarn' | 'bun';
  readonly version: string;
  /** Directory with its programs, for PATH; undefined: the image's npm. */
  readonly bin: string | undefined;
}

/** Managers that need not be fetched. */
export interface OwnCopies {
  /** The version of the image's npm. */
  readonly imageNpm: string;
  /** `yarnPath` of .yarnrc.yml: the file that any yarn would start in its place. */
  readonly yarnPath: string | undefined;
}

function committedYarn(file: string): Manager {
  const name = createHash('sha256').update(file).digest('hex').slice(0, 12);
  const directory = join(managers, `yarn-path-${name}`);
  mkdirSync(join(directory, '.programs'), {recursive: true});
  writeFileSync(join(directory, '.programs/yarn'), `#!/bin/sh\nexec node '${file}' "$@"\n`, {mode: 0o755});
  return {
    name: 'berry',
    program: 'yarn',
    version: /(\d+\.\d+\.\d+)[^/]*$/.exec(file)?.[1] ?? 'of yarnPath',
    bin: join(directory, '.programs'),
  };
}

/** The packages of a manager, the first with the checksum of packageManager; `bin` are its programs. */
function packagesOf(
  name: ManagerName,
  version: string,
): {readonly packages: readonly string[]; readonly bin: Readonly<Record<string, string>>} {
  const arm = process.arch === 'arm64';
  if (name === 'berry') return {packages: [`@yarnpkg/cli-dist@${version}`], bin: {yarn: 'bin/yarn.js'}};
  if (name === 'yarn') return {packages: [`yarn@${version}`], bin: {yarn: 'bin/yarn.js'}};
  if (name === 'npm') return {packages: [`npm@${version}`], bin: {npm: 'bin/npm-cli.js', npx: 'bin/npx-cli.js'}};
  if (name === 'bun') {
    const baseline = arm || /\bavx2\b/.test(readText('/proc/cpuinfo') ?? '') ? '' : '-baseline';
    return {
      packages: [`@oven/bun-linux-${arm ? 'aarch64' : 'x64'}${baseline}@${version}`],
      bin: {bun: 'bin/bun', bunx: 'bin/bun'},
    };
  }
  // From 12 on, a native program beside the JavaScript that it starts.
  if (Number(version.split('.')[0]) >= 12)
    return {
      packages: [`pnpm@${version}`, `@pnpm/exe.linux-${arm ? 'arm64' : 'x64'}@${version}`],
      bin: {pnpm: 'pnpm', pnpx: 'pnpx'},
    };
  const ending = Number(version.split('.')[0]) >= 11 ? 'mjs' : 'cjs';
  return {packages: [`pnpm@${version}`], bin: {pnpm: `bin/pnpm.${ending}`, pnpx: `bin/pnpx.${ending}`}};
}

/** Fetches the manager unless the cache has it; ends the process when it cannot be had or its checksum is another. */
export async function fetchManager(choice: Choice, env: NodeJS.ProcessEnv, own: OwnCopies): Promise<Manager> {
  const {manager: name} = choice;
  const program = name === 'berry' ? 'yarn' : name;
  const {imageNpm, yarnPath} = own;
  if (name === 'berry' && yarnPath !== undefined && existsSync(yarnPath)) return committedYarn(yarnPath);
  if (name === 'npm' && (choice.version === undefined || choice.version === imageNpm))
    return {name, program, version: imageNpm, bin: undefined};
  const version = await exactVersion(choice, env);
  const {packages, bin} = packagesOf(name, version);
  const check = choice.hash ?? choice.integrity;
  // Another checksum is another directory: what is in the cache has been checked.
  const suffix = check === undefined ? '' : `-${createHash('sha256').update(check).digest('hex').slice(0, 12)}`;
  const directory = join(managers, `${program}-${version}-${process.arch}${suffix}`);
  if (!existsSync(directory)) {
    mkdirSync(managers, {recursive: true});
    const scratch = mkdtempSync(join(managers, '.new-'));
    // Also when a refusal ends the process.
    process.once('exit', () => rmSync(scratch, {recursive: true, force: true}));
    try {
      for (const [index, spec] of packages.entries()) {
        const file = await download(spec, scratch, env, choice);
        if (index === 0 && name !== 'berry') verify(readFileSync(file), choice, version);
        if (index === 0 && choice.integrity !== undefined)
          verify(readFileSync(file), {...choice, hash: undefined}, version);
        execFileSync('tar', ['-xzf', file, '-C', scratch, '--strip-components=1', '--no-same-owner']);
        rmSync(file);
      }
      // The checksum of corepack is that of this one file.
      if (name === 'berry' && choice.hash !== undefined)
        verify(readFileSync(join(scratch, 'bin/yarn.js')), choice, version);
      writePrograms(scratch, directory, bin);
      renameSync(scratch, directory);
    } catch (error) {
      // Another build was first.
      if (!existsSync(directory)) throw error;
    }
  }
  return {name, program, version, bin: join(directory, '.programs')};
}

function writePrograms(scratch: string, directory: string, bin: Readonly<Record<string, string>>): void {
  mkdirSync(join(scratch, '.programs'));
  for (const [name, file] of Object.entries(bin)) {
    const node = /\.[cm]?js$/.test(file) ? 'node ' : '';
    if (node === '' && existsSync(join(scratch, file))) chmodSync(join(scratch, file), 0o755);
    const more = name === 'bunx' ? ' x' : '';
    writeFileSync(join(scratch, '.programs', name), `#!/bin/sh\nexec ${node}'${join(directory, file)}'${more} "$@"\n`, {
      mode: 0o755,
    });
  }
}

/** The version itself, or the newest one in the registry that a range allows. */
async function exactVersion({version, manager, because}: Choice, env: NodeJS.ProcessEnv): Promise<string> {
  const text = (version ?? '').replace(/^v/, '');
  if (/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(text)) return text;
  const name = manager === 'berry' ? '@yarnpkg/cli-dist' : manager;
  const {code, output} = await run(['npm', 'view', '--json', `${name}@${text === '' ? 'latest' : text}`, 'version'], {
    env: {...env, npm_config_loglevel: 'error'},
    cwd: registrySettings(),
    capture: true,
  });
  const found = code === 0 ? [JSON.parse(output) as string | readonly string[]].flat() : [];
  const newest = found.toSorted((one, other) => one.localeCompare(other, 'en', {numeric: true})).at(-1);
  return newest ?? refuse([cannotFetch(`${manager === 'berry' ? 'yarn' : manager} ${text}`, because, output)]);
}

async function download(spec: string, directory: string, env: NodeJS.ProcessEnv, {because}: Choice): Promise<string> {
  // npm verifies the registry's checksum.
  const {code, output} = await run(
    ['npm', 'pack', '--ignore-scripts', '--loglevel=error', `--pack-destination=${directory}`, spec],
    {
      env,
      cwd: registrySettings(),
      capture: true,
    },
  );
  const file = readdirSync(directory).find((one) => one.endsWith('.tgz'));
  if (code !== 0 || file === undefined) return refuse([cannotFetch(spec, because, output)]);
  return join(directory, file);
}

const cannotFetch = (what: string, because: string, output: string): Refusal => ({
  what: `cannot fetch ${what} from the npm registry (asked for by ${because})`,
  evidence: output
    .trim()
    .split('\n')
    .filter((line) => !/complete log/.test(line))
    .slice(0, 4),
  fix: 'correct the version, or the registry in .npmrc (build secrets: npmrc, ca)',
});

/** A directory with the service's registry and nothing else, such as a package.json whose `devEngines` npm would obey. */
function registrySettings(): string {
  const directory = mkdtempSync('/dev/shm/entrypoint-registry-');
  if (existsSync('.npmrc')) cpSync('.npmrc', join(directory, '.npmrc'));
  return directory;
}

function verify(
  bytes: Uint8Array,
  {hash, integrity, manager, because}: Omit<Choice, 'hash'> & {readonly hash?: string | undefined},
  version: string,
): void {
  if (hash !== undefined) {
    const [algorithm = '', wanted] = hash.split('.');
    const found = createHash(algorithm).update(bytes).digest('hex');
    if (found !== wanted) wrongHash(found, wanted);
  } else if (integrity !== undefined) {
    const found = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
    if (found !== integrity) wrongHash(found, integrity);
  }
  function wrongHash(found: string, wanted = ''): never {
    refuse([
      {
        what: `${manager === 'berry' ? 'yarn' : manager} ${version} has another checksum than ${because} lists`,
        evidence: [`wanted ${wanted}`, `found  ${found}`],
        fix: 'correct the checksum in package.json if you trust the registry; else find out who changed the package',
      },
    ]);
  }
}

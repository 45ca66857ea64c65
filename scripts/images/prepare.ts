import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, isProblem, problem} from '../../src/errors.ts';
import type {Words} from '../../src/shell/argv.ts';
import type {Runner} from '../../src/shell/index.ts';
import {type Image, processors} from './list.ts';

// What `docker build` cannot create, since it needs an image to start from.

/** Creates the files that an image's build context needs besides those in the repository. */
export async function prepare(run: Runner, root: string, image: Image): Promise<void> {
  if (image.name === 'debian') await rootFileSystem(run, root, image);
  if (image.directory === 'base') await nodePackages(run, root, image);
  if (image.directory === 'node') await npmPackages(run, root, image);
}

/** The time of all files: 2026-01-01, as in images/debian/reproducibly. */
const epoch = '1767225600';

/** Debian's own image if Docker Hub is reachable, else the same file system from Debian's packages. */
async function rootFileSystem(run: Runner, root: string, {context: directory, platform}: Image): Promise<void> {
  const forOther = platform === undefined ? [] : [`--platform=${platform}`];
  const tar = `${directory}/rootfs.tar`;
  await run(['mkdir', '-p', directory]);
  await run(['cp', 'images/debian/Dockerfile', 'images/debian/apt-install', 'images/debian/reproducibly', directory]);
  const pulled = await run(['docker', 'pull', '--quiet', ...forOther, 'debian:trixie-slim'], {
    allow: [1],
    capture: true,
    timeoutSeconds: 15,
  }).then(
    ({exitCode: code}) => code === 0,
    (error: unknown) => {
      if (isProblem(error) && error.code === 'command_failed') return false;
      throw error;
    },
  );
  if (pulled) {
    const {stdout} = await run(['docker', 'create', ...forOther, 'debian:trixie-slim'], {capture: true});
    await run(['docker', 'export', '--output', tar, stdout.trim()]);
    await run(['docker', 'rm', stdout.trim()], {capture: true});
    return;
  }
  await requireMmdebstrap(run);
  await run(
    {
      env: {SOURCE_DATE_EPOCH: epoch},
      words: [
        'mmdebstrap',
        '--variant=minbase',
        ...(platform === undefined ? [] : [`--architectures=${platform.replace('linux/', '')}`]),
        '--include=ca-certificates',
        '--aptopt=images/debian/apt.conf',
        '--dpkgopt=images/debian/dpkg.cfg',
        `--customize-hook=${join(root, 'images/debian/clean')}`,
        'trixie',
        tar,
      ],
    },
    {
      purpose: "cannot make the root file system from Debian's packages",
      fix: 'see its output above; it needs a Debian mirror, or Docker Hub',
    },
  );
}

async function requireMmdebstrap(run: Runner): Promise<void> {
  const has = async (program: string): Promise<boolean> =>
    (await run.read(['sh', '-c', `command -v ${program}`], {allow: [1, 127]})).exitCode === 0;
  if (await has('mmdebstrap')) return;
  if (process.getuid?.() !== 0 || !(await has('apt-get'))) {
    throw problem({
      code: 'no_root_file_system',
      what: 'no source for the root file system: Docker Hub is unreachable and mmdebstrap is not installed',
      fix: 'apt-get install mmdebstrap debian-archive-keyring (Debian, Ubuntu), or: docker pull debian:trixie-slim',
      exitCode: exitCode.unavailable,
    });
  }
  await run(['apt-get', 'update', '-qq']);
  await run({
    words: ['apt-get', 'install', '--yes', '-qq', '--no-install-recommends', 'mmdebstrap', 'debian-archive-keyring'],
    env: {DEBIAN_FRONTEND: 'noninteractive'},
  });
}

/** Node, except of this project's own version for this machine, which `npm ci` has installed. */
async function nodePackages(run: Runner, root: string, {name, args = {}, platform}: Image): Promise<void> {
  if (!existsSync(join(root, 'dist/cli.js'))) throw noBundle();
  const directory = args['node_packages']?.replace(/\/node_modules$/, '');
  if (directory === undefined) return;
  const files = name === 'base' ? ['package.json', 'package-lock.json'] : ['images/base/node-24/.'];
  await lockedPackages(run, root, {files, directory, platform});
}

const noBundle = (): Error =>
  problem({
    code: 'no_bundle',
    what: 'dist/cli.js is missing: the base image contains it',
    fix: 'npm run build',
  });

/** Installs npm with the npm of this machine, since the image has none yet. */
async function npmPackages(run: Runner, root: string, {context: directory, platform}: Image): Promise<void> {
  await lockedPackages(run, root, {files: ['images/node/.'], directory, platform});
  await run(['rm', '-rf', `${directory}/node_modules/npm/docs`, `${directory}/node_modules/npm/man`]);
}

interface PackagesCopy {
  /** What to copy into the directory, with a package.json and a package-lock.json. */
  readonly files: Words;
  readonly directory: string;
  readonly platform: string | undefined;
}

/** Installs the packages of a lock file for a platform, again only if the file has changed. */
async function lockedPackages(run: Runner, root: string, {files, directory, platform}: PackagesCopy): Promise<void> {
  const read = (path: string): string | undefined =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;
  await run(['mkdir', '-p', directory]);
  await run(['cp', '-R', ...files, directory]);
  const stamp = `${directory}/node_modules/.package-lock.copy`;
  if (read(stamp) === read(`${directory}/package-lock.json`)) return;
  await run(
    {
      words: [
        'npm',
        'ci',
        '--omit=dev',
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
        '--os=linux',
        `--cpu=${(platform === undefined ? undefined : processors[platform]) ?? process.arch}`,
        '--libc=glibc',
      ],
      cwd: join(root, directory),
    },
    {retry: true, purpose: `cannot install the packages of ${directory}`},
  );
  await run(['cp', `${directory}/package-lock.json`, stamp]);
}

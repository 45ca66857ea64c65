import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir, userInfo} from 'node:os';
import {join} from 'node:path';

// Pinned, so that figures of different days are of the same programs.
const npmPackages = {
  servers: ['pm2@7.0.4', 'wattpm@3.67.0', '@platformatic/node@3.65.0'],
  adapters: ['srvx@1.0.8', '@hono/node-server@2.1.9', 'hono@4.13.19'],
  bun: ['bun@1.4.5'],
  deno: ['deno@2.9.6'],
} as const;
const pythonPackages = {
  gunicorn: 'gunicorn==27.0.1',
  uvicorn: 'uvicorn[standard]==0.54.0',
  granian: 'granian==2.8.9',
  uwsgi: 'uwsgi==2.0.31',
} as const;

/** The directory of each installation; undefined if it failed. */
export type Peers = Readonly<Record<keyof typeof npmPackages | keyof typeof pythonPackages, string | undefined>>;

/**
 * Installs the peers into a temporary directory that the next run reuses: they are not dependencies of this project. uWSGI
 * is compiled, which requires a C compiler and Python's headers.
 */
export function installPeers(note: (text: string) => void): Peers {
  const cache = join(tmpdir(), `entrypoint-bench-peers-${userInfo().uid}`);
  mkdirSync(cache, {recursive: true, mode: 0o700});
  const installed = (
    name: string,
    wanted: readonly string[],
    commands: (directory: string) => readonly (readonly string[])[],
  ): string | undefined => {
    const directory = join(cache, [name, ...wanted].join(' ').replaceAll(/[^\w.-]+/g, '_'));
    if (existsSync(join(directory, 'installed'))) return directory;
    note(`installing ${wanted.join(' ')} in ${directory}`);
    rmSync(directory, {recursive: true, force: true});
    mkdirSync(directory);
    for (const [program = '', ...words] of commands(directory)) {
      const {status, stderr, error} = spawnSync(program, words, {cwd: directory, encoding: 'utf8', timeout: 240_000});
      if (status !== 0) {
        note(
          `skipped: ${name} (${program} ${words.join(' ')}: ${(error?.message ?? stderr).trim().split('\n').at(-1)})`,
        );
        return undefined;
      }
    }
    writeFileSync(join(directory, 'installed.new'), '');
    renameSync(join(directory, 'installed.new'), join(directory, 'installed'));
    return directory;
  };
  const withNpm = (name: keyof typeof npmPackages): string | undefined =>
    installed(name === 'servers' ? 'node' : name, npmPackages[name], () => [
      ['npm', 'install', '--no-audit', '--no-fund', '--no-package-lock', '--prefix', '.', ...npmPackages[name]],
    ]);
  const withPip = (name: keyof typeof pythonPackages): string | undefined =>
    installed(name, [pythonPackages[name]], (directory) => venv(directory, pythonPackages[name]));
  return {
    servers: withNpm('servers'),
    adapters: withNpm('adapters'),
    bun: withNpm('bun'),
    deno: withNpm('deno'),
    gunicorn: withPip('gunicorn'),
    uvicorn: withPip('uvicorn'),
    granian: withPip('granian'),
    uwsgi: withPip('uwsgi'),
  };
}

function venv(directory: string, wanted: string): readonly (readonly string[])[] {
  return [
    ['python3', '-m', 'venv', directory],
    [join(directory, 'bin/pip'), 'install', '--quiet', '--disable-pip-version-check', wanted],
  ];
}

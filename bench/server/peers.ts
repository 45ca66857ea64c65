import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir, userInfo} from 'node:os';
import {join} from 'node:path';

// Pinned, so that figures of different days are of the same programs.
const npmPackages = ['pm2@7.0.4', 'wattpm@3.67.0', '@platformatic/node@3.65.0'];
const pythonPackages = ['gunicorn==27.0.1', 'uwsgi==2.0.31'];

/** The directory of each installation; undefined if it failed. */
export interface Peers {
  readonly node: string | undefined;
  readonly gunicorn: string | undefined;
  readonly uwsgi: string | undefined;
}

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
  const [gunicorn = '', uwsgi = ''] = pythonPackages;
  return {
    node: installed('node', npmPackages, () => [
      ['npm', 'install', '--no-audit', '--no-fund', '--no-package-lock', '--prefix', '.', ...npmPackages],
    ]),
    gunicorn: installed('gunicorn', [gunicorn], (directory) => venv(directory, gunicorn)),
    uwsgi: installed('uwsgi', [uwsgi], (directory) => venv(directory, uwsgi)),
  };
}

function venv(directory: string, wanted: string): readonly (readonly string[])[] {
  return [
    ['python3', '-m', 'venv', directory],
    [join(directory, 'bin/pip'), 'install', '--quiet', '--disable-pip-version-check', wanted],
  ];
}

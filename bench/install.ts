import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir, userInfo} from 'node:os';
import {join} from 'node:path';

/**
 * Installs the peers of a bench into a temporary directory that its next run reuses: they are not dependencies of this
 * project. Says so where npm fails; the caller finds nothing there.
 * @param bench name of the bench
 */
export function installPackages(bench: string, packages: readonly string[], note: (text: string) => void): string {
  const name = packages.join(' ').replaceAll(/[^\w.-]+/g, '_');
  const directory = join(tmpdir(), `entrypoint-bench-${bench}-${userInfo().uid}`, name);
  if (existsSync(join(directory, 'installed'))) return directory;
  note(`installing ${packages.join(' ')} in ${directory}`);
  rmSync(directory, {recursive: true, force: true});
  mkdirSync(directory, {recursive: true, mode: 0o700});
  const words = ['install', '--no-audit', '--no-fund', '--no-package-lock', '--prefix', '.', ...packages];
  const {status, stderr} = spawnSync('npm', words, {cwd: directory, encoding: 'utf8', timeout: 240_000});
  if (status !== 0) note(`skipped: other libraries (npm: ${stderr.trim().split('\n').at(-1)})`);
  if (status === 0) writeFileSync(join(directory, 'installed'), '');
  return directory;
}

import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';

/** Where the packages are that services and clients of the tests import. */
export const packages = join(import.meta.dirname, 'frameworks');
const lock = join(packages, 'package-lock.json');

/** Installs them if the lock file has changed. Call it in `before`. */
export function installPackages(): void {
  const installed = (): string => {
    try {
      return readFileSync(join(packages, 'node_modules/.lock'), 'utf8');
    } catch {
      return '';
    }
  };
  if (installed() === readFileSync(lock, 'utf8')) return;
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: packages,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  execFileSync('cp', [lock, join(packages, 'node_modules/.lock')]);
}

/** The beginning of a CommonJS module that can require them. */
export const requirePackages = `const {createRequire} = require('node:module');\nrequire = createRequire(${JSON.stringify(`${packages}/`)});\n`;

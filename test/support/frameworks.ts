import {execFileSync} from 'node:child_process';
import {join} from 'node:path';

/** What people write services with: the packages of test/server/frameworks. */
export const frameworks = join(import.meta.dirname, '../server/frameworks');

const install = `cmp -s package-lock.json node_modules/.lock ||
  { npm ci --no-audit --no-fund --loglevel=error && cp package-lock.json node_modules/.lock; }`;

/** Installs them, if they have changed. Test files run at the same time: one installs, the others wait. */
export function installFrameworks(): void {
  execFileSync('flock', ['package.json', 'sh', '-c', install], {
    cwd: frameworks,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Text of a CommonJS module whose `require` finds them. */
export function withFrameworks(text: string): string {
  return `const {createRequire} = require('node:module');\nrequire = createRequire(${JSON.stringify(`${frameworks}/`)});\n${text}`;
}

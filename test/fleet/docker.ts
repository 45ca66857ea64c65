import {execFile, execFileSync} from 'node:child_process';
import {promisify} from 'node:util';

const execute = promisify(execFile);

/** Runs docker on this machine, and gives its standard output. */
export const docker = (...words: readonly string[]): string =>
  execFileSync('docker', words, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']}).trim();

/** The same without blocking. */
export const dockerLater = async (...words: readonly string[]): Promise<string> =>
  (await execute('docker', words)).stdout.trim();

export const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

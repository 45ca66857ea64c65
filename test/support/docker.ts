import {execFile, execFileSync} from 'node:child_process';
import {promisify} from 'node:util';

const execute = promisify(execFile);
const maxBuffer = 16 * 1024 * 1024;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs docker; a non-zero exit code is a result, not an error. */
export async function docker(words: readonly string[], stdin?: string): Promise<Ended> {
  try {
    const running = execute('docker', words, {maxBuffer});
    running.child.stdin?.end(stdin);
    const {stdout, stderr} = await running;
    return {code: 0, stdout: stdout.trimEnd(), stderr: stderr.trimEnd()};
  } catch (error) {
    const {code, stdout = '', stderr = ''} = error as {code?: unknown; stdout?: string; stderr?: string};
    if (typeof code !== 'number') throw error;
    return {code, stdout: stdout.trimEnd(), stderr: stderr.trimEnd()};
  }
}

/** The address of this machine for builds and containers on the engine's usual network. */
export async function machineAddress(): Promise<string> {
  // The bridge of an engine that has just been installed has no gateway among its settings: it is the first address.
  const format = '{{(index .IPAM.Config 0).Subnet}}';
  return (await must(['network', 'inspect', 'bridge', '--format', format])).replace(/\d+\/\d+$/, '1');
}

/** Runs docker and returns its standard output. @throws Error with its standard error when it fails */
export async function must(words: readonly string[], stdin?: string): Promise<string> {
  const {code, stdout, stderr} = await docker(words, stdin);
  if (code !== 0) throw new Error(`docker ${words.join(' ')}: exit ${code}\n${stderr}`);
  return stdout;
}

/** The same, blocking: for hooks and set-up. */
export const dockerSync = (...words: readonly string[]): string =>
  execFileSync('docker', words, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer}).trim();

/** The non-empty lines of an output. */
export const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** Removes the images that `entrypoint build` made of a service. */
export function removeImagesOf(service: string): void {
  const ids = new Set(lines(dockerSync('images', '--quiet', '--filter', `label=entrypoint.service_name=${service}`)));
  if (ids.size > 0) dockerSync('image', 'rm', '--force', ...ids);
}

import {execFile, execFileSync, spawnSync} from 'node:child_process';
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

/**
 * Removes networks that no container is attached to any more. An engine may count an endpoint of a removed container
 * until it starts again (moby 17217 and 19261): such a network is named and left. @throws Error for one that is in use
 */
export function removeNetworks(...names: readonly string[]): void {
  for (const name of names) {
    const deadline = Date.now() + 5000;
    for (;;) {
      const {status, stderr} = spawnSync('docker', ['network', 'rm', name], {encoding: 'utf8'});
      if (status === 0) break;
      const attached = dockerSync(
        'network',
        'inspect',
        '--format',
        '{{range .Containers}}{{println .Name}}{{end}}',
        name,
      );
      if (!stderr.includes('has active endpoints') || (attached !== '' && Date.now() > deadline))
        throw new Error(`docker network rm ${name}: ${stderr}${attached}`);
      if (Date.now() > deadline) {
        process.stderr.write(`${name}: left, as the engine counts an endpoint of a container that it has removed\n`);
        break;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
}

/** Removes the images that `entrypoint build` made of a service. */
export function removeImagesOf(service: string): void {
  const ids = new Set(lines(dockerSync('images', '--quiet', '--filter', `label=entrypoint.service_name=${service}`)));
  if (ids.size > 0) dockerSync('image', 'rm', '--force', ...ids);
}

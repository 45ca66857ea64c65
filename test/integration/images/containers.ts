import {execFile, execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {join} from 'node:path';
import {after} from 'node:test';
import {promisify} from 'node:util';

const root = join(import.meta.dirname, '../../..');
const execute = promisify(execFile);

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Builds what is missing or old; does nothing in a fraction of a second otherwise. */
export function buildImages(...names: string[]): void {
  execFileSync(process.execPath, [join(root, 'scripts/images/build.ts'), ...names], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** Runs docker; a failure is an answer. */
export async function docker(words: readonly string[], stdin?: string): Promise<Ended> {
  try {
    const running = execute('docker', [...words], {maxBuffer: 16 * 1024 * 1024});
    running.child.stdin?.end(stdin);
    const {stdout, stderr} = await running;
    return {code: 0, stdout: stdout.trimEnd(), stderr: stderr.trimEnd()};
  } catch (error) {
    const {code, stdout = '', stderr = ''} = error as {code?: unknown; stdout?: string; stderr?: string};
    if (typeof code !== 'number') throw error;
    return {code, stdout: stdout.trimEnd(), stderr: stderr.trimEnd()};
  }
}

/** Runs docker, returns its output, and throws where it fails. */
export async function must(words: readonly string[], stdin?: string): Promise<string> {
  const {code, stdout, stderr} = await docker(words, stdin);
  if (code !== 0) throw new Error(`docker ${words.join(' ')}: exit ${code}\n${stderr}`);
  return stdout;
}

export interface Place {
  /** Prefix of all names. */
  readonly name: string;
  /** Starts a container on the place's network; returns its name. */
  start(name: string, words: readonly string[]): Promise<string>;
}

const now = (...words: string[]): string =>
  execFileSync('docker', words, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']});
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** A network of its own for a test file, with all containers and volumes that bear its label; gone afterwards, however it ends. */
export function makePlace(): Place {
  const name = `entrypoint-test-${randomBytes(4).toString('hex')}`;
  const label = `entrypoint.test=${name}`;
  now('network', 'create', '--label', label, name);
  const remove = (): void => {
    const containers = lines(now('ps', '--all', '--quiet', '--filter', `label=${label}`));
    if (containers.length > 0) now('rm', '--force', '--volumes', ...containers);
    const volumes = lines(now('volume', 'ls', '--quiet', '--filter', `name=${name}`));
    if (volumes.length > 0) now('volume', 'rm', '--force', ...volumes);
    now('network', 'rm', name);
  };
  after(remove);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      remove();
      process.exit(1);
    });
  }
  return {
    name,
    start: async (short, words) => {
      const container = `${name}.${short}`;
      await must(['run', '--detach', '--name', container, '--network', name, '--label', label, ...words]);
      return container;
    },
  };
}

/** Asks again until the answer pleases; throws the last one after `seconds`. */
export async function eventually<T>(
  seconds: number,
  ask: () => Promise<T>,
  pleases: (answer: T) => boolean,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (pleases(answer)) return answer;
    if (Date.now() > end) throw new Error(`not within ${seconds} s; the last answer: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A container's address on the place's network. */
export const addressOf = (container: string): Promise<string> =>
  must(['inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', container]);

import {execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {join} from 'node:path';
import {after} from 'node:test';
import {dockerSync, lines, must, removeNetworks} from '../../support/docker.ts';

const root = join(import.meta.dirname, '../../..');

/** Builds missing and outdated images; otherwise returns within a fraction of a second. */
export function buildImages(...names: string[]): void {
  execFileSync(process.execPath, [join(root, 'scripts/images/build.ts'), ...names], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

export interface Place {
  /** Prefix of all names. */
  readonly name: string;
  /** Starts a container on the place's network; returns its name. */
  start(name: string, words: readonly string[]): Promise<string>;
}

/** A network of its own for a test file, with all containers and volumes that have its label; removed afterwards, even after an interrupt. */
export function makePlace(): Place {
  const name = `entrypoint-test-${randomBytes(4).toString('hex')}`;
  const label = `entrypoint.test=${name}`;
  dockerSync('network', 'create', '--label', label, name);
  const remove = (): void => {
    const containers = lines(dockerSync('ps', '--all', '--quiet', '--filter', `label=${label}`));
    if (containers.length > 0) dockerSync('rm', '--force', '--volumes', ...containers);
    const volumes = lines(dockerSync('volume', 'ls', '--quiet', '--filter', `name=${name}`));
    if (volumes.length > 0) dockerSync('volume', 'rm', '--force', ...volumes);
    removeNetworks(name);
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

/** A container's address on the place's network. */
export const addressOf = (container: string): Promise<string> =>
  must(['inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', container]);

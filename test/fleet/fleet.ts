import {execFileSync, spawn} from 'node:child_process';
import {chmodSync, mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {dockerSync, lines, removeImagesOf, removeNetworks} from '../support/docker.ts';
import {untilNothingThrows} from '../support/until.ts';
import {login, makeKeys, writeAuthorities, writeLogin, writeSsh} from './keys.ts';
import {
  buildHostImage,
  ensureMachine,
  ensureNetwork,
  ensureRegistry,
  removeControlGroups,
  shareProcessors,
} from './machine.ts';

// A fleet on one machine: hosts as containers with sshd and an engine of their own, and a registry that requires TLS and a password.

export interface FleetSize {
  readonly hosts: number;
  /** Machines of the same kind, for dedicated balancers. Default 0. */
  readonly balancers?: number | undefined;
  /** Size of the last host's disk, which is then in memory: one that can be filled. Default: a volume of the engine. */
  readonly lastDisk?: string | undefined;
  /** Directory of keys and settings, for a fleet that outlives this process. Default: a temporary one. */
  readonly directory?: string | undefined;
}

export interface Fleet {
  readonly name: string;
  readonly directory: string;
  /** Names that ssh knows, by a configuration of its own: `${name}-h1`, ... */
  readonly hosts: readonly string[];
  /** `${name}-lb1`, ... */
  readonly balancers: readonly string[];
  /** `172.18.0.5:5000`: the registry, for hosts and the deployer. They trust its certificate and are logged in. */
  readonly registry: string;
  /** The same registry for this machine's engine, which trusts any certificate at 127.0.0.1. */
  readonly publishTo: string;
  /** Name of the container of the registry. */
  readonly registryContainer: string;
  /** This machine's address on the network of the hosts and their containers. */
  readonly gateway: string;
  /** A directory whose `ssh` knows the hosts; goes first on PATH. */
  readonly bin: string;
  /** Variables of the deployer: `ssh`, the login to the registry, and its certificate. */
  readonly environment: Readonly<Record<string, string>>;
  /** Runs a command on a host by ssh; returns its standard output. */
  on(this: void, host: string, command: string, stdin?: string): string;
  /** Runs docker on this machine, where each host is a container of its name, to cause faults. */
  outer(this: void, ...words: readonly string[]): string;
  addressOf(this: void, host: string): string;
  down(this: void): void;
}

/**
 * Makes sure that a fleet runs: starts missing machines, and resumes stopped or frozen ones. Returns the reason if no
 * engine can run in a container on this machine. Removes the fleet when this process is interrupted, unless the fleet
 * has a directory.
 */
export async function fleetUp(
  name: string,
  {hosts: count, balancers: balancerCount = 0, lastDisk, directory: kept}: FleetSize,
): Promise<Fleet | string> {
  const directory = kept ?? mkdtempSync(join(tmpdir(), `${name}-`));
  mkdirSync(directory, {recursive: true});
  chmodSync(directory, 0o755);
  const down = (): void => fleetDown(name, directory);
  if (kept === undefined) downWhenInterrupted(name, directory);
  try {
    buildHostImage();
    shareProcessors(name);
    const {gateway, address} = ensureNetwork(name);
    const named = (kind: string, many: number, first: number): [string, string][] =>
      Array.from({length: many}, (_, index) => [`${name}-${kind}${index + 1}`, address(first + index)]);
    const [hosts, balancers] = [named('h', count, 21), named('lb', balancerCount, 11)];
    const machines = Object.fromEntries([...hosts, ...balancers]);
    const registryContainer = `${name}-registry`;
    const registry = `${address(5)}:5000`;
    makeKeys(directory, address(5));
    await Promise.all([
      ensureRegistry(name, directory, registryContainer, address(5)),
      ...Object.entries(machines).map(([machine, itsAddress]) =>
        ensureMachine({
          fleet: name,
          directory,
          name: machine,
          address: itsAddress,
          registry,
          disk: machine === hosts.at(-1)?.[0] ? lastDisk : undefined,
        }),
      ),
    ]);
    const publishTo = lines(dockerSync('port', registryContainer, '5000/tcp'))[0] ?? '';
    const bin = writeSsh(directory, machines);
    const on: Fleet['on'] = (host, command, stdin) =>
      execFileSync(join(bin, 'ssh'), ['-o', 'ConnectTimeout=5', host, command], {
        encoding: 'utf8',
        input: stdin ?? '',
        stdio: ['pipe', 'pipe', 'pipe'],
      });
    const unfit = await logIn(Object.keys(machines), registry, on);
    if (unfit !== undefined) {
      down();
      return unfit;
    }
    return {
      name,
      directory,
      registry,
      publishTo,
      registryContainer,
      gateway,
      bin,
      on,
      down,
      hosts: hosts.map(([host]) => host),
      balancers: balancers.map(([host]) => host),
      environment: {
        PATH: `${bin}:${process.env['PATH'] ?? ''}`,
        DOCKER_CONFIG: writeLogin(directory, [registry, publishTo]),
        NODE_EXTRA_CA_CERTS: writeAuthorities(directory),
      },
      outer: dockerSync,
      addressOf: (host) => machines[host] ?? '',
    };
  } catch (error) {
    down();
    throw error;
  }
}

/** Name of the service that is deployed to a fleet. */
export const serviceName = (fleet: string): string => `service-${fleet.slice(-8)}`;

/** Removes everything of a fleet, leftovers of a killed process included. */
export function fleetDown(name: string, directory: string): void {
  const label = `label=entrypoint.test=${name}`;
  const containers = lines(dockerSync('ps', '--all', '--quiet', '--filter', label));
  if (containers.length > 0) dockerSync('rm', '--force', '--volumes', ...containers);
  const networks = lines(dockerSync('network', 'ls', '--quiet', '--filter', label));
  removeNetworks(...networks);
  removeImagesOf(serviceName(name));
  removeControlGroups(name);
  rmSync(directory, {recursive: true, force: true});
}

function downWhenInterrupted(name: string, directory: string): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      // The test runner soon kills interrupted processes.
      spawn(process.execPath, [join(import.meta.dirname, 'down.ts'), name, directory], {
        detached: true,
        stdio: 'ignore',
      }).unref();
      process.exit(1);
    });
  }
}

/** Logs the machines in to the registry, as a user would, once their engines answer; returns the reason if one never does. */
async function logIn(machines: readonly string[], registry: string, on: Fleet['on']): Promise<string | undefined> {
  for (const machine of machines) {
    try {
      await untilNothingThrows(60, () => void on(machine, 'docker version >/dev/null'));
    } catch (error) {
      return `no engine runs in a container on this machine: ${String(error)}`;
    }
    await untilNothingThrows(
      20,
      () => void on(machine, `docker login --username ${login.user} --password-stdin ${registry} 2>&1`, login.password),
    );
  }
  return undefined;
}

import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, rmdirSync, statSync, writeFileSync} from 'node:fs';
import {type AddressInfo, createServer} from 'node:net';
import {join} from 'node:path';
import {certificateFile} from '../../src/image/docker.ts';
import {dockerSync, must} from '../support/docker.ts';

// A machine of a fleet is a container with sshd and an engine of its own.

export const hostImage = 'entrypoint-test/host:trixie';

/** Options of a container with an engine; some machines do not allow `--privileged`. */
const capabilities = [
  'AUDIT_WRITE',
  'BLOCK_SUSPEND',
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'IPC_LOCK',
  'IPC_OWNER',
  'KILL',
  'LEASE',
  'LINUX_IMMUTABLE',
  'MAC_ADMIN',
  'MAC_OVERRIDE',
  'MKNOD',
  'NET_ADMIN',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_RAW',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_ADMIN',
  'SYS_CHROOT',
  'SYS_MODULE',
  'SYS_NICE',
  'SYS_PTRACE',
  'SYS_RAWIO',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'SYSLOG',
].flatMap((name) => ['--cap-add', name]);

/** Builds the machines' image if it is missing. */
export function buildHostImage(): void {
  const client = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker';
  const ca = certificateFile(process.env);
  execFileSync(
    client,
    [
      'build',
      '--quiet',
      '--tag',
      hostImage,
      ...(ca === undefined ? [] : ['--secret', `id=ca,src=${ca}`]),
      join(import.meta.dirname, 'host'),
    ],
    {stdio: ['ignore', 'ignore', 'pipe'], env: {...process.env, DOCKER_BUILDKIT: '1'}},
  );
}

export interface MachineFacts {
  readonly fleet: string;
  readonly directory: string;
  readonly name: string;
  readonly address: string;
  readonly registry: string;
  /** Size of the engine's disk, which is then in memory: `2g`. Default: a volume. */
  readonly disk?: string | undefined;
}

/** Makes sure that a machine runs: starts a new one, resumes a stopped or frozen one. */
export async function ensureMachine({fleet, directory, name, address, registry, disk}: MachineFacts): Promise<void> {
  await ensureContainer(name, [
    '--hostname',
    name,
    ...placed(fleet, address),
    ...capabilities,
    '--security-opt',
    'seccomp=unconfined',
    '--security-opt',
    'apparmor=unconfined',
    '--cgroupns=host',
    '--volume',
    '/sys/fs/cgroup:/sys/fs/cgroup',
    ...(disk === undefined
      ? ['--volume', '/var/lib/docker']
      : ['--tmpfs', `/var/lib/docker:exec,dev,suid,size=${disk}`]),
    '--volume',
    `${directory}:/fleet:ro`,
    hostImage,
    'start-host',
    registry,
  ]);
}

export async function ensureRegistry(fleet: string, directory: string, name: string, address: string): Promise<void> {
  await ensureContainer(name, [
    ...placed(fleet, address),
    '--publish',
    `127.0.0.1:${await freePort()}:5000`,
    '--volume',
    `${directory}/keys:/keys:ro`,
    '--env',
    'REGISTRY_HTTP_TLS_CERTIFICATE=/keys/registry.crt',
    '--env',
    'REGISTRY_HTTP_TLS_KEY=/keys/registry.key',
    '--env',
    'REGISTRY_AUTH=htpasswd',
    '--env',
    'REGISTRY_AUTH_HTPASSWD_REALM=fleet',
    '--env',
    'REGISTRY_AUTH_HTPASSWD_PATH=/keys/htpasswd',
    'entrypoint/registry:2.8',
  ]);
}

// Docker would choose another one each time it starts.
function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const {port} = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

const placed = (fleet: string, address: string): string[] => [
  '--label',
  `entrypoint.test=${fleet}`,
  '--network',
  fleet,
  '--ip',
  address,
  ...(hasControlGroups() ? ['--cgroup-parent', `/${fleet}`] : []),
];

async function ensureContainer(name: string, words: readonly string[]): Promise<void> {
  const [found = ''] = await must(['ps', '--all', '--filter', `name=^${name}$`, '--format', '{{.State}}']).then(
    (text) => text.split('\n'),
  );
  if (found === 'running') return;
  if (found === 'paused') await must(['unpause', name]);
  else if (found === '') await must(['run', '--detach', '--name', name, ...words]);
  else await must(['start', name]);
}

// Version 1 with the engine's own driver: elsewhere systemd decides who gets how much.
const hasControlGroups = (): boolean =>
  existsSync('/sys/fs/cgroup/cpu/cpu.shares') && statSync('/sys/fs/cgroup/cpu').uid === process.getuid?.();

/**
 * Gives a fleet as much CPU as four processes: otherwise all containers of an engine together get as much as any one
 * other process. Does nothing without permission for that.
 */
export function shareProcessors(name: string): void {
  if (!hasControlGroups()) return;
  const group = join('/sys/fs/cgroup/cpu', name);
  mkdirSync(group, {recursive: true});
  writeFileSync(join(group, 'cpu.shares'), '4096');
}

/** Removes the control groups that a fleet's engines left; only an empty group can be removed. */
export function removeControlGroups(fleet: string): void {
  if (!hasControlGroups()) return;
  for (const kind of readdirSync('/sys/fs/cgroup')) removeGroup(join('/sys/fs/cgroup', kind, fleet));
}

function removeGroup(directory: string): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, {withFileTypes: true}))
    if (entry.isDirectory()) removeGroup(join(directory, entry.name));
  try {
    rmdirSync(directory);
  } catch {
    // Not empty: the kernel has not removed a killed container yet.
  }
}

/** Makes the fleet's network, with addresses that can be given: those that Docker finds free. */
export function ensureNetwork(fleet: string): {readonly gateway: string; readonly address: (host: number) => string} {
  const label = `entrypoint.test=${fleet}`;
  const subnetOf = (): string =>
    dockerSync('network', 'inspect', '--format', '{{(index .IPAM.Config 0).Subnet}}', fleet);
  if (dockerSync('network', 'ls', '--quiet', '--filter', `name=^${fleet}$`) === '') {
    dockerSync('network', 'create', fleet);
    const subnet = subnetOf();
    dockerSync('network', 'rm', fleet);
    dockerSync('network', 'create', '--label', label, '--subnet', subnet, fleet);
  }
  const prefix = subnetOf().split('.').slice(0, 3).join('.');
  return {gateway: `${prefix}.1`, address: (host) => `${prefix}.${host}`};
}

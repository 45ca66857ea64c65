import {execFile, execFileSync} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {certificateFile} from '../../src/docker-client.ts';

// A fleet on one machine: hosts as containers with sshd and an engine of their own, and a registry that all know.

const execute = promisify(execFile);
const image = 'entrypoint-test/host:trixie';

/** What an engine in a container needs; `--privileged` would want more than some machines may give. */
const capabilities = [
  'AUDIT_WRITE', 'BLOCK_SUSPEND', 'CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'IPC_LOCK', 'IPC_OWNER', 'KILL', 'LEASE',
  'LINUX_IMMUTABLE', 'MAC_ADMIN', 'MAC_OVERRIDE', 'MKNOD', 'NET_ADMIN', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_RAW', 'SETFCAP', 'SETGID',
  'SETPCAP', 'SETUID', 'SYS_ADMIN', 'SYS_CHROOT', 'SYS_MODULE', 'SYS_NICE', 'SYS_PTRACE', 'SYS_RAWIO', 'SYS_TIME', 'SYS_TTY_CONFIG', 'SYSLOG',
].flatMap((name) => ['--cap-add', name]);

export interface Fleet {
  /** Names that ssh knows, by a configuration of its own: `${name}-h1`, ... */
  readonly hosts: readonly string[];
  /** `127.0.0.1:PORT`: the same name on every host and here. */
  readonly registry: string;
  /** A folder whose `ssh` knows the hosts; to stand first on PATH. */
  readonly bin: string;
  /** Runs a command on a host, by ssh. */
  on(this: void, host: string, command: string): string;
  /** Runs docker on the machine where each host is a container of its name: faults. */
  outer(this: void, ...words: readonly string[]): string;
  addressOf(this: void, host: string): string;
  down(this: void): void;
}

const docker = (...words: readonly string[]): string => execFileSync('docker', words, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']}).trim();

/**
 * Builds the hosts' image where it is missing, and starts a fleet. Where the machine does not let an engine run in a
 * container, which nothing here could mend: the reason.
 */
export async function fleetUp(name: string, count: number): Promise<Fleet | string> {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  chmodSync(folder, 0o755);
  const down = (): void => {
    const label = `label=entrypoint.test=${name}`;
    const containers = docker('ps', '--all', '--quiet', '--filter', label).split('\n').filter((id) => id !== '');
    if (containers.length > 0) docker('rm', '--force', '--volumes', ...containers);
    const networks = docker('network', 'ls', '--quiet', '--filter', label).split('\n').filter((id) => id !== '');
    if (networks.length > 0) docker('network', 'rm', ...networks);
    rmSync(folder, {recursive: true, force: true});
  };
  try {
    buildHost();
    for (const key of ['key', 'host_key']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', join(folder, key)]);
    docker('network', 'create', '--label', `entrypoint.test=${name}`, name);
    const registry = `${name}-registry`;
    docker('run', '--detach', '--name', registry, '--label', `entrypoint.test=${name}`, '--network', name, '--publish', '127.0.0.1::5000', 'entrypoint/registry:2.8');
    const address = docker('port', registry, '5000/tcp');
    const port = address.split(':').at(-1) ?? '';
    const hosts = Array.from({length: count}, (_, index) => `${name}-h${index + 1}`);
    await Promise.all(hosts.map((host) => execute('docker', [
      'run', '--detach', '--name', host, '--hostname', host, '--label', `entrypoint.test=${name}`, '--network', name, ...capabilities,
      '--security-opt', 'seccomp=unconfined', '--security-opt', 'apparmor=unconfined', '--cgroupns=host',
      '--volume', '/sys/fs/cgroup:/sys/fs/cgroup', '--volume', '/var/lib/docker', '--volume', `${folder}:/fleet:ro`,
      image, port, `${registry}:5000`,
    ])));
    const addressOf = (host: string): string => docker('inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', host);
    const bin = sshFor(folder, hosts, addressOf);
    const on = (host: string, command: string): string => execFileSync(join(bin, 'ssh'), [host, command], {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe']});
    for (const host of hosts) {
      try {
        await until(60, () => void on(host, 'docker version >/dev/null'));
      } catch (error) {
        down();
        return `no engine runs in a container on this machine: ${String(error)}`;
      }
    }
    return {hosts, registry: address, bin, on, outer: docker, addressOf, down};
  } catch (error) {
    down();
    throw error;
  }
}

function buildHost(): void {
  const client = existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker';
  const ca = certificateFile(process.env);
  execFileSync(client, ['build', '--quiet', '--tag', image, ...(ca === undefined ? [] : ['--secret', `id=ca,src=${ca}`]), join(import.meta.dirname, 'host')],
    {stdio: ['ignore', 'ignore', 'pipe'], env: {...process.env, DOCKER_BUILDKIT: '1'}});
}

// ssh reads the user's own settings, wherever HOME points to; this one reads the fleet's.
function sshFor(folder: string, hosts: readonly string[], addressOf: (host: string) => string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const hostKey = execFileSync('ssh-keygen', ['-y', '-f', join(folder, 'host_key')], {encoding: 'utf8'}).split(' ').slice(0, 2).join(' ');
  writeFileSync(join(folder, 'known_hosts'), hosts.map((host) => `${host} ${hostKey.trim()}\n`).join(''));
  writeFileSync(join(folder, 'config'), hosts.map((host) => [
    `Host ${host}`, `  HostName ${addressOf(host)}`, `  HostKeyAlias ${host}`, '  User root',
  ].join('\n')).concat([`Host *\n  IdentityFile ${folder}/key\n  IdentitiesOnly yes\n  UserKnownHostsFile ${folder}/known_hosts\n  StrictHostKeyChecking yes\n`]).join('\n'));
  writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F ${folder}/config "$@"\n`, {mode: 0o755});
  return bin;
}

/** Tries until it does not throw; throws the last error after `seconds`. */
async function until(seconds: number, attempt: () => void): Promise<void> {
  for (const end = Date.now() + seconds * 1000; ; ) {
    try {
      return attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

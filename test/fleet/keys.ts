import {execFileSync} from 'node:child_process';
import {chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {certificateFile} from '../../src/image/docker.ts';
import {dockerSync} from '../support/docker.ts';
import {hostImage} from './machine.ts';

// The files by which the machines of a fleet trust each other and the deployer reaches them.

/** The login of the registry of a fleet, removed with the fleet. */
export const login = {user: 'lab', password: 'labpass'} as const;
// bcrypt of the password.
const htpasswd = 'lab:$2b$04$AYUq/j4bnJPpSez/tP/H8.HsqroZXztxuBj1Ygw1ne6TjV/hTKK0S';

/** Keys, certificates and the registry's users in `${directory}/keys`; existing ones stay. */
export function makeKeys(directory: string, registryAddress: string): void {
  const keys = join(directory, 'keys');
  if (existsSync(join(keys, 'htpasswd'))) return;
  mkdirSync(keys, {recursive: true});
  dockerSync(
    'run',
    '--rm',
    '--volume',
    `${keys}:/keys`,
    hostImage,
    'make-keys',
    registryAddress,
    `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`,
  );
  writeFileSync(join(keys, 'htpasswd'), `${htpasswd}\n`);
}

/** A file with the fleet's authority and those that this machine may need for its own network. */
export function writeAuthorities(directory: string): string {
  const own = certificateFile(process.env);
  const file = join(directory, 'authorities.crt');
  writeFileSync(
    file,
    [...(own === undefined ? [] : [own]), join(directory, 'keys/ca.crt')]
      .map((path) => readFileSync(path, 'utf8'))
      .join('\n'),
  );
  return file;
}

/** A directory with docker's login to these registries, for DOCKER_CONFIG. */
export function writeLogin(directory: string, registries: readonly string[]): string {
  const config = join(directory, 'docker');
  mkdirSync(config, {recursive: true});
  const auth = Buffer.from(`${login.user}:${login.password}`).toString('base64');
  writeFileSync(
    join(config, 'config.json'),
    JSON.stringify({auths: Object.fromEntries(registries.map((name) => [name, {auth}]))}),
    {mode: 0o600},
  );
  return config;
}

/**
 * A directory with an `ssh` that knows the machines, to go first on PATH: ssh reads the user's own settings wherever
 * HOME points to, and this one reads the fleet's.
 */
export function writeSsh(directory: string, machines: Readonly<Record<string, string>>): string {
  const [bin, keys] = [join(directory, 'bin'), join(directory, 'keys')];
  mkdirSync(bin, {recursive: true});
  // `ssh-keygen -y` would need it installed; the public key is next to the private one.
  const [type = '', key = ''] = readFileSync(join(keys, 'host_key.pub'), 'utf8').split(' ');
  const names = Object.keys(machines);
  writeFileSync(join(directory, 'known_hosts'), names.map((name) => `${name} ${type} ${key}\n`).join(''));
  writeFileSync(
    join(directory, 'config'),
    [
      ...names.map((name) => `Host ${name}\n  HostName ${machines[name]}\n  HostKeyAlias ${name}\n  User root\n`),
      `Host *\n  IdentityFile ${keys}/key\n  IdentitiesOnly yes\n  UserKnownHostsFile ${directory}/known_hosts\n  StrictHostKeyChecking yes\n`,
    ].join('\n'),
  );
  const ssh = execFileSync('sh', ['-c', 'command -v ssh'], {encoding: 'utf8'}).trim();
  writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec ${ssh} -F ${directory}/config "$@"\n`);
  chmodSync(join(bin, 'ssh'), 0o755);
  return bin;
}

import assert from 'node:assert/strict';
import {type ChildProcess, spawn} from 'node:child_process';
import {chmodSync, chownSync, cpSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {docker} from '../../support/docker.ts';
import {until} from '../../support/until.ts';
import type {World} from '../world.ts';

const mounted = (directory: string, mode: 'ro' | 'rw' = 'ro'): string[] => [
  '--volume',
  `${directory}:/home/webuser/.ssh${mode === 'ro' ? ':ro' : ''}`,
];

/** Deploys by ssh from the image itself, with the keys or the agent of a user of this machine. */
export function fromImage(world: () => World, possible: {skip?: string}): void {
  const user = 1000;

  /** A directory as ~/.ssh of a user; on this machine the tests run as root. */
  const sshDirectory = (owner: number): string => {
    const {fleet, service} = world();
    const directory = join(service.directory, `.git/dot-ssh-${owner}`);
    mkdirSync(directory, {recursive: true});
    cpSync(join(fleet.directory, 'keys/key'), join(directory, 'key'));
    cpSync(join(fleet.directory, 'known_hosts'), join(directory, 'known_hosts'));
    const config = readFileSync(join(fleet.directory, 'config'), 'utf8')
      .replaceAll(`${fleet.directory}/keys/`, '~/.ssh/')
      .replaceAll(fleet.directory, '~/.ssh');
    writeFileSync(join(directory, 'config'), config);
    for (const file of ['key', 'known_hosts', 'config']) {
      chmodSync(join(directory, file), 0o600);
      chownSync(join(directory, file), owner, owner);
    }
    chmodSync(directory, 0o700);
    chownSync(directory, owner, owner);
    return directory;
  };

  const inside = async (options: readonly string[], words: readonly string[]) => {
    const {fleet, service} = world();
    return docker([
      'run',
      '--rm',
      '--network',
      fleet.name,
      '--volume',
      `${service.directory}/deploy.yaml:/content/deploy.yaml:ro`,
      ...options,
      service.images.A.replace(fleet.registry, fleet.publishTo),
      ...words,
    ]);
  };
  const status = (...options: string[]) => inside(options, ['status', 'prod']);
  const works = async (...options: string[]): Promise<void> => {
    const {code, stderr} = await status(...options);
    assert.equal(code, 0, `${options.join(' ')}\n${stderr}`);
  };

  test('from the image with ~/.ssh mounted, whoever owns it and runs it', possible, async () => {
    const {fleet, service} = world();
    service.describe({hosts: [`root@${fleet.hosts[0]}`]});
    const directory = sshDirectory(user);
    for (const mode of ['ro', 'rw'] as const)
      for (const as of [[], ['--user', '1000:1000'], ['--user', '1000:0'], ['--user', '54321:0']]) {
        // A user who is not the owner cannot read the keys: only root can copy them.
        if (as[1] !== '54321:0') await works(...as, ...mounted(directory, mode));
      }
    await works(...mounted(sshDirectory(10001)));
    await works(...mounted(sshDirectory(0)));
    await works('--read-only', '--tmpfs', '/tmp', ...mounted(directory));
  });

  test('from the image a deploy asks the registry and releases on a host', possible, async () => {
    const {fleet, service} = world();
    const [host = ''] = fleet.hosts;
    service.describe({hosts: [`root@${host}`], replicas: 1});
    const {DOCKER_CONFIG: config = '', NODE_EXTRA_CA_CERTS: authorities = ''} = fleet.environment;
    // The login, as the user of the image can read it.
    const login = join(service.directory, '.git/dot-docker');
    mkdirSync(login, {recursive: true});
    writeFileSync(join(login, 'config.json'), readFileSync(join(config, 'config.json')), {mode: 0o644});
    chmodSync(login, 0o755);
    const certificates = join(login, 'authorities.pem');
    writeFileSync(certificates, readFileSync(authorities), {mode: 0o644});
    const options = [
      ...mounted(sshDirectory(user)),
      '--volume',
      `${login}:/login:ro`,
      '--env=DOCKER_CONFIG=/login',
      '--env=NODE_EXTRA_CA_CERTS=/login/authorities.pem',
    ];
    try {
      const {code, stderr} = await inside(options, service.deployWords('A'));
      assert.equal(code, 0, stderr.slice(-3000));
      const answer = await fetch(`http://${fleet.addressOf(host)}:8080/readyz`);
      assert.equal(answer.status, 200);
      const shown = await inside(options, ['--quiet', '--json', 'status', 'prod']);
      assert.equal(shown.code, 0, shown.stderr);
      const {containers} = JSON.parse(shown.stdout) as {containers: {image: string; serving: boolean}[]};
      const serving = containers.filter((one) => one.serving).map(({image}) => image);
      assert.deepEqual(serving, [service.images.A]);
    } finally {
      assert.equal(service.run('remove', 'prod', '--volumes').code, 0);
    }
  });

  test('from the image with an agent, of root and of another user', possible, async () => {
    const {fleet, service} = world();
    service.describe({hosts: [`root@${fleet.hosts[0]}`]});
    for (const owner of [0, user]) {
      const directory = sshDirectory(owner);
      const socket = join(directory, 'agent');
      const agent: ChildProcess = spawn('ssh-agent', ['-D', '-a', socket], {uid: owner, gid: owner, stdio: 'ignore'});
      try {
        const add = (): Promise<boolean> =>
          new Promise((resolve) =>
            spawn('ssh-add', ['-q', join(directory, 'key')], {
              uid: owner,
              gid: owner,
              stdio: 'ignore',
              env: {...process.env, SSH_AUTH_SOCK: socket},
            }).once('close', (code) => resolve(code === 0)),
          );
        await until('the agent has the key', add);
        const options = ['--volume', `${socket}:/agent`, '--env', 'SSH_AUTH_SOCK=/agent'];
        const known = ['--volume', `${fleet.directory}/known_hosts:/etc/ssh/ssh_known_hosts:ro`];
        const alias = ['--volume', `${directory}/known_hosts:/home/webuser/.ssh/known_hosts:ro`];
        await works(...options, ...known);
        await works(...options, ...alias);
        if (owner !== 0) await works('--user', `${owner}:${owner}`, ...options, ...known);
        const {code, stderr} = await status(...options);
        assert.equal(code, 69);
        assert.match(stderr, /the host key of root@\S+ is unknown/);
      } finally {
        agent.kill();
      }
    }
  });
}

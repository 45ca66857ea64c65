import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {sshSettings} from '../../support/ssh-config.ts';
import type {Outcome} from '../service.ts';
import type {World} from '../world.ts';
import {fromImage} from './from-image.ts';

/** Hosts, users and settings of ssh as they are. */
export function sshTests(world: () => World, possible: {skip?: string}): void {
  const host = (): string => world().fleet.hosts[0] ?? '';

  /** Makes a user of docker on the first host, with the keys of root. */
  const addUser = (name: string, shell: string): string =>
    world().fleet.on(
      host(),
      `id ${name} >/dev/null 2>&1 || useradd --badname --create-home --password '*' --shell "$(command -v ${shell})" --groups docker ${name}
       cp -r ~/.ssh ~/.docker /home/${name}/ && chown -R ${name} /home/${name}`,
    );

  let aliases = 0;
  /** Runs the command with these lines of an ssh configuration for a Host, which is a new name of the first host. */
  const through = async (
    settings: readonly string[],
    {user = 'root', also = []}: {user?: string; also?: readonly string[]},
    body: (run: (...words: string[]) => Promise<Outcome>, destination: string) => Promise<void>,
  ): Promise<void> => {
    const {fleet, service} = world();
    const alias = `alias-${(aliases += 1)}`;
    const bin = join(service.directory, `.git/ssh-${alias}`);
    mkdirSync(bin, {recursive: true});
    const lines = [`HostName ${fleet.addressOf(host())}`, `HostKeyAlias ${host()}`, ...settings];
    writeFileSync(
      join(bin, 'config'),
      `Host ${alias}\n${lines.map((line) => `  ${line}\n`).join('')}\n${readFileSync(join(fleet.directory, 'config'), 'utf8')}`,
    );
    const ssh = execFileSync('sh', ['-c', 'command -v ssh'], {encoding: 'utf8'}).trim();
    writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec ${ssh} -F ${bin}/config "$@"\n`, {mode: 0o755});
    const destination = `${user}@${alias}`;
    service.describe({hosts: [destination], replicas: 1, also: ['secrets: {TOKEN: {env: TINY_TOKEN}}', ...also]});
    const run = (...words: string[]): Promise<Outcome> =>
      service.start(words, undefined, {PATH: `${bin}:${fleet.environment['PATH']}`}).ended;
    try {
      await body(run, destination);
    } finally {
      const {code, stderr} = await run('remove', 'prod', '--volumes');
      assert.equal(code, 0, stderr);
    }
  };

  /** Deploys, runs a command in the service, and looks. */
  const works = async (run: (...words: string[]) => Promise<Outcome>, what: string): Promise<void> => {
    const {service, secret} = world();
    const deployed = await run(...service.deployWords('A'));
    assert.equal(deployed.code, 0, `${what}\n${deployed.stderr.slice(-3000)}`);
    const shown = await run('--quiet', 'exec', 'prod', '--', 'printenv', 'TOKEN');
    assert.deepEqual([shown.code, shown.stdout.split('\n').at(-2)], [0, secret], `${what}\n${shown.stderr}`);
    assert.equal((await run('status', 'prod')).code, 0, what);
  };

  // The aliases are further names of a host of the other tests.
  test('ssh: the hosts are cleared', possible, () => {
    world().describe();
    assert.equal(world().service.run('remove', 'prod', '--volumes').code, 0);
  });

  for (const shell of ['fish', 'tcsh', 'busybox', 'rbash'])
    test(`a user whose login shell is ${shell} deploys`, possible, async () => {
      // Busybox is the shell that its name says.
      if (shell === 'busybox')
        world().fleet.on(host(), 'mkdir -p /opt/busybox && ln -sf "$(command -v busybox)" /opt/busybox/sh');
      addUser(`in-${shell}`, shell === 'busybox' ? '/opt/busybox/sh' : shell);
      await through([], {user: `in-${shell}`}, (run) => works(run, shell));
    });

  test('a user whose login shell runs nothing is refused, with what to do', possible, async () => {
    addUser('nobodys', 'nologin');
    await through([], {user: 'root'}, async (run, destination) => {
      world().service.describe({hosts: [destination.replace('root', 'nobodys')], replicas: 1});
      const {code, stderr} = await run('status', 'prod');
      assert.equal(code, 69, stderr);
      assert.match(stderr, /the login shell of nobodys@\S+ runs no commands[^]*fix: give that user a shell/);
      world().service.describe({hosts: [destination], replicas: 1});
    });
  });

  test('a login that prints on every connection deploys, and banners do not hide a cause', possible, async () => {
    addUser('chatty', 'bash');
    world().fleet.on(host(), `printf 'echo hello\\necho and more >&2\\n' >/home/chatty/.bashrc`);
    await through([], {user: 'chatty'}, (run) => works(run, 'chatty'));
  });

  test('twenty configurations of ssh as users have them deploy', possible, async () => {
    const configurations = fc.sample(sshSettings, {numRuns: 20, seed: 14});
    const [, second = ''] = world().fleet.hosts;
    world().fleet.on(host(), '[ -e /run/sshd-2222 ] || { /usr/sbin/sshd -p 2222; touch /run/sshd-2222; }');
    // Ports, and ways over another host.
    const ways = [[], ['Port 2222'], [`ProxyJump ${second}`], ['Port 2222', `ProxyJump root@${second}`]];
    for (const [index, settings] of configurations.entries()) {
      // The fleet's own user and keys.
      const kept = settings.filter((line) => !/^(?:User|IdentitiesOnly|PreferredAuthentications) /.test(line));
      const all = [...(ways[index % ways.length] ?? []), ...kept];
      await through(all, {}, (run) => works(run, all.join('\n')));
    }
  });

  test('twenty hosts behind a bastion that lets few log in at a time are all reached', possible, async () => {
    const {fleet, service} = world();
    fleet.on(
      host(),
      `sed 's/^MaxStartups.*/MaxStartups 3:100:3/' /etc/ssh/sshd_config >/etc/ssh/sshd_strict
       [ -e /run/strict ] || { /usr/sbin/sshd -f /etc/ssh/sshd_strict -p 2223; touch /run/strict; }`,
    );
    await through([], {}, async (run, destination) => {
      const bin = join(service.directory, `.git/ssh-${destination.replace('root@', '')}`);
      const config = readFileSync(join(bin, 'config'), 'utf8');
      const names = Array.from({length: 20}, (_, index) => `behind-${index + 1}`);
      const jump = `Host strict\n  HostName ${fleet.addressOf(host())}\n  Port 2223\n  HostKeyAlias ${host()}\n`;
      // Addresses of their own, as the bastion sees them: otherwise all would share one connection.
      const further = names.map(
        (name, index) =>
          `Host ${name}\n  HostName 127.0.0.${index + 2}\n  HostKeyAlias ${host()}\n  ProxyCommand ${bin}/ssh -W %h:%p strict\n`,
      );
      writeFileSync(join(bin, 'config'), `${jump}${further.join('')}${config}`);
      service.describe({hosts: names, replicas: 1});
      const {code, stderr} = await run('status', 'prod');
      assert.equal(code, 0, stderr.slice(-2000));
      assert.doesNotMatch(stderr, /skipping a host/);
      service.describe({hosts: [destination], replicas: 1});
    });
  });

  test('every form of a destination reaches its host', possible, async () => {
    const {fleet, service} = world();
    addUser('Administrator', 'bash');
    fleet.on(host(), '[ -e /run/sshd-2222 ] || { /usr/sbin/sshd -p 2222; touch /run/sshd-2222; }');
    await through([], {}, async (run, destination) => {
      const alias = destination.replace('root@', '');
      for (const form of [`ssh://root@${alias}:2222`, `ssh://${alias}`, `Administrator@${alias}`]) {
        service.describe({hosts: [form], replicas: 1});
        const {code, stderr} = await run('status', 'prod');
        assert.equal(code, 0, `${form}\n${stderr}`);
      }
      service.describe({hosts: [`root@${alias}:2222`], replicas: 1});
      const {code, stderr} = await run('status', 'prod');
      assert.equal(code, 65);
      assert.match(stderr, /deploy\.yaml:\d+: .*must have its port in a URI, ssh:\/\/USER@HOST:PORT/);
      service.describe({hosts: [destination], replicas: 1});
    });
  });

  test('a docker client with a /tmp of its own, as in a snap, gets secrets', possible, async () => {
    const {fleet} = world();
    addUser('snappy', 'bash');
    // In a directory of docker clients that sshd's own PATH does not have.
    fleet.on(
      host(),
      `mkdir -p /snap/bin && printf '%s\\n' '#!/bin/sh' 'exec unshare --map-root-user --mount sh -c "mount -t tmpfs tmpfs /tmp; exec /usr/bin/docker.real \\"\\$@\\"" docker "$@"' >/snap/bin/docker
       chmod 755 /snap /snap/bin /snap/bin/docker
       mv /usr/bin/docker /usr/bin/docker.real`,
    );
    try {
      await through([], {user: 'snappy'}, (run) => works(run, 'snap'));
    } finally {
      fleet.on(host(), 'mv /usr/bin/docker.real /usr/bin/docker; rm -r /snap');
    }
  });

  test('an engine that the user cannot use, and one that hangs, are named', possible, async () => {
    const {fleet, service} = world();
    addUser('outsider', 'bash');
    fleet.on(host(), 'gpasswd --delete outsider docker');
    await through([], {}, async (run, destination) => {
      service.describe({hosts: [destination.replace('root', 'outsider')], replicas: 1});
      const {code, stderr} = await run('status', 'prod');
      assert.equal(code, 69);
      assert.match(
        stderr,
        /no permission to use the Docker socket of outsider@[^]*fix: .*ssh -t outsider@\S+ 'sudo usermod/,
      );
      service.describe({hosts: [destination], replicas: 1});
      fleet.on(host(), 'pkill -STOP dockerd');
      const {code: hung, stderr: why} = await run('status', 'prod').finally(() =>
        fleet.on(host(), 'pkill -CONT dockerd'),
      );
      assert.equal(hung, 69);
      assert.match(why, /root@\S+ does not answer: timed out after 60 s/);
    });
  });

  fromImage(world, possible);
}

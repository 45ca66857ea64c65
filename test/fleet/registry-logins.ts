import assert from 'node:assert/strict';
import {test} from 'node:test';
import {login} from './keys.ts';
import {flaws} from './state.ts';
import type {World} from './world.ts';

const encoded = Buffer.from(`${login.user}:${login.password}`).toString('base64');

/** Hosts that are logged in to no registry. */
export function registryLogins(world: () => World, long: {skip?: string}): void {
  test('hosts without a login pull with that of deploy.yaml, which leaves nothing there', long, async () => {
    const {fleet, service, settle, deploy} = world();
    await settle('A');
    const onAll = (command: string): string => fleet.hosts.map((host) => fleet.on(host, command)).join('');
    onAll('mv /root/.docker/config.json /root/login.saved');
    try {
      service.renew('B');
      const refused = await deploy('B');
      assert.notEqual(refused.code, 0);
      assert.match(
        refused.stderr,
        /cannot pull the image on [^]*nothing has changed[^]*`registry_login` in deploy\.yaml/,
      );
      const given = `{user: ${login.user}, password: {command: [printenv, FLEET_PASSWORD]}}`;
      const {code, stdout, stderr} = await withLogin(world(), given);
      assert.equal(code, 0, stderr);
      assert.deepEqual(await flaws(fleet, service, 'B'), []);
      assert.ok(!(stdout + stderr).includes(login.password) && !(stdout + stderr).includes(encoded), stderr);
      assert.equal(
        onAll(`ls -A /root /tmp | grep '^entrypoint-' || :; grep -rl ${encoded} /tmp /root/.docker || :`),
        '',
      );
    } finally {
      onAll('mv /root/login.saved /root/.docker/config.json');
    }
  });
}

/** Deploys version B as a deployer whose docker has no login either. */
async function withLogin({service, describe}: World, registryLogin: string): ReturnType<World['deploy']> {
  describe({login: registryLogin});
  const env = {DOCKER_CONFIG: '/nonexistent', FLEET_PASSWORD: login.password};
  return service.start(service.deployWords('B'), undefined, env).ended;
}

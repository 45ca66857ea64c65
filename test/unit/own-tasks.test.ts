import assert from 'node:assert/strict';
import {test} from 'node:test';
import {deployImage, environmentOption, imageToDeploy, readTarget, task, testContext} from '../../src/index.ts';
import {directoryWith} from '../support/directory.ts';

/** A service's own `deploy`, made of public functions. */
const deploy = task('Deploy to an environment', {environment: environmentOption}, async (context, {environment}) => {
  const target = await readTarget(context, environment);
  const image = await imageToDeploy(context, target);
  const {deployed} = await deployImage(context, target, image);
  if (deployed !== undefined) context.say(`release ${deployed.release} serves at ${deployed.address}`);
  return deployed;
});

/** A command without its labels, and without a text for its standard input. */
const short = (text: string): string =>
  (text.includes('@@ containers') ? 'read the state of the host' : text)
    // A lock's container without its file.
    .replace(/^sh -c '(docker create .*?) \|\| exit; [^]*$/, '$1')
    .replace(/^sh -c 'rm -f \S+ 2>\/dev\/null \|\| :; (docker rm .*)'$/, '$1')
    .replace(/ <<'END'\n[^]*$/, ' <FILE')
    .replaceAll(/ --(?:label|filter|format) (?:'[^']*'|\S+)/g, '')
    .replace(/\.log\.[0-9a-f]{8}$/, '.log.TOKEN');

test("a service's own deploy runs the commands of a deploy, and returns what is deployed", async () => {
  const cwd = directoryWith({'deploy.yaml': 'service: shop\n'});
  const {context, commands, said, noted} = testContext({
    cwd,
    env: {GIT_COMMIT_HASH: '0123456789abcdef'},
    respond: (_, text) => {
      if (text.startsWith("docker inspect --format '{{.Image}}'")) return {exitCode: 1};
      if (text.startsWith('docker image inspect')) return {stdout: 'sha256:new\t0123456789abcdef\n'};
      if (text.startsWith('docker port')) return {stdout: '127.0.0.1:49153\n'};
      return undefined;
    },
  });
  assert.deepEqual(await deploy(context, {environment: 'local'}), {
    service: 'shop',
    environment: 'local',
    release: 1,
    previous: 0,
    image: 'sha256:new',
    address: 'http://127.0.0.1:49153',
    addresses: ['http://127.0.0.1:49153'],
    skipped: [],
  });
  assert.deepEqual(said, ['release 1 serves at http://127.0.0.1:49153']);
  assert.deepEqual(noted, ['release 1 of shop.local: sha256:new']);
  assert.deepEqual(commands.map(short), [
    'docker version',
    `LC_ALL=C git --no-optional-locks -c core.autocrlf=input -c core.safecrlf=false -C ${cwd} status --porcelain=v2 --branch --untracked-files=all -- . ':(exclude,literal)deploy.yaml' ':(exclude,literal)deploy.yml'`,
    `git -C ${cwd} rev-list --max-count=1 HEAD -- . ':(exclude,literal)deploy.yaml' ':(exclude,literal)deploy.yml'`,
    "docker inspect ''",
    'docker image inspect shop:0123456789ab',
    'read the state of the host',
    'docker pull --quiet entrypoint/haproxy:3.0',
    'docker create --entrypoint sleep --name shop.local.lock --network none --log-driver none --no-healthcheck sha256:new infinity',
    'docker ps --all --no-trunc',
    'docker network create shop.local',
    'docker run --detach --name shop.local.balancer --network shop.local --restart always --publish 127.0.0.1::8080 entrypoint/haproxy:3.0',
    'docker exec --interactive shop.local.balancer lb config --wait shop.local <FILE',
    'docker run --detach --name shop.local.1.1 --network shop.local --restart always --stop-timeout 30 --env PORT=3000 sha256:new run',
    'docker exec shop.local.balancer lb start 60 shop.local/1a=shop.local.1.1:3000',
    "docker exec --interactive shop.local.balancer sh -c 'lb switch --to shop.local/1a </dev/null && lb config --no-reload shop.local' <FILE",
    'docker volume create shop.local.log.TOKEN',
    'docker rm --force --volumes shop.local.lock',
    'docker port shop.local.balancer 8080/tcp',
  ]);
});

test('its errors are those of the standard task, and nothing has run', async () => {
  const {context, commands} = testContext({cwd: directoryWith({'deploy.yaml': 'service: shop\n'})});
  await assert.rejects(deploy(context, {environment: 'prod'}), {code: 'unknown_environment', exitCode: 64});
  assert.deepEqual(commands, []);
});

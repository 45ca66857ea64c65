import assert from 'node:assert/strict';
import {cpSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {all, everyKind, startLoad} from '../../server/load/under-load.ts';
import {temporaryDirectory} from '../../support/directory.ts';
import {must} from '../../support/docker.ts';
import {eventually} from '../../support/until.ts';
import {buildImages, makePlace} from './containers.ts';

buildImages('node', 'haproxy');
const place = makePlace();
const image = `${place.name}:service`;
const cycles = all ? 100 : 4;

// HAProxy's defaults: `retries 3`, for failed connects only. The last retry goes to another server, because a stopped
// container has no address that would refuse.
const config = (servers: readonly string[]): string => `
global
    log stdout format raw local0
    stats socket /tmp/admin.sock
defaults
    mode http
    log global
    option httplog
    option redispatch
    timeout connect 1s
    timeout check 2s
    timeout client 60s
    timeout server 60s
frontend web
    bind :8080
    default_backend service
backend service
    option httpchk GET /
    default-server check inter 300ms fall 2 rise 1 resolvers docker init-addr last,libc,none
${servers.map((name) => `    server ${name} ${name}:3000`).join('\n')}
resolvers docker
    nameserver dns 127.0.0.11:53
    hold valid 1s
`;

async function buildService(): Promise<void> {
  const directory = temporaryDirectory();
  after(async () => {
    await must(['image', 'rm', '--force', image]);
  });
  cpSync(join(import.meta.dirname, '../../server/load/fixtures/busy.mjs'), join(directory, 'server.js'));
  writeFileSync(join(directory, 'package.json'), '{"name": "busy", "type": "module"}\n');
  writeFileSync(join(directory, 'Dockerfile'), 'FROM entrypoint/node:26\nCOPY . .\n');
  await must(['build', '--quiet', '--tag', image, directory]);
}

const answersIn = async (container: string): Promise<boolean> =>
  (await must([
    'exec',
    container,
    'node',
    '--eval',
    "fetch('http://127.0.0.1:3000/').then((r) => console.log(r.ok), () => console.log(false))",
  ])) === 'true';

/** Number of servers that passed the balancer's last check: 2 is SRV_ST_RUNNING. */
const serversUp = async (balancer: string): Promise<number> =>
  (await must(['exec', balancer, 'sh', '-c', 'echo show servers state | socat - /tmp/admin.sock']))
    .split('\n')
    .filter((line) => line.split(' ')[5] === '2').length;

test(`no request fails over ${cycles} stops and starts of a server behind HAProxy with its default retries`, async () => {
  await buildService();
  const replicas = await Promise.all(
    ['one', 'two'].map((name) => place.start(name, ['--env', 'WEB_CONCURRENCY=2', image, 'run'])),
  );
  for (const replica of replicas) await eventually(20, () => answersIn(replica), Boolean);
  const balancer = await place.start('balancer', [
    '--publish',
    '127.0.0.1::8080',
    '--env',
    `CONFIG=${config(replicas)}`,
    '--entrypoint',
    'sh',
    'entrypoint/haproxy:3.0',
    '-c',
    'printf %s "$CONFIG" >/tmp/haproxy.cfg; exec haproxy -W -db -f /tmp/haproxy.cfg',
  ]);
  const port = Number((await must(['port', balancer, '8080/tcp'])).split(':').at(-1));
  await eventually(
    10,
    () => serversUp(balancer),
    (count) => count === 2,
  );
  const load = startLoad({port}, everyKind);
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    const replica = replicas[cycle % 2] ?? '';
    await must(['stop', '--time', '20', replica]);
    assert.equal(await must(['inspect', '--format', '{{.State.ExitCode}}', replica]), '0');
    await must(['start', replica]);
    await eventually(20, () => answersIn(replica), Boolean);
    await eventually(
      20,
      () => serversUp(balancer),
      (count) => count === 2,
    );
    if (load.sofar.failures.length > 0) break;
  }
  const {answered, failures} = await load.stop();
  const refused = (await must(['logs', balancer])).split('\n').filter((line) => / (?:5\d\d|-1) \d+ /.test(line));
  assert.deepEqual(failures, [], `the balancer says: ${refused.join('\n')}`);
  assert.ok(answered > cycles * 100, `${answered} were answered`);
});

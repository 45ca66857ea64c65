import assert from 'node:assert/strict';
import {test} from 'node:test';
import {deploy} from '../../../../../src/deploy/hosts/operations/deploy.ts';
import {status} from '../../../../../src/deploy/hosts/operations/status.ts';
import {planText} from '../../../../../src/deploy/hosts/plan/plan.ts';
import {replicaSettings} from '../../../../../src/deploy/target.ts';
import {configOf, container, isHostQuery, record, type Seen, stateText, target} from '../stack.ts';

const tcp = "log: {driver: syslog, options: {syslog-address: 'tcp://10.0.0.9'}";
const deployment = (settings: string) => ({...target(settings), image: 'sha256:new', commit: 'def'});
const having = (seen: Seen) =>
  record((text) => {
    if (isHostQuery(text)) return {stdout: stateText(seen)};
    return text.startsWith('docker port') ? {stdout: '127.0.0.1:49153\n'} : undefined;
  });
const slot = {
  host: '',
  replica: 1,
  colour: 'blue',
  container: 'shop.local.1.1',
  address: 'shop.local.1.1',
  port: 3000,
} as const;

/** What of each command is about the log. */
const kinds = (commands: readonly string[]): readonly string[] =>
  commands.flatMap((text) => {
    if (/^sh -c 'docker run .*10\.0\.0\.9 514/.test(text)) return [text.includes('--name') ? 'ask and keep' : 'ask'];
    if (text.includes('docker start --attach')) return ['start a container with the driver'];
    if (text.startsWith("sh -c 'start() {")) return ['start, or fall back'];
    if (/^docker run .*--log-driver syslog/.test(text)) return ['start'];
    if (text.includes('id=$(docker create')) return ['create'];
    return [];
  });

test('the endpoint is asked before anything changes and again when the replicas start', async () => {
  const {context, commands} = having({images: ['entrypoint/haproxy:3.0']});
  await deploy(context, deployment(`${tcp}}`));
  assert.deepEqual(kinds(commands()), ['ask', 'start a container with the driver', 'ask', 'start']);
});

test('with a fallback, the answer is kept for all replicas, and the options of both drivers are checked before', async () => {
  const {context, commands} = having({images: ['entrypoint/haproxy:3.0']});
  await deploy(context, deployment(`replicas: 2, ${tcp}, fallback: {driver: local}}`));
  assert.deepEqual(kinds(commands()), [
    'create',
    'create',
    'ask and keep',
    'start, or fall back',
    'start, or fall back',
  ]);
});

test('a driver without an endpoint is asked nothing', async () => {
  const {context, commands} = having({images: ['entrypoint/haproxy:3.0']});
  await deploy(context, deployment('log: {driver: local}'));
  assert.deepEqual(kinds(commands()), ['create']);
});

test('a plan warns of each thing once', async () => {
  const {context} = having({images: ['entrypoint/haproxy:3.0']});
  const {plan} = await deploy(context, deployment(`${tcp.replace('}', ', mode: non-blocking}')}}`), {planOnly: true});
  const warnings = planText(plan)
    .split('\n')
    .filter((line) => line.includes('warning'));
  assert.deepEqual(warnings, [
    'note: warning: deploy.yaml: mode: non-blocking with a buffer of 1m, the default, loses lines uncounted while the service writes faster than the driver; max-buffer-size: 16m holds more',
    'note: warning: deploy.yaml: while tcp://10.0.0.9:514 is down, docker starts no container with the log driver syslog: not after a crash or a reboot either; a deploy is refused, unless log.fallback names a driver',
  ]);
});

test('a replica that has its fallback is drift', async () => {
  const its = target(`${tcp}, fallback: {driver: local}}`);
  const settings = replicaSettings(its);
  const app = {release: '1', replica: '1', half: 'a', settings, fallback: 'syslog'};
  const {context} = having({
    containers: [
      container('shop.local.1.1', 'running', app),
      container('shop.local.balancer', 'running', {role: 'balancer'}),
    ],
    network: true,
    balancer: configOf({release: 1, slots: [slot]}),
  });
  assert.deepEqual((await status(context, its)).drift, [
    'shop.local.1.1 on local logs to its fallback: the endpoint of syslog was down when it started; the next deploy tries again',
  ]);
});

test('neither a fallback nor a reader makes the running replicas differ from deploy.yaml', () => {
  assert.equal(
    replicaSettings(target(`${tcp}}`)),
    replicaSettings(target(`${tcp}, fallback: {driver: local}, reader: {command: [cat]}}`)),
  );
  assert.notEqual(replicaSettings(target(`${tcp}}`)), replicaSettings(target('log: {driver: local}')));
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {deploy, rollback} from '../../../../../src/deploy/hosts/operations/deploy.ts';
import {balancerHash} from '../../../../../src/deploy/hosts/plan/steps/balancer.ts';
import {problem} from '../../../../../src/errors.ts';
import {configOf, container, type Engine, isHostQuery, record, type Seen, stateText, target} from '../stack.ts';

// A prune between two commands of a deploy.

const app = (release: number, state: string, half: string, image = 'sha256:old'): string =>
  container(`shop.local.${release}.1`, state, {release: String(release), replica: '1', half, image});
const balancer = container('shop.local.balancer', 'running', {role: 'balancer', settings: balancerHash(target())});
const having =
  (seen: Seen): Engine =>
  (text) =>
    isHostQuery(text) ? {stdout: stateText(seen)} : undefined;

/** Fails a command once, as a prune between two commands does. */
function pruningOnce(pattern: RegExp, detail: string, exitCode: number, engine: Engine): Engine {
  let times = 0;
  return (text) => {
    if (!pattern.test(text) || (times += 1) > 1) return engine(text);
    return problem({code: 'command_failed', what: 'it failed', details: [detail], exitCode});
  };
}

/** The pulls of a deploy in which a prune takes an image once, before the command that needs it. */
async function pullsWhen(pattern: RegExp, image: string): Promise<string[]> {
  const {context, commands} = record(
    pruningOnce(pattern, `Unable to find image '${image}' locally`, 125, having({images: ['entrypoint/haproxy:3.0']})),
  );
  await deploy(context, {
    ...target('hosts: [h1], watch_seconds: 0, load_balancer: {image: lan/haproxy}'),
    image: 'lan/shop@sha256:new',
    commit: '',
  });
  return commands().flatMap((text) =>
    text.includes('docker pull')
      ? [...text.matchAll(/docker pull --quiet ([\w/:@.]+)/g)].map(([, one = '']) => one).join(' ')
      : [],
  );
}

test('an image that a prune takes between its pull and its use is pulled again, for the lock and for a balancer', async () => {
  assert.deepEqual(await pullsWhen(/entrypoint sleep .*lan\/shop@sha256:new/, 'lan/shop@sha256:new'), [
    'lan/shop@sha256:new lan/haproxy',
    'lan/shop@sha256:new',
  ]);
  assert.deepEqual(await pullsWhen(/docker run --detach --name shop.local.balancer .* lan\/haproxy/, 'lan/haproxy'), [
    'lan/shop@sha256:new lan/haproxy',
    'lan/haproxy',
  ]);
});

test('a rollback whose stopped containers a prune takes in between creates them anew', async () => {
  const kept: Seen = {
    containers: [app(1, 'exited', 'a'), app(2, 'running', 'b', 'sha256:new'), balancer],
    network: true,
    balancer: configOf({
      release: 2,
      previous: 1,
      slots: [
        {host: '', replica: 1, colour: 'green', container: 'shop.local.2.1', address: 'shop.local.2.1', port: 3000},
      ],
    }),
    log: [
      [1, 'sha256:old'],
      [2, 'sha256:new'],
    ],
  };
  let surveys = 0;
  const engine: Engine = (text) => {
    if (!isHostQuery(text)) return having(kept)(text);
    surveys += 1;
    return {stdout: stateText(surveys === 1 ? kept : {...kept, containers: (kept.containers ?? []).slice(1)})};
  };
  const {context, commands} = record(
    pruningOnce(
      /docker update --restart always/,
      'Error response from daemon: No such container: shop.local.1.1',
      1,
      engine,
    ),
  );
  const {deployed} = await rollback(context, target());
  assert.deepEqual([deployed?.release, surveys], [1, 2]);
  assert.ok(commands().some((text) => /^docker run --detach --name shop\.local\.1\.1 .* sha256:old run$/.test(text)));
});

test('a new volume that a prune takes before its use is made again, with its owner', async () => {
  const {context, commands} = record(
    pruningOnce(/docker volume inspect/, 'volume shop.local.app.data not found', 125, having({})),
  );
  await deploy(context, {...target('volumes: {data: /data}'), image: 'sha256:new', commit: ''});
  assert.equal(commands().filter((text) => text.startsWith('docker volume create shop.local.app.data')).length, 2);
  assert.equal(commands().filter((text) => text.startsWith('docker run --detach --name shop.local.1.1')).length, 2);
});

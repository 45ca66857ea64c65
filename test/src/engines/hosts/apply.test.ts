import assert from 'node:assert/strict';
import {test} from 'node:test';
import {apply} from '../../../../src/engines/hosts/apply.ts';
import {rollback} from '../../../../src/engines/hosts/rollback.ts';
import {isProblem, problem} from '../../../../src/errors.ts';
import {configOf, container, record, target} from './scene.ts';
import type {Engine} from './scene.ts';

const deployment = (place = '') => ({...target(place), image: 'sha256:new', commit: 'def'});
/** There is no lock, and the balancer answers at a port. */
const idle: Engine = (text) => {
  if (text.includes('shop.local.lock') && text.startsWith('docker inspect')) return {exitCode: 1};
  return text.startsWith('docker port') ? {stdout: '127.0.0.1:49153\n'} : undefined;
};
const settings = '1f2b5f165935';
const one = {host: '', replica: 1, half: 'a', container: 'shop.local.1.1', address: 'shop.local.1.1', port: 3000} as const;
const running: Engine = (text) => {
  if (text.startsWith('docker ps')) return {stdout: [
    container('shop.local.1.1', 'running', {release: '1', replica: '1', half: 'a'}),
    container('shop.local.balancer', 'running', {role: 'balancer', settings}),
  ].join('\n')};
  if (text.includes('cat /etc/haproxy')) return {stdout: configOf({release: 1, slots: [one]})};
  if (text.startsWith('docker network ls')) return {stdout: 'shop.local'};
  return idle(text);
};

const failing: Engine = (text) => (text.includes(' test-sanity') && text.startsWith('docker run')
  ? problem({code: 'command_failed', what: 'it failed', exitCode: 3}) : running(text));
/** Somebody has held the lock for so many seconds. */
const held = (age: number): Engine => (text) => (text.startsWith('docker inspect')
  ? {stdout: `${new Date(Date.now() - age * 1000).toISOString()}\tjo@laptop\tdeploy\n`} : idle(text));

test('the first deploy makes the network and the balancer, then moves the traffic', async () => {
  const {context, commands} = record(idle);
  const deployed = await apply(context, deployment());
  assert.deepEqual([deployed.release, deployed.previous, deployed.address], [1, 0, 'http://127.0.0.1:49153']);
  assert.deepEqual(commands(), [
    'docker inspect',
    'docker create --name shop.local.lock --label entrypoint.role=lock --label entrypoint.lock.reason=deploy sha256:new --list',
    'docker ps --all --no-trunc',
    "docker network ls --filter 'name=^shop.local$'",
    'docker network create shop.local',
    'docker run --detach --name shop.local.balancer --network shop.local --restart always --publish 127.0.0.1::8080 --label entrypoint.role=balancer entrypoint/haproxy:3.0',
    'docker exec --interactive shop.local.balancer lb config --wait <FILE',
    'docker run --detach --name shop.local.1.1 --network shop.local --restart always --stop-timeout 30 --label entrypoint.role=app --label entrypoint.release=1 --label entrypoint.replica=1 --label entrypoint.half=a --label entrypoint.port=3000 --label entrypoint.git_commit_hash=def --env PORT=3000 sha256:new run',
    'docker exec shop.local.balancer lb start web/1a shop.local.1.1 3000 60',
    'docker exec shop.local.balancer lb switch --to web/1a',
    'docker exec --interactive shop.local.balancer lb config --no-reload <FILE',
    'docker port shop.local.balancer 8080/tcp',
    'docker rm --force --volumes shop.local.lock',
  ]);
});

test('the next one starts beside the old release, switches, commits, and only then drains and stops the old one', async () => {
  const {context, commands} = record(running);
  const deployed = await apply(context, deployment('before: [migrate], after: [test_sanity]'));
  assert.deepEqual([deployed.release, deployed.previous], [2, 1]);
  const changes = commands().filter((text) => !/^docker (?:ps|inspect|network|port)|cat \/etc/.test(text)).map((text) => text.replace(/ --label.*(?= sha256)/, ''));
  assert.deepEqual(changes, [
    'docker create --name shop.local.lock sha256:new --list',
    'docker run --rm --name shop.local.2.migrate --network shop.local sha256:new migrate',
    'docker run --detach --name shop.local.2.1 --network shop.local --restart always --stop-timeout 30 sha256:new run',
    'docker exec shop.local.balancer lb start web/1b shop.local.2.1 3000 60',
    'docker exec shop.local.balancer lb switch --to web/1b --from web/1a',
    'docker run --rm --name shop.local.2.test-sanity --network shop.local sha256:new test-sanity',
    'docker exec --interactive shop.local.balancer lb config --no-reload <FILE',
    'docker exec shop.local.balancer lb idle 30 web/1a',
    'docker update --restart no shop.local.1.1',
    'docker stop --time 30 shop.local.1.1',
    'docker rm --force --volumes shop.local.lock',
  ]);
});

test('a check after the switch that fails brings the traffic back before the new release goes, newest step first', async () => {
  const {context, commands} = record(failing);
  await assert.rejects(apply(context, deployment('after: [test_sanity]')), (error) => isProblem(error) && error.exitCode === 3);
  const all = commands();
  assert.deepEqual(all.slice(all.findIndex((text) => text.includes('test-sanity')) + 1), [
    'docker rm --force --volumes shop.local.2.test-sanity',
    'docker exec shop.local.balancer lb switch --to web/1a --from web/1b',
    'docker exec shop.local.balancer lb idle 30 web/1b',
    'docker rm --force --volumes shop.local.2.1',
    'docker rm --force --volumes shop.local.lock',
  ]);
});

test('what a deploy that died left behind is taken away first, and the balancer is set back to its file', async () => {
  const {context, commands} = record((text) => (text.startsWith('docker ps')
    ? {stdout: `${running(text) instanceof Error ? '' : (running(text) as {stdout: string}).stdout}\n${container('shop.local.2.1', 'running', {release: '2', replica: '1', half: 'b'})}`}
    : running(text)));
  assert.equal((await apply(context, deployment())).release, 3);
  const all = commands();
  const restored = all.indexOf('docker exec shop.local.balancer lb restore');
  assert.ok(restored > 0, all.join('\n'));
  assert.equal(all[restored + 1], 'docker rm --force --volumes shop.local.2.1');
});

test('a lock that is held ends the deploy before it changes anything, an expired one is taken over aloud', async () => {
  const young = record(held(60));
  await assert.rejects(apply(young.context, deployment()), /shop in local is locked by jo@laptop \(deploy, for 6\d s\)/);
  assert.deepEqual(young.commands(), ['docker inspect']);
  const notes: string[] = [];
  const old = record(held(2000));
  await apply({...old.context, note: (text) => notes.push(text)}, deployment());
  assert.deepEqual(old.commands().slice(0, 2), ['docker inspect', 'docker rm --force --volumes shop.local.lock']);
  assert.match(notes[0] ?? '', /^taking over the lock of jo@laptop \(deploy\): it expired 200 s ago$/);
});

test('rollback starts the containers of the release before and moves the traffic to them', async () => {
  const two = {host: '', replica: 1, half: 'b', container: 'shop.local.2.1', address: 'shop.local.2.1', port: 3000} as const;
  const {context, commands} = record((text) => {
    if (text.startsWith('docker ps')) return {stdout: [
      container('shop.local.1.1', 'exited', {release: '1', replica: '1', half: 'a'}),
      container('shop.local.2.1', 'running', {release: '2', replica: '1', half: 'b', image: 'sha256:new'}),
      container('shop.local.balancer', 'running', {role: 'balancer', settings}),
    ].join('\n')};
    if (text.includes('cat /etc/haproxy')) return {stdout: configOf({release: 2, previous: 1, slots: [two]})};
    return idle(text);
  });
  const deployed = await rollback(context, target());
  assert.deepEqual([deployed.release, deployed.previous, deployed.image], [1, 2, 'sha256:old']);
  assert.deepEqual(commands().filter((text) => !/^docker (?:ps|inspect|port)|cat \/etc/.test(text)), [
    'docker create --name shop.local.lock --label entrypoint.role=lock --label entrypoint.lock.reason=rollback sha256:old --list',
    'docker update --restart always shop.local.1.1',
    'docker start shop.local.1.1',
    'docker exec shop.local.balancer lb start web/1a shop.local.1.1 3000 60',
    'docker exec shop.local.balancer lb switch --to web/1a --from web/1b',
    'docker exec --interactive shop.local.balancer lb config --no-reload <FILE',
    'docker exec shop.local.balancer lb idle 30 web/1b',
    'docker update --restart no shop.local.2.1',
    'docker stop --time 30 shop.local.2.1',
    'docker rm --force --volumes shop.local.lock',
  ]);
});

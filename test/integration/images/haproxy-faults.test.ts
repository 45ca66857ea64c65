import assert from 'node:assert/strict';
import {test} from 'node:test';
import {healthCheckOf} from '../../../src/service/schema/health-check.ts';
import {docker, must} from '../../support/docker.ts';
import {eventually} from '../../support/until.ts';
import {answer, configText, startApp, startBalancer} from './balancer.ts';
import {addressOf, buildImages, makePlace} from './containers.ts';

buildImages('base', 'haproxy');
const place = makePlace();
const balancer = await startBalancer(place);
const first = await startApp(place, 'first', 'v1');
const second = await startApp(place, 'second', 'v2');

test('before the first configuration the balancer answers 503', async () => {
  assert.equal(
    await eventually(
      5,
      () => answer(balancer),
      (text) => text.startsWith('status'),
    ),
    'status 503',
  );
});

test('a started server gets no traffic before the switch', async () => {
  await balancer.mustLb(['config', 'web'], configText());
  await balancer.mustLb(['start', '10', `web/1a=${first}:3000`]);
  assert.equal(await answer(balancer), 'status 503');
  assert.match(await balancer.mustLb(['show']), /^web\/1a +DRAIN .*L7OK (?:200|-)/m);
  await balancer.mustLb(['switch', '--to', 'web/1a']);
  assert.equal(await answer(balancer), 'v1');
});

test('an invalid configuration is refused with its line number, and nothing changes', async () => {
  const before = await must(['exec', balancer.container, 'lb', 'fragment', 'web']);
  const {code, stderr} = await balancer.lb(['config', 'web'], `${configText()}    bogus\n`);
  assert.equal(code, 1);
  assert.match(stderr, /web\.cfg:\d+\] : unknown keyword 'bogus'/);
  assert.match(stderr, /lb: the configuration is invalid; the old one stays in force/);
  assert.equal(await must(['exec', balancer.container, 'lb', 'fragment', 'web']), before);
  assert.equal(await answer(balancer), 'v1');
});

test('a valid configuration that HAProxy cannot load is rolled back', async () => {
  const before = await must(['exec', balancer.container, 'lb', 'fragment', 'web']);
  const {code, stderr} = await balancer.lb(['config', 'web'], `${configText()}frontend other\n    bind 192.0.2.1:80\n`);
  assert.equal(code, 1);
  assert.match(stderr, /cannot bind socket/);
  assert.equal(await must(['exec', balancer.container, 'lb', 'fragment', 'web']), before);
  assert.equal(await answer(balancer), 'v1');
});

test('the same configuration again starts no new worker', async () => {
  const workers = (): Promise<string> =>
    must([
      'exec',
      balancer.container,
      'sh',
      '-c',
      'echo show proc | socat - /run/haproxy/master.sock | awk \'$2 == "worker" {print $1}\'',
    ]);
  const before = await workers();
  await balancer.mustLb(['config', 'web'], configText());
  assert.equal(await workers(), before);
});

test('a server that never becomes healthy fails at the deadline, with the last answer of its check', async () => {
  const sick = await startApp(place, 'sick', 'v0', 'no');
  const started = Date.now();
  const {code, stderr} = await balancer.lb(['start', '2', `web/1b=${sick}:3000`]);
  const seconds = (Date.now() - started) / 1000;
  assert.equal(code, 1);
  assert.ok(seconds > 1.9 && seconds < 15, `${seconds} s`);
  assert.match(stderr, /did not become healthy: L7STS 503/);
  assert.match(stderr, /GET \/ready answers: HTTP\/1\.1 503 Service Unavailable +\{"database":"down"\}/);
  assert.equal(await answer(balancer), 'v1');
});

const late = (path: string): string =>
  configText({}, 1, {
    name: 'late',
    health: healthCheckOf(path, undefined),
    file: {routes: [{host: 'late.example.com'}]},
  });

test('a health check can take longer than the time between two, up to two seconds', async () => {
  await balancer.mustLb(['config', 'late'], late('/?ms=1200'));
  await balancer.mustLb(['start', '10', `late/1a=${second}:3000`]);
  await balancer.mustLb(['config', 'late'], late('/?ms=4000'));
  const {code, stderr} = await balancer.lb(['start', '6', `late/1b=${second}:3000`]);
  assert.equal(code, 1);
  assert.match(stderr, /did not become healthy: L7TOUT/);
  await balancer.mustLb(['remove', 'late']);
});

test('the health of an earlier release in a slot does not count for the next one', async () => {
  await balancer.mustLb(['start', '10', `web/1b=${second}:3000`]);
  await balancer.mustLb(['disable', 'web/1b']);
  const {code, stderr} = await balancer.lb(['start', '1', `web/1b=${second}:3999`]);
  assert.equal(code, 1);
  assert.match(stderr, /L4CON.*Connection refused/);
});

test('an lb start left behind by a killed deployer does not disable a slot that was started since', async () => {
  const ghost = await startApp(place, 'ghost', 'v0', 'no');
  const left = balancer.lb(['start', '30', `web/1b=${ghost}:3000`]);
  await eventually(
    5,
    () => balancer.mustLb(['show']),
    (text) => /web\/1b .*L7STS 503/.test(text),
  );
  await must(['rm', '--force', ghost]);
  const slow = await startApp(place, 'slow', 'v0', 'no');
  // Its checks run to its deadline, although the other start gives up after two seconds.
  const {code, stderr} = await balancer.lb(['start', '6', `web/1b=${slow}:3000`]);
  assert.equal(code, 1);
  assert.match(stderr, /did not become healthy: L7STS 503/);
  // It gives up on its own container, or where it looked just while the second start had the slot disabled, on the slot.
  const {code: gaveUp, stderr: orphan} = await left;
  assert.equal(gaveUp, 1);
  assert.match(orphan, /has ended: it has no address any more|web\/1b was disabled while it was starting/);
});

test('of two addresses that a name has, the one that answers gets the traffic', async () => {
  // As after a kill of the engine, which can still have the address of an earlier container of that name.
  const alias = ['--network-alias', `${place.name}.twice`];
  await place.start('gone', [...alias, '--entrypoint', 'sleep', 'entrypoint/base:26', '120']);
  await startApp(place, 'there', 'v4', 'yes', alias);
  // Which of them comes first differs from one query to the next.
  for (let count = 0; count < 2; count += 1) await balancer.mustLb(['start', '20', `web/1b=${place.name}.twice:3000`]);
  await balancer.mustLb(['switch', '--to', 'web/1b', '--from', 'web/1a']);
  assert.equal(await answer(balancer), 'v4');
  await balancer.mustLb(['switch', '--to', 'web/1a', '--from', 'web/1b']);
  await balancer.mustLb(['drain', '5', 'web/1b']);
});

test('a missing container is named', async () => {
  const {code, stderr} = await balancer.lb(['start', '1', `web/1b=${place.name}.missing:3000`]);
  assert.equal(code, 1);
  assert.match(stderr, /no address is known for .*\.missing/);
});

test('a command that HAProxy refuses fails with its message', async () => {
  const {code, stderr} = await balancer.lb(['disable', 'web/9z']);
  assert.equal(code, 1);
  assert.match(stderr, /HAProxy refused: No such server/);
});

test('drain waits for a slow request, and continues with a warning at its deadline', async () => {
  await balancer.mustLb(['start', '10', `web/1b=${second}:3000`]);
  const slow = fetch(`http://127.0.0.1:${await balancer.port()}/?ms=8000`).then((response) => response.text());
  await balancer.mustLb(['switch', '--to', 'web/1b', '--from', 'web/1a']);
  const {code, stderr} = await balancer.lb(['drain', '1', 'web/1a']);
  assert.equal(code, 0);
  assert.match(stderr, /warning: 1 connections? still open on web\/1a/);
  assert.equal(await slow, 'v1');
  await balancer.mustLb(['start', '10', `web/1a=${first}:3000`]);
  await balancer.mustLb(['switch', '--to', 'web/1a', '--from', 'web/1b']);
  await balancer.mustLb(['drain', '5', 'web/1b']);
  await balancer.mustLb(['config', '--no-reload', 'web'], configText({'1a': first}));
});

test('after kill -9 of the worker the same server gets the traffic', async () => {
  await must([
    'exec',
    balancer.container,
    'sh',
    '-c',
    'kill -9 $(echo show proc | socat - /run/haproxy/master.sock | awk \'$2 == "worker" {print $1}\')',
  ]);
  await eventually(
    10,
    () => answer(balancer),
    (text) => text === 'v1',
  );
  assert.match(await balancer.mustLb(['show']), /^web\/1a +UP .*\nweb\/1b +MAINT/m);
});

test('after a restart of the balancer the same server gets the traffic', async () => {
  await must(['restart', '--time', '5', balancer.container]);
  await eventually(
    10,
    () => answer(balancer),
    (text) => text === 'v1',
  );
});

test('a slot started before a restart of the balancer is free again, and gets no traffic', async () => {
  await balancer.mustLb(['start', '10', `web/1b=${second}:3000`]);
  await must(['restart', '--time', '5', balancer.container]);
  await eventually(
    10,
    () => answer(balancer),
    (text) => text === 'v1',
  );
  for (const words of [
    ['switch', '--to', 'web/1b', '--from', 'web/1a'],
    ['canary', 'web', 'green', 'web/1a=256', 'web/1b=28'],
  ]) {
    const {code, stderr} = await balancer.lb(words);
    assert.deepEqual([code, stderr], [1, 'lb: not started since HAProxy started: web/1b; no traffic moved']);
  }
  assert.equal(await answer(balancer), 'v1');
});

test('an app that returns with another address is found by its name, in a slot set at run time and in one of the file', async () => {
  const move = async (filler: string): Promise<void> => {
    const before = await addressOf(first);
    await must(['stop', '--time', '2', first]);
    // Another container takes the address meanwhile.
    await place.start(filler, ['--entrypoint', 'sleep', 'entrypoint/base:26', '60']);
    await must(['start', first]);
    assert.notEqual(await addressOf(first), before);
    await eventually(
      10,
      () => answer(balancer),
      (text) => text === 'v1',
    );
  };
  await move('filler.1');
  await balancer.mustLb(['start', '10', `web/1b=${second}:3000`]);
  await balancer.mustLb(['switch', '--to', 'web/1b', '--from', 'web/1a']);
  await balancer.mustLb(['drain', '5', 'web/1a']);
  await balancer.mustLb(['start', '10', `web/1a=${first}:3000`]);
  await balancer.mustLb(['switch', '--to', 'web/1a', '--from', 'web/1b']);
  await balancer.mustLb(['drain', '5', 'web/1b']);
  await move('filler.2');
});

test('restore undoes a switch that the file does not have, also where the slot was reused', async () => {
  await balancer.mustLb(['start', '10', `web/1b=${second}:3000`]);
  await balancer.mustLb(['switch', '--to', 'web/1b', '--from', 'web/1a']);
  assert.equal(await answer(balancer), 'v2');
  await balancer.mustLb(['restore', 'web']);
  assert.equal(await answer(balancer), 'v1');
  assert.match(await balancer.mustLb(['show']), /^web\/1a +UP .*\nweb\/1b +MAINT/m);
  const third = await startApp(place, 'third', 'v3');
  await balancer.mustLb(['start', '10', `web/1a=${third}:3000`]);
  await balancer.mustLb(['switch', '--to', 'web/1a']);
  assert.equal(await answer(balancer), 'v3');
  await balancer.mustLb(['restore', 'web']);
  assert.equal(await answer(balancer), 'v1');
});

test('restore goes back to the servers that are up without waiting for one that is down', async () => {
  await balancer.mustLb(['config', 'web'], configText({'1a': first, '2a': second}, 2));
  await balancer.mustLb(['restore', 'web']);
  const third = await startApp(place, 'living', 'v3');
  await balancer.mustLb(['start', '10', `web/1b=${third}:3000`]);
  await balancer.mustLb(['switch', '--to', 'web/1b', '--from', 'web/1a,web/2a']);
  await balancer.mustLb(['drain', '5', 'web/1a', 'web/2a']);
  await must(['pause', second]);
  const started = Date.now();
  const {code, stderr} = await balancer.lb(['restore', 'web']);
  assert.deepEqual([code, stderr], [0, 'lb: warning: web/2a not healthy yet; traffic follows once the check passes']);
  assert.ok(Date.now() - started < 15_000);
  for (let count = 0; count < 4; count += 1) assert.equal(await answer(balancer), 'v1');
  await must(['unpause', second]);
  await eventually(
    10,
    () => answer(balancer),
    (text) => text === 'v2',
  );
  await balancer.mustLb(['config', 'web'], configText({'1a': first}, 2));
  await balancer.mustLb(['restore', 'web']);
});

test('a reload keeps the servers as they are: address, traffic, health', async () => {
  await balancer.mustLb(['config', 'web'], configText({'1a': first}, 2));
  assert.equal(await answer(balancer), 'v1');
  const shown = await balancer.mustLb(['show']);
  assert.match(shown, /^web\/1a +UP .*\nweb\/1b +MAINT .*\nweb\/2a +MAINT .*\nweb\/2b +MAINT/m);
});

test('the balancer stops at once', async () => {
  const started = Date.now();
  await docker(['stop', balancer.container]);
  assert.ok(Date.now() - started < 3000);
});

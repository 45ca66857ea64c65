import assert from 'node:assert/strict';
import {test} from 'node:test';
import {must} from '../../support/docker.ts';
import {eventually} from '../../support/until.ts';
import {answer, configText, startApp, startBalancer} from './balancer.ts';
import {addressOf, buildImages, makePlace} from './containers.ts';
import {startLoad} from './load.ts';

buildImages('base', 'haproxy');
const place = makePlace();

test('five switches under 200 requests a second lose none, on kept and new connections, slow requests included', async () => {
  const balancer = await startBalancer(place);
  let old = await startApp(place, 'app.0', 'v0');
  await balancer.mustLb(['config', 'web'], configText());
  await balancer.mustLb(['start', '10', `web/1a=${old}:3000`]);
  await balancer.mustLb(['switch', '--to', 'web/1a']);
  const load = startLoad([`http://127.0.0.1:${await balancer.port()}`], 200);
  for (let release = 1; release <= 5; release += 1) {
    const [to, from] = release % 2 === 1 ? (['b', 'a'] as const) : (['a', 'b'] as const);
    const fresh = await startApp(place, `app.${release}`, `v${release}`);
    await balancer.mustLb(['start', '10', `web/1${to}=${fresh}:3000`]);
    await balancer.mustLb(['switch', '--to', `web/1${to}`, '--from', `web/1${from}`]);
    await balancer.mustLb(['config', '--no-reload', 'web'], configText({[`1${to}`]: fresh}));
    await balancer.mustLb(['drain', '10', `web/1${from}`]);
    await must(['stop', '--time', '2', old]);
    old = fresh;
  }
  const {sent, failures, versions} = await load.stop();
  assert.deepEqual(failures, []);
  assert.deepEqual(versions, ['v0', 'v1', 'v2', 'v3', 'v4', 'v5']);
  assert.ok(sent > 600, `${sent} requests were sent`);
});

test('a reload that adds room under load loses none, and --wait returns when no old worker is left', async () => {
  const balancer = await startBalancer(place, 'growing');
  const app = await startApp(place, 'steady', 'v1');
  await balancer.mustLb(['config', 'web'], configText());
  await balancer.mustLb(['start', '10', `web/1a=${app}:3000`]);
  await balancer.mustLb(['switch', '--to', 'web/1a']);
  await balancer.mustLb(['config', '--no-reload', 'web'], configText({'1a': app}));
  const load = startLoad([`http://127.0.0.1:${await balancer.port()}`], 200);
  for (let size = 2; size <= 4; size += 1)
    await balancer.mustLb(['config', '--wait', 'web'], configText({'1a': app}, size));
  assert.match(
    await must(['exec', balancer.container, 'sh', '-c', 'echo show proc | socat - /run/haproxy/master.sock']),
    /# workers\n[^#]+# programs/,
  );
  const {failures} = await load.stop();
  assert.deepEqual(failures, []);
  assert.equal((await balancer.mustLb(['show'])).split('\n').length, 8);
});

test('a replica at an address of IPv6 serves, also after the file is put in force, and its failed check is asked again', async (t) => {
  const balancer = await startBalancer(place, 'six', ['--sysctl', 'net.ipv6.conf.all.disable_ipv6=0']);
  if (!(await must(['exec', balancer.container, 'cat', '/proc/net/if_inet6'])).includes(' lo'))
    return t.skip('no IPv6');
  const app = await startApp(place, 'six.app', 'v6');
  const relay = ['socat', 'TCP6-LISTEN:3000,bind=[::1],ipv6only=1,fork,reuseaddr', `TCP4:${app}:3000`];
  await must(['exec', '--detach', balancer.container, ...relay]);
  const slot = {host: 'h1', replica: 1, colour: 'blue', container: app, address: '::1', port: 3000} as const;
  const text = configText({}, 1, {hosts: ['h1'], slots: [slot]});
  await balancer.mustLb(['config', 'web'], configText({}, 1, {hosts: ['h1']}));
  await balancer.mustLb(['start', '10', 'web/h1-1a=::1:3000']);
  await balancer.mustLb(['switch', '--to', 'web/h1-1a']);
  assert.equal(await answer(balancer), 'v6');
  await balancer.mustLb(['config', '--wait', 'web'], text);
  await balancer.mustLb(['restore', 'web']);
  assert.equal(await answer(balancer), 'v6');

  const {code, stderr} = await balancer.lb(['start', '1', 'web/h1-1b=::1:3999']);
  assert.equal(code, 1);
  assert.match(stderr, /web\/h1-1b \(::1:3999\) did not become healthy/);
  assert.match(stderr, /answers: .*(?:refused|Connection)/i);
  assert.doesNotMatch(stderr, /no address is known/);
});

test('a start can begin before its container exists, and ends at once when its slot is disabled', async () => {
  const balancer = await startBalancer(place, 'early');
  await balancer.mustLb(['config', 'web'], configText());
  const started = balancer.mustLb(['start', '30', `web/1a=${place.name}.awaited:3000`]);
  const app = await startApp(place, 'awaited', 'v1');
  await started;
  await balancer.mustLb(['switch', '--to', 'web/1a']);

  const waiting = balancer.lb(['start', '60', `web/1b=${app}:3999`]);
  await eventually(
    10,
    () => balancer.mustLb(['show']),
    (text) => /^web\/1b +(?:DRAIN|DOWN)/m.test(text),
  );
  const began = performance.now();
  await balancer.mustLb(['disable', 'web/1b']);
  const {code, stderr} = await waiting;
  assert.deepEqual([code, stderr], [1, 'lb: web/1b was disabled while it was starting']);
  assert.ok(performance.now() - began < 5000);
});

test('new replicas that get the addresses of the old ones, swapped, keep their traffic', async () => {
  const balancer = await startBalancer(place, 'swapped');
  const [one, two] = [await startApp(place, 'swap.1', 'v1'), await startApp(place, 'swap.2', 'v1')];
  const three = await startApp(place, 'swap.3', 'v2');
  await balancer.mustLb(['config', 'web'], configText({}, 2));
  for (const [slot, container] of [
    ['web/1a', one],
    ['web/2a', two],
    ['web/1b', three],
  ] as const)
    await balancer.mustLb(['start', '10', `${slot}=${container}:3000`]);
  await balancer.mustLb(['switch', '--to', 'web/1a,web/2a']);
  await balancer.mustLb(['switch', '--to', 'web/1b', '--from', 'web/1a,web/2a']);
  await balancer.mustLb(['drain', '10', 'web/1a', 'web/2a']);
  const [first, second] = [await addressOf(one), await addressOf(two)];
  await must(['stop', '--time', '1', one, two]);
  const taken = [await startApp(place, 'swap.4', 'v3'), await startApp(place, 'swap.5', 'v3')];
  const [four = '', five = ''] = (await addressOf(taken[0] ?? '')) === first ? taken : taken.toReversed();
  assert.deepEqual([await addressOf(four), await addressOf(five)], [first, second]);
  await balancer.mustLb(['start', '10', `web/1a=${five}:3000`]);
  await balancer.mustLb(['start', '10', `web/2a=${four}:3000`]);
  await balancer.mustLb(['switch', '--to', 'web/1a,web/2a', '--from', 'web/1b']);
  // Longer than the resolvers ask again.
  await new Promise((resolve) => setTimeout(resolve, 4000));
  assert.match(await balancer.mustLb(['show']), /^web\/1a +UP .*\nweb\/1b +DRAIN .*\nweb\/2a +UP/m);
});

test('a slot whose container was removed can be reused: at once after a drain, and also where it died in service', async () => {
  const balancer = await startBalancer(place, 'forgotten');
  const [one, two] = [await startApp(place, 'gone.1', 'v1'), await startApp(place, 'gone.2', 'v2')];
  const shown = (): Promise<string> => balancer.mustLb(['show']);
  await balancer.mustLb(['config', 'web'], configText());
  await balancer.mustLb(['start', '10', `web/1a=${one}:3000`]);
  await balancer.mustLb(['switch', '--to', 'web/1a']);
  await balancer.mustLb(['start', '10', `web/1b=${two}:3000`]);
  await balancer.mustLb(['switch', '--to', 'web/1b', '--from', 'web/1a']);
  await balancer.mustLb(['drain', '10', 'web/1a']);
  await must(['rm', '--force', one, two]);
  // HAProxy drops the address of a name that no longer resolves, and then accepts no new one by command.
  await eventually(30, shown, (text) => /^web\/1b +\S+ \(resolution\) +-/m.test(text));
  assert.match(await shown(), /^web\/1a +MAINT +[\d.]+:\d+ /m);
  const three = await startApp(place, 'gone.3', 'v3');
  await balancer.mustLb(['start', '10', `web/1a=${three}:3000`]);
  await balancer.mustLb(['start', '10', `web/1b=${three}:3000`]);
});

test('the words of version 1 of lb drive it, too: an older deployer sends them', async () => {
  const balancer = await startBalancer(place, 'versions');
  const [one, two] = [await startApp(place, 'versions.1', 'v1'), await startApp(place, 'versions.2', 'v2')];
  await balancer.mustLb(['config', 'web'], configText());
  await balancer.mustLb(['start', '10', `web/1a=${one}:3000`, `web/1b=${two}:3000`]);
  await balancer.mustLb(['switch', '--to', 'web/1a']);
  await balancer.mustLb(['canary', 'web', 'b', 'web/1a=256', 'web/1b=1']);
  assert.equal(await answer(balancer, '/', {'x-canary': 'always'}), 'v2');
  await balancer.mustLb(['idle', '1', 'web/1b']);
  await balancer.mustLb(['off', 'web/1a']);
  assert.match(await balancer.mustLb(['show']), /^web\/1a +MAINT .*\nweb\/1b +MAINT/m);
  const {code, stderr} = await balancer.lb(['stop', 'web/1a']);
  assert.equal(code, 1);
  assert.match(stderr, /^lb: unknown verb 'stop'\nlb: usage: lb config /);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as v from 'valibot';
import {dockerRun} from '../../../src/commands/docker/index.ts';
import {balancerContainer} from '../../../src/deploy/hosts/balancer/container.ts';
import {loadBalancer} from '../../../src/service/schema/load-balancer.ts';
import {must} from '../../support/docker.ts';
import {ownConfiguration} from '../../support/own-haproxy.ts';
import {eventually} from '../../support/until.ts';
import {answer, configText, driver, startApp} from './balancer.ts';
import {addressOf, buildImages, makePlace} from './containers.ts';
import {startLoad} from './load.ts';

buildImages('base', 'haproxy');
const place = makePlace();
const own = {own: {url: 'http://shop'}};

async function startOwn(name: string): Promise<string> {
  return place.start(name, [
    '--user',
    '0:0',
    '--publish',
    '127.0.0.1::8080',
    '--volume',
    `${place.name}-run:/run/haproxy`,
    '--volume',
    `${place.name}-etc:/etc/haproxy/entrypoint`,
    '--entrypoint',
    'sh',
    'entrypoint/haproxy:3.0',
    '-c',
    `mkdir -p /etc/own && printf '%s' "$0" >/etc/own/haproxy.cfg && exec haproxy -W -db -S /run/haproxy/master.sock -f /etc/own/haproxy.cfg -f /etc/haproxy/entrypoint`,
    ownConfiguration('shop.prod'),
  ]);
}

/** The container beside it, as a deploy starts it, but for where the directories of the host are. */
async function startCompanion(name: string): Promise<ReturnType<typeof driver>> {
  const facts = balancerContainer(v.parse(loadBalancer, own), {
    name: `${place.name}.${name}`,
    labels: {'entrypoint.test': place.name},
  });
  const volumes = [`${place.name}-run:/run/haproxy`, `${place.name}-etc:/etc/haproxy/entrypoint`];
  await must(dockerRun({...facts, volumes}, 'detached').words.slice(1));
  return driver(`${place.name}.${name}`);
}

test("a HAProxy of the user's own is switched by the same commands, loses no request, and keeps its other services", async () => {
  const haproxy = driver(await startOwn('own'));
  const companion = await startCompanion('companion');
  const [old, fresh] = [await startApp(place, 'old', 'v1'), await startApp(place, 'fresh', 'v2')];
  const text = (slots: Readonly<Record<string, string>>): string =>
    configText(slots, 1, {name: 'shop.prod', file: own});
  await companion.mustLb(['config', '--wait', 'shop.prod'], text({}));
  await companion.mustLb(['start', '10', `shop.prod/1a=${await addressOf(old)}:3000`]);
  await companion.mustLb(['switch', '--to', 'shop.prod/1a']);
  assert.deepEqual([await answer(haproxy), await answer(haproxy, '/theirs')], ['v1', 'theirs']);

  const load = startLoad([`http://127.0.0.1:${await haproxy.port()}`], 100);
  await companion.mustLb(['start', '10', `shop.prod/1b=${await addressOf(fresh)}:3000`]);
  await companion.mustLb(['switch', '--to', 'shop.prod/1b', '--from', 'shop.prod/1a']);
  await companion.mustLb(['config', '--no-reload', 'shop.prod'], text({'1b': await addressOf(fresh)}));
  await companion.mustLb(['drain', '10', 'shop.prod/1a']);
  await companion.mustLb(
    ['config', '--wait', 'shop.prod'],
    configText({'1b': await addressOf(fresh)}, 2, {name: 'shop.prod', file: own}),
  );
  const {failures} = await load.stop();
  assert.deepEqual(failures, []);
  assert.match(await companion.mustLb(['counts', 'shop.prod']), /^shop\.prod\/1b requests=[1-9]/m);

  await must(['restart', '--time', '2', haproxy.container]);
  await eventually(
    10,
    () => answer(haproxy),
    (reply) => reply === 'v2',
  );
  assert.equal(await answer(haproxy, '/theirs'), 'theirs');
  await companion.mustLb(['maintenance', 'on', 'shop.prod']);
  assert.deepEqual([await answer(haproxy), await answer(haproxy, '/theirs')], ['status 503', 'theirs']);
  await companion.mustLb(['maintenance', 'off', 'shop.prod']);

  const refused = await companion.lb(['config', 'shop.prod'], `${text({})}    bogus\n`);
  assert.match(refused.stderr, /shop\.prod\.cfg:\d+\] : unknown keyword 'bogus'/);
  assert.match((await companion.lb(['certificate', 'shop.prod'], 'x')).stderr, /keeps its own certificates/);
});

test('a HAProxy that does not read the directory is reported, and nothing stays behind', async () => {
  const haproxy = `${place.name}.own`;
  await must(['rm', '--force', haproxy, `${place.name}.companion`]);
  await must(['volume', 'rm', `${place.name}-run`, `${place.name}-etc`]);
  const companion = await startCompanion('deaf');
  await place.start('elsewhere', [
    '--user',
    '0:0',
    '--volume',
    `${place.name}-run:/run/haproxy`,
    '--entrypoint',
    'sh',
    'entrypoint/haproxy:3.0',
    '-c',
    `printf '%s' "$0" >/tmp/haproxy.cfg && exec haproxy -W -db -S /run/haproxy/master.sock -f /tmp/haproxy.cfg`,
    ownConfiguration('shop.prod'),
  ]);
  const {code, stderr} = await companion.lb(['config', 'shop.prod'], configText({}, 1, {name: 'shop.prod', file: own}));
  assert.equal(code, 1);
  assert.match(
    stderr,
    /HAProxy has no backend shop\.prod after the reload\nfix: make it read \/etc\/haproxy\/entrypoint:/,
  );
  assert.equal(await companion.mustLb(['services']), '');
});

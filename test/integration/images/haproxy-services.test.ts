import assert from 'node:assert/strict';
import {test} from 'node:test';
import {must} from '../../support/docker.ts';
import {eventually} from '../../support/until.ts';
import {answer, configText, serveFrom, startApp, startBalancer} from './balancer.ts';
import {buildImages, makePlace} from './containers.ts';
import {startLoad} from './load.ts';

buildImages('base', 'haproxy');
const place = makePlace();
const balancer = await startBalancer(place);
const [shop, api] = [await startApp(place, 'shop', 'shop 1'), await startApp(place, 'api', 'api 1')];
const shopFile = {routes: [{host: 'shop.example.com'}, {host: '*.shop.example.com'}]};
const apiFile = {routes: [{host: 'shop.example.com', path: '/api'}, {path: '/api'}, {host: '127.0.0.1'}]};
const ask = (host: string, path = '/'): Promise<string> => answer(balancer, path, {host});

test('each request goes to its service by host and path, the most specific route first', async () => {
  await balancer.mustLb(['config', 'shop.prod'], configText({}, 1, {name: 'shop.prod', file: shopFile}));
  await serveFrom(balancer, 'shop.prod/1a', shop);
  await balancer.mustLb(['config', 'api.prod'], configText({}, 1, {name: 'api.prod', file: apiFile}));
  await serveFrom(balancer, 'api.prod/1a', api);
  assert.deepEqual(
    await Promise.all([
      ask('shop.example.com'),
      ask('SHOP.example.com:8080'),
      ask('de.shop.example.com'),
      ask('shop.example.com', '/api'),
      ask('shop.example.com', '/api/x?y'),
      ask('other', '/api/'),
    ]),
    ['shop 1', 'shop 1', 'shop 1', 'api 1', 'api 1', 'api 1'],
  );
  assert.equal(await ask('shop.example.com', '/apiary'), 'shop 1');
  assert.equal(await ask('other.example.com'), 'status 404');
  assert.equal(await balancer.mustLb(['services']), 'api.prod\nshop.prod');
});

test('a second service with the same route is refused', async () => {
  const {code, stderr} = await balancer.lb(
    ['config', 'shop.rc'],
    configText({}, 1, {name: 'shop.rc', file: {routes: [{host: 'shop.example.com'}]}}),
  );
  assert.equal(code, 1);
  assert.match(stderr, /shop\.prod and shop\.rc have the same route; the old configuration stays in force/);
  assert.equal(await balancer.mustLb(['services']), 'api.prod\nshop.prod');
});

test('a release of one service, and a service added and removed, lose no request of another', async () => {
  await balancer.mustLb(
    ['config', '--no-reload', 'shop.prod'],
    configText({'1a': shop}, 1, {name: 'shop.prod', file: shopFile}),
  );
  await balancer.mustLb(
    ['config', '--no-reload', 'api.prod'],
    configText({'1a': api}, 1, {name: 'api.prod', file: apiFile}),
  );
  const load = startLoad([`http://127.0.0.1:${await balancer.port()}`], 100);
  const next = await startApp(place, 'shop.2', 'shop 2');
  await balancer.mustLb(['start', '10', `shop.prod/1b=${next}:3000`]);
  await balancer.mustLb(['switch', '--to', 'shop.prod/1b', '--from', 'shop.prod/1a']);
  await balancer.mustLb(
    ['config', '--no-reload', 'shop.prod'],
    configText({'1b': next}, 1, {name: 'shop.prod', file: shopFile}),
  );
  await balancer.mustLb(['drain', '10', 'shop.prod/1a']);
  await balancer.mustLb(
    ['config', 'third.prod'],
    configText({}, 2, {name: 'third.prod', file: {routes: [{host: 'third.example.com'}]}}),
  );
  assert.equal(await ask('shop.example.com'), 'shop 2');
  assert.equal(await ask('third.example.com'), 'status 503');
  await balancer.mustLb(['remove', 'third.prod']);
  assert.equal(await ask('third.example.com'), 'status 404');
  assert.equal(await ask('shop.example.com'), 'shop 2');
  const {failures, versions} = await load.stop();
  assert.deepEqual([failures, versions], [[], ['api 1']]);
});

test('a reload for one service keeps what a deploy of another has started and switched but not committed', async () => {
  const next = await startApp(place, 'shop.3', 'shop 3');
  const reload = (size: number): Promise<string> =>
    balancer.mustLb(['config', 'api.prod'], configText({'1a': api}, size, {name: 'api.prod', file: apiFile}));
  const committed = await balancer.mustLb(['fragment', 'shop.prod']);
  const load = startLoad([`http://127.0.0.1:${await balancer.port()}`], 100);
  await balancer.mustLb(['start', '10', `shop.prod/1a=${next}:3000`]);
  await reload(2);
  assert.equal(await ask('shop.example.com'), 'shop 2');
  await balancer.mustLb(['switch', '--to', 'shop.prod/1a', '--from', 'shop.prod/1b']);
  await reload(3);
  assert.equal(await ask('shop.example.com'), 'shop 3');
  assert.equal(await balancer.mustLb(['fragment', 'shop.prod']), committed);
  await balancer.mustLb(['switch', '--to', 'shop.prod/1b', '--from', 'shop.prod/1a']);
  assert.equal(await ask('shop.example.com'), 'shop 2');
  await balancer.mustLb(['drain', '10', 'shop.prod/1a']);
  assert.deepEqual((await load.stop()).failures, []);
});

test('all services serve after a restart', async () => {
  await must(['restart', '--time', '5', balancer.container]);
  await eventually(
    10,
    () => ask('shop.example.com'),
    (text) => text === 'shop 2',
  );
  assert.equal(await ask('shop.example.com', '/api'), 'api 1');
});

test('a removed service leaves nothing, and removing it again does nothing', async () => {
  await balancer.mustLb(['maintenance', 'on', 'shop.prod']);
  for (const _ of [1, 2]) await balancer.mustLb(['remove', 'shop.prod']);
  assert.equal(await ask('shop.example.com'), 'status 404');
  assert.equal(
    await must(['exec', balancer.container, 'sh', '-c', 'cd /etc/haproxy/entrypoint && ls && cat flags.map']),
    'api.prod.cfg\napi.prod.counts\napi.prod.state\nflags.map',
  );
});

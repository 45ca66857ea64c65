import assert from 'node:assert/strict';
import {connect} from 'node:net';
import {test} from 'node:test';
import {canaryWeights} from '../../../src/deploy/hosts/balancer/canary.ts';
import {judge, parseCounts} from '../../../src/deploy/hosts/balancer/counts.ts';
import {must} from '../../support/docker.ts';
import {eventually} from '../../support/until.ts';
import {answer, type Balancer, configText, serveFrom, startApp, startBalancer} from './balancer.ts';
import {buildImages, makePlace} from './containers.ts';
import {startLoad} from './load.ts';

buildImages('base', 'haproxy');
const place = makePlace();
const old = await startApp(place, 'old', 'v1');
const fresh = await startApp(place, 'fresh', 'v2');
const broken = await startApp(place, 'broken', 'v3', 'yes', ['--env', 'FAILS=100']);

async function serving(name: string, file: object = {}): Promise<Balancer> {
  const balancer = await startBalancer(place, name);
  await balancer.mustLb(['config', 'web'], configText({}, 1, {file}));
  await serveFrom(balancer, 'web/1a', old);
  await balancer.mustLb(['config', '--no-reload', 'web'], configText({'1a': old}, 1, {file}));
  return balancer;
}

/** Of `count` answers, how many come from each version. */
async function tally(
  balancer: Balancer,
  count: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<Record<string, number>> {
  const tallied: Record<string, number> = {};
  for (let index = 0; index < count; index += 1) {
    const version = await answer(balancer, '/', headers);
    tallied[version] = (tallied[version] ?? 0) + 1;
  }
  return tallied;
}

test('a canary gets its share, headers and cookies choose, and both survive a restart; the switch ends it', async () => {
  const balancer = await serving('canary');
  await balancer.mustLb(['start', '10', `web/1b=${fresh}:3000`]);
  const weights = canaryWeights(20, 1, 1);
  await balancer.mustLb(['canary', 'web', 'green', `web/1b=${weights.fresh}`, `web/1a=${weights.old}`]);
  const slot = {host: '', replica: 1, colour: 'green', container: fresh, address: fresh, port: 3000} as const;
  await balancer.mustLb(
    ['config', '--no-reload', 'web'],
    configText({'1a': old}, 1, {canary: {release: 2, percent: 20, slots: [slot]}}),
  );
  const check = async (): Promise<void> => {
    assert.deepEqual(await tally(balancer, 50), {v1: 40, v2: 10});
    assert.deepEqual(await tally(balancer, 5, {'x-canary': 'always'}), {v2: 5});
    assert.deepEqual(await tally(balancer, 5, {cookie: 'a=b; canary=always'}), {v2: 5});
    assert.deepEqual(await tally(balancer, 10, {'x-canary': 'never'}), {v1: 10});
  };
  await check();
  await must(['restart', '--time', '5', balancer.container]);
  await eventually(
    10,
    () => answer(balancer),
    (text) => text.startsWith('v'),
  );
  await check();
  await balancer.mustLb(['restore', 'web']);
  await check();
  await balancer.mustLb(['switch', '--to', 'web/1b', '--from', 'web/1a']);
  assert.deepEqual(await tally(balancer, 10, {'x-canary': 'never'}), {v2: 10});
});

test('an aborted canary leaves all traffic to the old release', async () => {
  const balancer = await serving('abort');
  await balancer.mustLb(['start', '10', `web/1b=${fresh}:3000`]);
  await balancer.mustLb(['canary', 'web', 'green', 'web/1b=256', 'web/1a=1']);
  await balancer.mustLb(['restore', 'web']);
  assert.deepEqual(await tally(balancer, 10, {'x-canary': 'always'}), {v1: 10});
  assert.match(await balancer.mustLb(['show', 'web']), /^web\/1a +UP .*\nweb\/1b +MAINT/m);
});

test('maintenance answers 503 with a page, also after a restart, until it is turned off', async () => {
  const balancer = await serving('maintenance', {maintenance_page: '<h1>Back at "5" o\'clock,\n100 % sure #1</h1>'});
  await balancer.mustLb(['maintenance', 'on', 'web']);
  const check = async (): Promise<void> => {
    const response = await fetch(`http://127.0.0.1:${await balancer.port()}/any`);
    assert.deepEqual(
      [
        response.status,
        response.headers.get('content-type'),
        response.headers.get('retry-after'),
        await response.text(),
      ],
      [503, 'text/html; charset=utf-8', '60', '<h1>Back at "5" o\'clock,\n100 % sure #1</h1>'],
    );
  };
  await check();
  assert.match(await balancer.mustLb(['show']), /^web +in maintenance/m);
  await must(['restart', '--time', '5', balancer.container]);
  await eventually(
    10,
    () => answer(balancer),
    (text) => text === 'status 503',
  );
  await check();
  await balancer.mustLb(['maintenance', 'off', 'web']);
  assert.equal(await answer(balancer), 'v1');
});

test('a release that answers 500 to one request in a hundred shows in the counts, which start with each release and survive a reload', async () => {
  const balancer = await serving('counted');
  const counts = async (server: string): Promise<NonNullable<ReturnType<ReturnType<typeof parseCounts>['get']>>> => {
    const found = parseCounts(await balancer.mustLb(['counts', 'web'])).get(server);
    assert.ok(found !== undefined);
    return found;
  };
  const url = `http://127.0.0.1:${await balancer.port()}`;
  const first = startLoad([url], 150);
  await new Promise((resolve) => setTimeout(resolve, 4000));
  const {sent} = await first.stop();
  await balancer.mustLb(['config', 'web'], configText({'1a': old}, 2));
  const before = await counts('web/1a');
  assert.deepEqual(
    {...before, retries: 0, milliseconds: 0},
    {requests: sent, answers: sent, errors: 0, failed: 0, retries: 0, milliseconds: 0},
  );
  // One in twenty takes 500 ms.
  assert.ok(
    before.milliseconds / sent > 20 && before.milliseconds / sent < 500,
    `${before.milliseconds} ms in ${sent}`,
  );
  await balancer.mustLb(['start', '10', `web/1b=${broken}:3000`]);
  await balancer.mustLb(['switch', '--to', 'web/1b', '--from', 'web/1a']);
  const second = startLoad([url], 150);
  await new Promise((resolve) => setTimeout(resolve, 4000));
  const {sent: later, failures} = await second.stop();
  const after = await counts('web/1b');
  assert.equal(after.requests, later);
  assert.equal(after.errors, failures.length);
  assert.match(judge(before, after) ?? '', /^\d+ of \d+ requests got a server error/);
  await balancer.mustLb(['start', '10', `web/1a=${fresh}:3000`]);
  assert.equal((await counts('web/1a')).requests, 0);
});

test('with slow start the share of the new release grows, and no request is lost', async () => {
  const balancer = await serving('slow');
  await balancer.mustLb(['start', '10', `web/1b=${fresh}:3000`]);
  const load = startLoad([`http://127.0.0.1:${await balancer.port()}`], 100);
  const moving = balancer.mustLb(['switch', '--to', 'web/1b', '--from', 'web/1a', '--over', '8']);
  await new Promise((resolve) => setTimeout(resolve, 900));
  const early = await tally(balancer, 20);
  await moving;
  assert.ok((early['v2'] ?? 0) <= 6, JSON.stringify(early));
  assert.deepEqual(await tally(balancer, 5), {v2: 5});
  assert.deepEqual((await load.stop()).failures, []);
});

test('a websocket and server-sent events continue while their server drains, and drain counts those still open', async () => {
  const balancer = await serving('long');
  const port = await balancer.port();
  const socket = connect(port, '127.0.0.1');
  const received: string[] = [];
  socket.on('data', (data) => received.push(String(data)));
  socket.write('GET /socket HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n');
  await eventually(
    5,
    async () => received.join(''),
    (text) => text.includes('101 Switching'),
  );
  const events = await fetch(`http://127.0.0.1:${port}/events?ms=9000`);
  const reading = events.text();
  await balancer.mustLb(['start', '10', `web/1b=${fresh}:3000`]);
  await balancer.mustLb(['switch', '--to', 'web/1b', '--from', 'web/1a']);
  assert.equal(await answer(balancer), 'v2');
  socket.write('still there?');
  await eventually(
    5,
    async () => received.join(''),
    (text) => text.endsWith('v1 still there?'),
  );
  const {code, stderr} = await balancer.lb(['drain', '1', 'web/1a']);
  assert.deepEqual(
    [code, stderr],
    [0, 'lb: warning: 2 connections still open on web/1a: they close when its container stops'],
  );
  assert.ok((await reading).split('data: v1').length > 40);
  socket.write('and now?');
  await eventually(
    5,
    async () => received.join(''),
    (text) => text.endsWith('v1 and now?'),
  );
  socket.end();
  await balancer.mustLb(['drain', '10', 'web/1a']);
});

test('the service learns the address of the client, not the one the client claims', async () => {
  const balancer = await serving('forwarded');
  const forwarded = JSON.parse(
    await answer(balancer, '/forwarded', {'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https'}),
  ) as {for: string; proto: string};
  assert.match(forwarded.for, /^\d+\.\d+\.\d+\.\d+$/);
  assert.notEqual(forwarded.for, '203.0.113.9');
  assert.equal(forwarded.proto, 'http');
  const trusting = await serving('trusting', {trusted_proxies: ['0.0.0.0/0']});
  const trusted = JSON.parse(
    await answer(trusting, '/forwarded', {'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https'}),
  ) as {for: string; proto: string};
  assert.match(trusted.for, /^203\.0\.113\.9, \d/);
  assert.equal(trusted.proto, 'https');
});

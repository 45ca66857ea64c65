import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {leavingMachine} from '../../../../../src/deploy/hosts/machines.ts';
import {batchesOf, batchSize} from '../../../../../src/deploy/hosts/plan/batches.ts';
import {type Plan, planText} from '../../../../../src/deploy/hosts/plan/plan.ts';
import {planRollback} from '../../../../../src/deploy/hosts/plan/rollback.ts';
import {healthCheckOf} from '../../../../../src/service/schema/health-check.ts';
import {commandText} from '../../../../../src/shell/argv.ts';
import {configOf} from '../stack.ts';
import {
  entry,
  image,
  deploymentOf,
  two,
  dedicated,
  fleet,
  surveyed,
  plan,
  phases,
  commandsOf,
  app,
  balancerRow,
  holding,
  replica,
  slotsOf,
} from './fleets.ts';

describe('the plan of a deploy', () => {
  test('with a balancer on each host: six round trips each, survey and lock included', () => {
    assert.deepEqual(phases(plan(two, fleet(two))), [
      'pull h1, pull h2',
      'start h1, start h2',
      'switch h1, switch h2',
      'finish h1, finish h2',
    ]);
  });

  test('with dedicated balancers: they switch before anything stops, in the finish, and each has all replicas', () => {
    const serving = fleet(dedicated, {
      'd@h1': {containers: [app(4, 'running', 'a', '10.0.0.5:20001')], network: true, images: [image]},
      'd@h2': {containers: [app(4, 'running', 'a', '10.9.0.2:20001')], network: true, images: [image]},
      'd@lb1': holding(dedicated, 4, 'blue'),
      'd@lb2': holding(dedicated, 4, 'blue'),
    });
    const made = plan(dedicated, serving);
    assert.deepEqual(phases(made), [
      'start h1, start h2, health lb1, health lb2',
      'switch lb1, switch lb2',
      'finish h1, finish h2, finish lb1, finish lb2',
    ]);
    assert.match(
      commandsOf(made, 'start', 'h2')[0] ?? '',
      /--publish 10\.9\.0\.2:2\d{4}:3000 .*--label entrypoint\.hosts=d@h1,d@h2 /,
    );
    assert.match(commandsOf(made, 'start', 'h1')[0] ?? '', /--publish 10\.0\.0\.5:2\d{4}:3000 /);
    assert.match(
      commandsOf(made, 'health', 'lb2')[0] ?? '',
      /lb start 60 shop\.local\/h1-1b=10\.0\.0\.5:2\d{4} shop\.local\/h2-1b=10\.9\.0\.2:2\d{4}$/,
    );
    assert.deepEqual(commandsOf(made, 'switch', 'lb1'), [
      "docker exec --interactive shop.local.balancer sh -c 'lb switch --to shop.local/h1-1b,shop.local/h2-1b --from shop.local/h1-1a,shop.local/h2-1a </dev/null && lb config --no-reload shop.local && lb idle 30 shop.local/h1-1a shop.local/h2-1a' <FILE",
    ]);
  });

  test('batch by batch, a dedicated balancer keeps the old replicas of the hosts still to come', () => {
    const serving = fleet(dedicated, {
      'd@h1': {containers: [app(4, 'running', 'a', '10.0.0.5:20001')], network: true, images: [image]},
      'd@h2': {containers: [app(4, 'running', 'a', '10.9.0.2:20001')], network: true, images: [image]},
      'd@lb1': holding(dedicated, 4, 'blue'),
      'd@lb2': holding(dedicated, 4, 'blue'),
    });
    const made = plan(dedicated, serving, 1);
    assert.deepEqual(phases(made).slice(0, 4), [
      'start h1, health lb1, health lb2',
      'switch lb1, switch lb2',
      'start h2, health lb1, health lb2',
      'switch lb1, switch lb2',
    ]);
    assert.deepEqual(
      commandsOf(made, 'switch', 'lb1')
        .filter((text) => text.includes('lb switch'))
        .map((text) => text.replace(/^.* --to | <\/dev.*$/g, '')),
      ['shop.local/h1-1b --from shop.local/h1-1a', 'shop.local/h2-1b --from shop.local/h2-1a'],
    );
  });

  test('a host that deploy.yaml no longer lists is drained with the last batch and removed at the end', () => {
    const one = deploymentOf('hosts: [d@h1], load_balancer: {address: 0.0.0.0, port: 80, hosts: [d@lb1]}');
    const all = [
      ...fleet(one, {
        'd@h1': {containers: [app(4, 'running', 'a', '10.0.0.5:20001')], network: true, images: [image]},
        'd@lb1': holding(one, 4, 'blue'),
      }),
      surveyed(one, leavingMachine(one.settings, 'd@h2'), {
        containers: [app(4, 'running', 'a', '10.9.0.2:20001')],
        network: true,
      }),
    ];
    const made = plan(one, all);
    assert.deepEqual(phases(made), ['start h1, health lb1', 'switch lb1', 'finish h1, finish lb1, finish h2']);
    assert.match(
      commandsOf(made, 'switch', 'lb1')[0] ?? '',
      /--from shop\.local\/h1-1a,shop\.local\/h2-1a <\/dev\/null &&/,
    );
    assert.match(planText(made), /note: deploy\.yaml no longer lists d@h2/);
  });

  test('of two dedicated balancers that a failed deploy left different, the one whose release runs counts', () => {
    const all = fleet(dedicated, {
      'd@h1': {containers: [app(4, 'running', 'a', '10.0.0.5:20001')], network: true, images: [image]},
      'd@h2': {containers: [app(4, 'running', 'a', '10.9.0.2:20001')], network: true, images: [image]},
      'd@lb1': holding(dedicated, 4, 'blue'),
      'd@lb2': holding(dedicated, 5, 'green'),
    });
    const made = plan(dedicated, all);
    assert.deepEqual([made.release, made.previous], [6, 4]);
    assert.deepEqual(commandsOf(made, 'prepare', 'lb2'), [
      'docker exec --interactive shop.local.balancer lb config --wait shop.local <FILE',
      'docker exec shop.local.balancer lb restore shop.local',
    ]);
    assert.deepEqual(commandsOf(made, 'prepare', 'lb1'), []);
  });

  test('a task before the switch has the volumes of the service, which its host gets first', () => {
    const one = deploymentOf('hosts: [d@h1, d@h2], volumes: {data: /data}, before: [fill]');
    const made = plan(one, fleet(one));
    assert.match(commandsOf(made, 'prepare', 'h1').join('\n'), /^docker volume create .* shop\.local\.app\.data$/m);
    assert.match(commandsOf(made, 'before', 'h1').join('\n'), / --volume shop\.local\.app\.data:\/data .* fill$/m);
  });

  test('every step before the finish has an undo', () => {
    const all = fleet(two, {'d@h1': {images: [image]}, 'd@h2': {}});
    for (const step of plan(two, all).rounds.flat()) assert.ok((step.undo ?? []).length > 0, step.what);
  });

  test('a host without a usable address needs one in deploy.yaml', () => {
    assert.throws(
      () => plan(dedicated, fleet(dedicated, {'d@h1': {address: '127.0.0.1'}})),
      /no address known at which the load balancers can reach d@h1: 127\.0\.0\.1 is a loopback address/,
    );
  });
});

test('rollback starts kept containers, and creates them on a host that joined later', () => {
  const all = fleet(dedicated, {
    'd@h1': {
      containers: [app(3, 'exited', 'b', '10.0.0.5:20000'), app(4, 'running', 'a', '10.0.0.5:20001')],
      network: true,
    },
    'd@h2': {containers: [app(4, 'running', 'a', '10.9.0.2:20001')], network: true},
    'd@lb1': holding(dedicated, 4, 'blue'),
    'd@lb2': holding(dedicated, 4, 'blue'),
  });
  const made = planRollback(dedicated, all, {entry});
  assert.deepEqual([made.release, made.previous, made.image], [3, 4, 'sha256:old']);
  assert.deepEqual(phases(made).slice(0, 3), [
    'pull h2',
    'start h1, start h2, health lb1, health lb2',
    'switch lb1, switch lb2',
  ]);
  assert.deepEqual(commandsOf(made, 'start', 'h1'), [
    'docker update --restart always shop.local.3.1',
    'docker start shop.local.3.1',
  ]);
  assert.match(
    commandsOf(made, 'start', 'h2')[0] ?? '',
    /^docker run --detach --name shop\.local\.3\.1 .* sha256:old run$/,
  );
  assert.throws(() => planRollback(dedicated, all, {to: 2, entry}), /release 2 of shop in local is gone/);
  assert.throws(() => planRollback(dedicated, all, {to: 4, entry}), /release 4 of shop already serves in local/);
});

/** The health checks in the balancers' configuration. */
const checks = (made: Plan): string[] =>
  made.rounds
    .flat()
    .filter(({phase}) => phase === 'start')
    .flatMap(({commands}) =>
      commands
        .map((one) => commandText(one))
        .filter((text) => text.includes('lb config'))
        .flatMap((text) => text.match(/(?<=httpchk GET |uri-lf )(?:'\S+'|\S+)/g) ?? []),
    );
test('when the health path changes, each release keeps its own check, in both directions', () => {
  const changed = deploymentOf('load_balancer: {address: 127.0.0.1, port: 80}', '/ping');
  const old = fleet(changed, {
    local: {
      containers: [balancerRow(changed), replica(1, 'a', 'running', '/readyz')],
      network: true,
      balancer: configOf({release: 1, slots: slotsOf(1, 'blue')}),
    },
  });
  assert.deepEqual(checks(plan(changed, old)), [
    '/ping',
    `'%[srv_name,regsub("^(1a)$","=/readyz"),regsub("^[^=].*$","=/ping"),regsub("^=","")]'`,
  ]);
  const fresh = fleet(changed, {
    local: {
      containers: [balancerRow(changed), replica(1, 'a', 'exited', '/readyz'), replica(2, 'b', 'running', '/ping')],
      network: true,
      balancer: configOf({
        release: 2,
        previous: 1,
        health: healthCheckOf('/ping', undefined),
        otherHealth: {'1a': healthCheckOf('/readyz', undefined)},
        slots: slotsOf(2, 'green'),
      }),
    },
  });
  assert.deepEqual(checks(planRollback(changed, fresh, {entry})), [
    '/readyz',
    `'%[srv_name,regsub("^(1b)$","=/ping"),regsub("^[^=].*$","=/readyz"),regsub("^=","")]'`,
  ]);
  // The next deploy, in the slots of the first release.
  assert.deepEqual(checks(plan(changed, fresh)), ['/ping']);
});

test('a command is awaited where the replicas are; the balancers only connect', () => {
  const changed = deploymentOf(
    'hosts: [d@h1], ready_timeout_seconds: 20, load_balancer: {address: 0.0.0.0, port: 80, hosts: [d@lb1]}',
    '{command: [is-ready, "a b"]}',
  );
  const made = plan(changed, fleet(changed));
  assert.ok(phases(made).includes('start h1, health lb1'), phases(made).join('\n'));
  const [run = '', wait = ''] = commandsOf(made, 'start', 'h1').slice(-2);
  assert.match(run, /--health-cmd 'if command -v start-as-webuser [^']*is-ready '\\''a b'\\''/);
  assert.match(wait, /docker exec shop\.local\.1\.1 sh -c /);
  const step = made.rounds.flat().find(({phase}) => phase === 'start');
  assert.deepEqual(
    step?.cancel?.map((one) => commandText(one)),
    ['docker stop --time 1 shop.local.1.1'],
  );
  assert.deepEqual(checks(made), []);
});

test('a balancer of an earlier version is not asked to serve releases that expect different answers', () => {
  const changed = deploymentOf('load_balancer: {address: 127.0.0.1, port: 80}', '{status: 2xx}');
  const of = (lb: string) =>
    fleet(changed, {
      local: {
        containers: [balancerRow(changed, lb), replica(1, 'a', 'running', '/readyz')],
        network: true,
        balancer: configOf({release: 1, slots: slotsOf(1, 'blue')}),
      },
    });
  assert.throws(() => plan(changed, of('2')), {code: 'balancer_outdated'});
  plan(changed, of('3'));
});

test('a batch is a number of hosts, a percentage, or all, and at least one host', () => {
  assert.deepEqual(
    [
      batchSize('all', 7),
      batchSize(2, 7),
      batchSize('25%', 7),
      batchSize('25%', 3),
      batchSize('9', 7),
      batchSize('100%', 7),
    ],
    [7, 2, 1, 1, 7, 7],
  );
  assert.deepEqual(batchesOf([1, 2, 3, 4, 5], 2), [[1, 2], [3, 4], [5]]);
});

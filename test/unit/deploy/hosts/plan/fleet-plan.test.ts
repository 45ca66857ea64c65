import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import type {Colour} from '../../../../../src/deploy/hosts/balancer/state.ts';
import {parseHostState} from '../../../../../src/deploy/hosts/host-query.ts';
import {leavingMachine, machinesOf} from '../../../../../src/deploy/hosts/machines.ts';
import {batchesOf, batchSize} from '../../../../../src/deploy/hosts/plan/batches.ts';
import {planDeploy} from '../../../../../src/deploy/hosts/plan/deploy.ts';
import {type Plan, planText} from '../../../../../src/deploy/hosts/plan/plan.ts';
import {planRollback} from '../../../../../src/deploy/hosts/plan/rollback.ts';
import {balancerHash} from '../../../../../src/deploy/hosts/plan/steps/balancer.ts';
import type {SurveyedHost} from '../../../../../src/deploy/hosts/state.ts';
import type {Deployment} from '../../../../../src/deploy/target.ts';
import {isProblem} from '../../../../../src/errors.ts';
import {parseDeployFile} from '../../../../../src/service/deploy-file.ts';
import {commandText} from '../../../../../src/shell/argv.ts';
import {configOf, container, type Seen, stateText} from '../stack.ts';

const entry = {token: '0a1b2c3d', what: 'deploy', owner: 'jo@laptop', at: '2026-01-02T03:04:05.000Z'};
const image = 'r:5000/shop@sha256:new';

function deploymentOf(settings: string, health = '/readyz'): Deployment {
  const deployFile = parseDeployFile(`service: shop\nhealth: ${health}\nenvironments: {local: {${settings}}}`);
  const local = deployFile.environments['local'];
  if (local === undefined) throw new Error('no such environment');
  return {
    service: {name: 'shop', directory: '/service', deployFile, registry: undefined},
    environment: 'local',
    settings: local,
    image,
    commit: '',
  };
}

const two = deploymentOf('hosts: [d@h1, d@h2], load_balancer: {address: 0.0.0.0, port: 80}');
const dedicated = deploymentOf(
  'hosts: [d@h1, {host: d@h2, address: 10.9.0.2}], load_balancer: {address: 0.0.0.0, port: 80, hosts: [d@lb1, d@lb2]}',
);

/** The machines of a deployment with their states. */
function fleet(deployment: Deployment, seen: Readonly<Record<string, Seen>> = {}): SurveyedHost[] {
  return machinesOf(deployment.settings).map((machine) => surveyed(deployment, machine, seen[machine.host] ?? {}));
}

function surveyed(deployment: Deployment, machine: SurveyedHost['machine'], seen: Seen): SurveyedHost {
  const address = `10.0.0.${machine.host.length + Number(machine.host.at(-1))}`;
  const stack = {service: 'shop', environment: deployment.environment};
  return {
    machine,
    state: parseHostState(stateText({address, ...seen}), {
      stack,
      balancer: machine.balancer ? 'shop.local.balancer' : undefined,
      images: [],
      network: true,
    }),
  };
}

const plan = (deployment: Deployment, all: readonly SurveyedHost[], batch: string | number = 'all'): Plan =>
  planDeploy(deployment, all, {batch, watchSeconds: 0, entry});
/** `phase host`, round by round. */
const phases = ({first, rounds, finish}: Plan): string[] =>
  [...first, ...rounds, ...finish].map((round) =>
    round.map(({phase, host}) => `${phase} ${host.replace('d@', '')}`).join(', '),
  );
const commandsOf = ({rounds}: Plan, phase: string, host: string): string[] =>
  rounds
    .flat()
    .filter((step) => step.phase === phase && step.host === `d@${host}`)
    .flatMap(({commands}) => commands.map((one) => commandText(one).replace(/ <<'END'[^]*/, ' <FILE')));

const slot = (host: string, release: number, colour: Colour, port: number) => ({
  host,
  replica: 1,
  colour,
  container: `shop.local.${release}.1`,
  address: host === 'h1' ? '10.0.0.5' : '10.9.0.2',
  port,
});
const app = (release: number, state: string, half: string, published: string, hosts = 'd@h1,d@h2'): string =>
  container(`shop.local.${release}.1`, state, {release: String(release), replica: '1', half, published, hosts});
const balancerRow = (deployment: Deployment): string =>
  container('shop.local.balancer', 'running', {role: 'balancer', settings: balancerHash(deployment)});
const holding = (deployment: Deployment, release: number, colour: Colour): Seen => ({
  containers: [balancerRow(deployment)],
  balancer: configOf({
    release,
    previous: release - 1,
    hosts: ['h1', 'h2'],
    slots: [slot('h1', release, colour, 20_001), slot('h2', release, colour, 20_001)],
  }),
});

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

describe('after a prune of containers that do not run', () => {
  const pulled = (release: number, previous = ''): string =>
    container(`shop.local.${release}.1`, 'running', {
      release: String(release),
      replica: '1',
      half: 'a',
      image: `r/shop@sha256:${release}`,
      previous,
    });
  const serving = (seen: Seen): SurveyedHost[] =>
    fleet(two, {
      'd@h1': {
        network: true,
        balancer: configOf({release: 4, previous: 3, slots: slotsOf(4, 'blue')}),
        ...seen,
        containers: [...(seen.containers ?? [pulled(4)]), balancerRow(two)],
      },
      'd@h2': {
        network: true,
        balancer: configOf({release: 4, previous: 3, slots: slotsOf(4, 'blue')}),
        ...seen,
        containers: [...(seen.containers ?? [pulled(4)]), balancerRow(two)],
      },
    });
  const recreated = (made: Plan): void => {
    assert.deepEqual([made.release, made.image], [3, 'r/shop@sha256:3']);
    assert.deepEqual(phases(made).slice(0, 3), ['pull h1, pull h2', 'start h1, start h2', 'switch h1, switch h2']);
    assert.deepEqual(made.notes, [
      'd@h1 has no containers of release 3: it gets new ones with the current settings of deploy.yaml',
      'd@h2 has no containers of release 3: it gets new ones with the current settings of deploy.yaml',
    ]);
    assert.match(
      commandsOf(made, 'start', 'h2').join('\n'),
      /^docker run --detach --name shop\.local\.3\.1 .* r\/shop@sha256:3 run$/m,
    );
  };

  test('a rollback creates the containers of the release anew, with the image of the release log', () => {
    recreated(
      planRollback(
        two,
        serving({
          log: [
            [3, 'r/shop@sha256:3'],
            [4, 'r/shop@sha256:4'],
          ],
        }),
        {entry},
      ),
    );
  });

  test('and without a release log, with the image that the labels of the next release name', () => {
    recreated(planRollback(two, serving({containers: [pulled(4, '3=r/shop@sha256:3')]}), {entry}));
  });

  test('a release of which nothing is left cannot return, and the message says what can', () => {
    assert.throws(
      () =>
        planRollback(
          two,
          serving({
            log: [
              [1, 'r/shop@sha256:1'],
              [4, 'r/shop@sha256:4'],
            ],
          }),
          {entry},
        ),
      (error: unknown) =>
        isProblem(error) &&
        /^release 3 of shop in local is gone: neither its containers nor its image's name are left/.test(
          error.message,
        ) &&
        error.fix ===
          'choose a kept release with --release: 1; or deploy the version you want: entrypoint deploy local --image=IMAGE',
    );
  });

  test('an image of this engine alone is looked for before anything changes', () => {
    const local = deploymentOf('load_balancer: {address: 127.0.0.1, port: 80}');
    const all = fleet(local, {
      local: {
        containers: [balancerRow(local), replica(4, 'a', 'running', '/readyz')],
        network: true,
        balancer: configOf({release: 4, previous: 3, slots: slotsOf(4, 'blue')}),
        log: [[3, 'sha256:3']],
      },
    });
    assert.deepEqual(
      planRollback(local, all, {entry})
        .first.flat()
        .map(({phase, commands}) => [phase, ...commands.map((one) => commandText(one))]),
      [['check', "docker image inspect --format '{{.Id}}' sha256:3"]],
    );
  });
});

test('a deploy labels its replicas with the release and the image before', () => {
  const local = deploymentOf('load_balancer: {address: 127.0.0.1, port: 80}');
  const all = fleet(local, {
    local: {
      containers: [balancerRow(local), replica(4, 'a', 'running', '/readyz')],
      network: true,
      balancer: configOf({release: 4, previous: 3, slots: slotsOf(4, 'blue')}),
    },
  });
  const [start = ''] = plan(local, all)
    .rounds.flat()
    .filter(({phase}) => phase === 'start')
    .flatMap(({commands}) => commands.map((one) => commandText(one)));
  assert.match(start, / --label entrypoint\.previous=4=sha256:old /);
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
        .flatMap((text) => text.match(/(?<=httpchk GET |uri-lf ).+/g) ?? []),
    );
const replica = (release: number, half: string, state: string, health: string): string =>
  container(`shop.local.${release}.1`, state, {release: String(release), replica: '1', half, health});
const slotsOf = (release: number, colour: Colour) => [
  {host: '', replica: 1, colour, container: `shop.local.${release}.1`, address: `shop.local.${release}.1`, port: 3000},
];

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
    `'%[srv_name,regsub("^(1a)$","/readyz"),regsub("^[^/].*$","/ping")]'`,
  ]);
  const fresh = fleet(changed, {
    local: {
      containers: [balancerRow(changed), replica(1, 'a', 'exited', '/readyz'), replica(2, 'b', 'running', '/ping')],
      network: true,
      balancer: configOf({
        release: 2,
        previous: 1,
        health: '/ping',
        otherHealth: {'1a': '/readyz'},
        slots: slotsOf(2, 'green'),
      }),
    },
  });
  assert.deepEqual(checks(planRollback(changed, fresh, {entry})), [
    '/readyz',
    `'%[srv_name,regsub("^(1b)$","/ping"),regsub("^[^/].*$","/readyz")]'`,
  ]);
  // The next deploy, in the slots of the first release.
  assert.deepEqual(checks(plan(changed, fresh)), ['/ping']);
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

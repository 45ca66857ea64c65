import assert from 'node:assert/strict';
import {describe, test} from 'node:test';
import {type Plan} from '../../../../../src/deploy/hosts/plan/plan.ts';
import {planRollback} from '../../../../../src/deploy/hosts/plan/rollback.ts';
import type {SurveyedHost} from '../../../../../src/deploy/hosts/state.ts';
import {isProblem} from '../../../../../src/errors.ts';
import {commandText} from '../../../../../src/shell/argv.ts';
import {configOf, container, type Seen} from '../stack.ts';
import {entry, deploymentOf, two, fleet, plan, phases, commandsOf, balancerRow, replica, slotsOf} from './fleets.ts';

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

describe('after a prune of containers that do not run', () => {
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
        error.message.startsWith(
          "release 3 of shop in local is gone: neither its containers nor its image's name are left",
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
        .flatMap(({phase, commands}) => commands.map((one) => `${phase}: ${commandText(one)}`)),
      ["check: docker image inspect --format '{{.Id}}' sha256:3"],
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

test('a slot whose container is gone leaves the balancer, which would wait for its address', () => {
  const made = plan(two, serving({containers: [replica(3, 'b', 'running', 'healthy')]}));
  const texts = made.rounds.flat().flatMap(({commands}) => commands.map(commandText));
  assert.ok(texts.every((text) => !text.includes('shop.local.4.1')));
  const [configure = '', restore, remove] = commandsOf(made, 'start', 'h1');
  assert.match(configure, /lb config --wait shop\.local <FILE/);
  assert.match(restore ?? '', /lb restore shop\.local/);
  assert.match(remove ?? '', /docker stop .* shop\.local\.3\.1/);
});

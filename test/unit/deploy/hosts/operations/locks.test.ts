import assert from 'node:assert/strict';
import {test} from 'node:test';
import {deploy} from '../../../../../src/deploy/hosts/operations/deploy.ts';
import {balancerHash} from '../../../../../src/deploy/hosts/plan/steps/balancer.ts';
import {isProblem, problem} from '../../../../../src/errors.ts';
import {configOf, container, isHostQuery, record, type Seen, stateText, target} from '../stack.ts';

// A lock whose container a prune has removed.

const one: Seen = {
  containers: [
    container('shop.local.1.1', 'running', {release: '1', replica: '1', half: 'a'}),
    container('shop.local.balancer', 'running', {role: 'balancer', settings: balancerHash(target())}),
  ],
  network: true,
  balancer: configOf({
    release: 1,
    slots: [{host: '', replica: 1, colour: 'blue', container: 'shop.local.1.1', address: 'shop.local.1.1', port: 3000}],
  }),
};

test('a deploy whose lock another one has by its file alone names its owner, and changes nothing', async () => {
  const {context, commands} = record((text) => {
    if (isHostQuery(text)) return {stdout: stateText(one)};
    if (!text.includes('docker create --entrypoint sleep')) return undefined;
    return problem({
      code: 'command_failed',
      what: 'it failed',
      details: ['entrypoint: locked: 45 jo@laptop rollback'],
      exitCode: 1,
    });
  });
  await assert.rejects(
    deploy(context, {...target(), image: 'sha256:new', commit: 'def'}),
    (error) =>
      isProblem(error) &&
      error.code === 'locked' &&
      /shop in local is locked by jo@laptop \(rollback, held for 15 s\)/.test(error.message) &&
      /expires in 45 s/.test(error.fix ?? ''),
  );
  assert.deepEqual(
    commands().filter((text) => text !== 'LOOK'),
    [
      'docker create --entrypoint sleep --name shop.local.lock --network none --log-driver none --label entrypoint.role=lock --label entrypoint.lock.reason=deploy --no-healthcheck sha256:new infinity',
    ],
  );
});

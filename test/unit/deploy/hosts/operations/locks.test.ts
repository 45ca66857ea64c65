import assert from 'node:assert/strict';
import {test} from 'node:test';
import {deploy} from '../../../../../src/deploy/hosts/operations/deploy.ts';
import {balancerHash} from '../../../../../src/deploy/hosts/plan/steps/balancer.ts';
import {isProblem, problem} from '../../../../../src/errors.ts';
import {testContext} from '../../../../../src/task.ts';
import {configOf, container, type Engine, isHostQuery, type Seen, stateText, target} from '../stack.ts';

// A lock that does not run yet: a prune can take it, and another deployer its name.

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
const next = {...target('before: [migrate], after: [test_sanity]'), image: 'sha256:new', commit: 'def'};
const isFence = (text: string): boolean => text.includes('|| docker create --entrypoint sleep');

function stepOf(text: string): readonly string[] {
  if (isFence(text)) return ['lock?'];
  return /docker create|migrate|lb start|lb switch|test-sanity|docker stop|docker rm/.exec(text)?.slice(0, 1) ?? [];
}

/** Each command in a word or two, in order. */
function recorded(respond: Engine): {readonly done: ReturnType<typeof deploy>; readonly steps: () => string[]} {
  const {context, commands} = testContext({
    respond: (_, text) => (isHostQuery(text) ? {stdout: stateText(one)} : respond(text)),
  });
  return {done: deploy(context, next), steps: () => commands.flatMap(stepOf)};
}

test('the lock is required again before tasks and the switch, in the same call, and not before replicas start', async () => {
  const {done, steps} = recorded(() => undefined);
  await done;
  assert.deepEqual(steps(), [
    'docker create',
    'lock?',
    'migrate',
    'lb start',
    'lock?',
    'lb switch',
    'lock?',
    'test-sanity',
    'docker stop',
    'docker rm',
  ]);
});

test('a deploy whose lock a prune gave to another stops before the switch, and undoes nothing of the other', async () => {
  let fences = 0;
  const {done, steps} = recorded((text) =>
    isFence(text) && (fences += 1) === 2
      ? problem({
          code: 'command_failed',
          what: 'it failed',
          details: ['Conflict. The container name "/shop.local.lock" is already in use by container "0a"'],
          exitCode: 1,
        })
      : undefined,
  );
  await assert.rejects(
    done,
    (error) => isProblem(error) && error.code === 'lock_lost' && /another deployer/.test(error.message),
  );
  assert.deepEqual(steps(), ['docker create', 'lock?', 'migrate', 'lb start', 'lock?']);
});

test('a name in use that is not the lock is the failure of its own step', async () => {
  const {done} = recorded((text) =>
    text.includes('.migrate')
      ? problem({
          code: 'command_failed',
          what: 'it failed',
          details: ['Conflict. The container name "/shop.local.2.migrate" is already in use by container "0a"'],
          exitCode: 125,
        })
      : undefined,
  );
  await assert.rejects(done, (error) => isProblem(error) && error.code === 'command_failed');
});

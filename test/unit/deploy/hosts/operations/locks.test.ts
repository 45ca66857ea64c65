import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setImmediate as turn} from 'node:timers/promises';
import {deploy} from '../../../../../src/deploy/hosts/operations/deploy.ts';
import {balancerHash} from '../../../../../src/deploy/hosts/plan/steps/balancer.ts';
import {isProblem, problem} from '../../../../../src/errors.ts';
import {commandText, toCommand} from '../../../../../src/shell/argv.ts';
import type {Runner} from '../../../../../src/shell/index.ts';
import {configOf, container, type Engine, isHostQuery, record, type Seen, stateText, target} from '../stack.ts';

// The start of a lock: the name is taken at once, and the container starts while the first replicas do.

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
const engine: Engine = (text) => {
  if (isHostQuery(text)) return {stdout: stateText(one)};
  return text === "echo 'lock taken'" ? {stdout: 'lock taken\n'} : undefined;
};
const next = {...target(), image: 'sha256:new', commit: 'def'};
const startOfLock = 'docker start shop.local.lock';

/** The start of the lock ends when `end` is called. */
function slowLock(run: Runner): {readonly run: Runner; readonly end: () => void} {
  const gate = Promise.withResolvers<void>();
  const slow: typeof run = Object.assign(
    (async (command, options) => {
      if (commandText(toCommand(command)) === startOfLock) await gate.promise;
      return run(command, options);
    }) as Runner,
    {...run, prefixed: () => slow, step: <T>(_title: string, body: (inner: Runner) => Promise<T>) => body(slow)},
  );
  return {run: slow, end: gate.resolve};
}

async function turns(): Promise<void> {
  for (let count = 0; count < 200; count += 1) await turn();
}

test('replicas start while the lock does, and get no request before it runs', async () => {
  const {context, commands} = record(engine);
  const {run, end} = slowLock(context.run);
  const deploying = deploy({...context, run}, next);
  await turns();
  assert.match(commands().at(-1) ?? '', /^docker exec shop\.local\.balancer lb start /);
  assert.ok(!commands().some((text) => text === startOfLock || text.includes('lb switch')));
  end();
  const {deployed} = await deploying;
  assert.equal(deployed?.release, 2);
  const [started, switched] = [startOfLock, 'lb switch'].map((part) =>
    commands().findIndex((text) => text.includes(part)),
  );
  assert.ok((started ?? -1) > -1 && (started ?? 0) < (switched ?? 0), commands().join('\n'));
});

test('a task before the switch waits for the lock', async () => {
  const {context, commands} = record(engine);
  const {run, end} = slowLock(context.run);
  const deploying = deploy({...context, run}, {...next, ...target('before: [migrate]')});
  await turns();
  assert.ok(!commands().some((text) => text.startsWith('docker run')), commands().join('\n'));
  end();
  await deploying;
  assert.ok(commands().some((text) => text.startsWith('docker run --rm --name shop.local.2.migrate')));
});

const pruned = problem({
  code: 'command_failed',
  what: 'it failed',
  details: ['Error response from daemon: No such container: shop.local.lock'],
  exitCode: 1,
});

test('a lock that a prune takes before it runs is taken again before the switch', async () => {
  const {context, commands} = record((text) => (text === startOfLock ? pruned : engine(text)));
  await deploy(context, next);
  const changes = commands().filter((text) => /shop\.local\.lock|lb switch/.test(text));
  assert.deepEqual(
    changes.map((text) => /docker create|exec docker run|docker start|lb switch|docker rm/.exec(text)?.[0]),
    ['docker create', 'docker start', 'exec docker run', 'lb switch', 'docker rm'],
  );
});

test('of two deploys, the one whose lock a prune took stops before the switch and undoes nothing of the other', async () => {
  const taken = problem({
    code: 'command_failed',
    what: 'it failed',
    details: ['Conflict. The container name "/shop.local.lock" is already in use'],
    exitCode: 125,
  });
  const {context, commands} = record((text) =>
    text === startOfLock ? pruned : text.includes('exec docker run') ? taken : engine(text),
  );
  await assert.rejects(deploy(context, next), (error) => isProblem(error) && error.code === 'lock_lost');
  assert.ok(!commands().some((text) => /lb switch|docker rm/.test(text)), commands().join('\n'));
});

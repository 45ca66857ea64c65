import assert from 'node:assert/strict';
import {test} from 'node:test';
import {exec, type ExecOptions, userOf} from '../../../../../src/deploy/hosts/operations/exec.ts';
import {configOf, container, isHostQuery, record, stateText, target} from '../stack.ts';

const replica = (number: number): string =>
  container(`shop.local.1.${number}`, 'running', {release: '1', replica: String(number), half: 'a'});
const slot = (number: number) =>
  ({
    host: '',
    replica: number,
    colour: 'blue',
    container: `shop.local.1.${number}`,
    address: `shop.local.1.${number}`,
    port: 3000,
  }) as const;
const state = stateText({
  containers: [replica(1), replica(2), container('shop.local.balancer', 'running', {role: 'balancer'})],
  network: true,
  balancer: configOf({release: 1, slots: [slot(1), slot(2)]}),
});
const ours = '["start-as-webuser","tini","--","entrypoint"] ["run"]\t\n';
const status = (id: number): string => `Name:\tx\nUid:\t${id}\t${id}\t${id}\t${id}\nGid:\t7\t${id + 1}\t7\t7\n`;

/** The commands in the containers of an image with this metadata, whose first process has this status. */
async function commandsOf(metadata: string, first = '', options: ExecOptions = {}): Promise<readonly string[]> {
  const {context, commands} = record((text) => {
    if (isHostQuery(text)) return {stdout: state};
    return {stdout: text.startsWith('docker inspect') ? metadata : text.includes('/proc/1/status') ? first : ''};
  });
  await exec({...context, rest: ['psql', '-c', 'select 1']}, target(), options);
  return commands().filter((text) => text.startsWith('docker exec'));
}

test('a command runs as the user of the service, with the standard input', async () => {
  assert.deepEqual(await commandsOf(ours), [
    "docker exec --interactive shop.local.1.1 start-as-webuser --exec psql -c 'select 1'",
  ]);
});

test('an image of another kind: its own user, or that of its first process where this is root', async () => {
  const plain = ["docker exec --interactive shop.local.1.1 psql -c 'select 1'"];
  const asked = 'docker exec shop.local.1.1 cat /proc/1/status';
  assert.deepEqual(await commandsOf('["/app"] null\t1000\n'), plain);
  assert.deepEqual(await commandsOf('["gosu","app"] ["serve"]\t\n', status(999)), [
    asked,
    "docker exec --interactive --user 999:1000 shop.local.1.1 psql -c 'select 1'",
  ]);
  assert.deepEqual(await commandsOf('["/app"] null\troot:root\n', status(0)), [asked, ...plain]);
  assert.deepEqual(await commandsOf('null ["/app"]\t0\n', 'no such program'), [asked, ...plain]);
  assert.deepEqual(['', status(0), status(33)].map(userOf), [undefined, undefined, '33:34']);
});

test('--root and --all say otherwise', async () => {
  assert.deepEqual(await commandsOf(ours, '', {root: true}), [
    "docker exec --interactive --user 0 shop.local.1.1 psql -c 'select 1'",
  ]);
  assert.deepEqual(await commandsOf(ours, '', {all: true}), [
    "docker exec shop.local.1.1 start-as-webuser --exec psql -c 'select 1'",
    "docker exec shop.local.1.2 start-as-webuser --exec psql -c 'select 1'",
  ]);
  await assert.rejects(
    commandsOf(ours, '', {all: true, terminal: true}),
    /several replicas, and --terminal is for one/,
  );
});

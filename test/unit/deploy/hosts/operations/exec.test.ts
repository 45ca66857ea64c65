import assert from 'node:assert/strict';
import {test} from 'node:test';
import {exec, type ExecOptions} from '../../../../../src/deploy/hosts/operations/exec.ts';
import type {Problem} from '../../../../../src/errors.ts';
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
const ours = '["start-as-webuser","tini","--","entrypoint"] ["run"]\t\t7\t\n';
const own = (user: string, pidMode = ''): string => `["/app"] null\t${user}\t7\t${pidMode}\n`;
const status = (pid: number, parent: number, name: string, uid: number): string =>
  `Name: ${name}\nPid: ${pid}\nPPid: ${parent}\nUid: ${uid} ${uid} ${uid} ${uid}\nGid: 7 ${uid + 1} 7 7\n`;

interface Answers {
  /** Of a shell in the container that reads /proc. */
  readonly inside?: string;
  /** Of `docker top`. */
  readonly listed?: string;
}

/** The commands in the containers of an image with this metadata, and with these processes. */
async function commandsOf(
  metadata: string,
  {inside, listed}: Answers = {},
  options: ExecOptions = {},
): Promise<{readonly commands: readonly string[]; readonly notes: readonly string[]}> {
  const notes: string[] = [];
  const {context, commands} = record((text) => {
    if (isHostQuery(text)) return {stdout: state};
    if (text.startsWith('docker inspect')) return {stdout: metadata};
    if (text.startsWith('docker top'))
      return listed === undefined ? {exitCode: 1, stderr: 'ps: bad option'} : {stdout: listed};
    if (text.includes('/status')) return inside === undefined ? {exitCode: 127} : {stdout: inside};
    return {};
  });
  const all = {...context, note: (text: string) => notes.push(text), rest: ['psql', '-c', 'select 1']};
  await exec(all, target(), options);
  return {commands: commands().filter((text) => text.includes('psql')), notes};
}

const plain = "docker exec --interactive shop.local.1.1 psql -c 'select 1'";
const as = (user: string): string => `docker exec --interactive --user ${user} shop.local.1.1 psql -c 'select 1'`;

test('a command runs as the user of the service, with the standard input', async () => {
  assert.deepEqual((await commandsOf(ours)).commands, [
    "docker exec --interactive shop.local.1.1 start-as-webuser --exec psql -c 'select 1'",
  ]);
});

test('an image of another kind: its own user, or that of its first process where this is root', async () => {
  assert.deepEqual((await commandsOf(own('1000'))).commands, [plain]);
  assert.deepEqual((await commandsOf(own(''), {inside: status(1, 0, 'app', 999)})).commands, [as('999:1000')]);
});

test('a service below an init, a supervisor or a shell that runs as root has its own user', async () => {
  for (const inside of [
    status(1, 0, 'docker-init', 0) + status(7, 1, 'app', 999) + status(90, 0, 'sh', 0),
    status(1, 0, 'sh', 0) + status(7, 1, 'su', 0) + status(8, 7, 'app', 999) + status(9, 8, 'helper', 33),
    status(1, 0, 's6-svscan', 0) +
      status(20, 1, 's6-supervise', 0) +
      status(21, 20, 's6-ipcserverd', 0) +
      status(30, 1, 's6-supervise', 0) +
      status(31, 30, 's6-log', 65_534) +
      status(40, 1, 's6-supervise', 0) +
      status(41, 40, 'app', 999),
  ])
    assert.deepEqual((await commandsOf(own('0'), {inside})).commands, [as('999:1000')], inside);
});

test('a service that runs as root has root, and a note says so where its workers do not', async () => {
  for (const inside of [status(1, 0, 'app', 0), status(1, 0, 'tini', 0) + status(7, 1, 'app', 0)])
    assert.deepEqual(await commandsOf(own('root:root'), {inside}), {commands: [plain], notes: []});
  assert.deepEqual(
    await commandsOf(own(''), {
      inside: status(1, 0, 'nginx', 0) + status(7, 1, 'nginx', 33) + status(8, 1, 'nginx', 33),
    }),
    {commands: [plain], notes: ['shop.local.1.1: runs as root, as nginx does']},
  );
});

test('where the container has no shell, or shares its processes, the engine lists them', async () => {
  const head = '    PID    PPID   UID   GID COMMAND\n';
  assert.deepEqual((await commandsOf(own('0'), {listed: `${head}  7  2     0     0 app\n`})).commands, [plain]);
  const dropped = `${head}  7  2     0     0 tini\n  9  7   999   998 app\n`;
  assert.deepEqual((await commandsOf(own('0'), {listed: dropped})).commands, [as('999:998')]);
  const inside = status(1, 0, 'systemd', 0);
  assert.deepEqual((await commandsOf(own('0', 'host'), {inside, listed: dropped})).commands, [as('999:998')]);
});

test('a user that cannot be found is refused, not replaced by root', async () => {
  const inside = status(1, 0, 'supervisord', 0) + status(7, 1, 'app', 999) + status(8, 1, 'worker', 33);
  await assert.rejects(commandsOf(own(''), {inside}), (error: Problem) => {
    assert.equal(error.code, 'unknown_user');
    assert.deepEqual(error.details, ['app runs as 999:1000', 'worker runs as 33:34']);
    assert.match(error.fix ?? '', /entrypoint exec local --root -- psql -c 'select 1'/);
    return true;
  });
  await assert.rejects(commandsOf(own('')), (error: Problem) => {
    assert.deepEqual([error.code, error.details], ['unknown_user', ['ps: bad option']]);
    return true;
  });
  assert.deepEqual((await commandsOf(own(''), {}, {root: true})).commands, [as('0')]);
});

test('--root and --all say otherwise', async () => {
  assert.deepEqual((await commandsOf(ours, {}, {root: true})).commands, [
    "docker exec --interactive --user 0 shop.local.1.1 psql -c 'select 1'",
  ]);
  assert.deepEqual((await commandsOf(ours, {}, {all: true})).commands, [
    "docker exec shop.local.1.1 start-as-webuser --exec psql -c 'select 1'",
    "docker exec shop.local.1.2 start-as-webuser --exec psql -c 'select 1'",
  ]);
  await assert.rejects(
    commandsOf(ours, {}, {all: true, terminal: true}),
    /several replicas, and --terminal is for one/,
  );
});

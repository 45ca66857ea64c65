import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, describe, test} from 'node:test';
import {type MachineState, parseMachine, type Question, readMachine} from '../../../../src/deploy/hosts/state.ts';
import {configOf, container} from './stack.ts';

const directory = mkdtempSync(join(tmpdir(), 'state-'));
after(() => rmSync(directory, {recursive: true}));

const question = (images: readonly string[], network = true): Question => ({
  stack: {service: 'shop', environment: 'local'},
  balancer: 'shop.local.balancer',
  images,
  network,
});

/** What the script tells of a machine whose engine has these containers, and which calls of docker it takes. */
function look(
  containers: readonly string[],
  images: readonly string[] = ['there', 'missing'],
  network = true,
): {state: MachineState; calls: string[]} {
  writeFileSync(join(directory, 'containers'), containers.join('\n'));
  writeFileSync(join(directory, 'fragment'), configOf({release: 3}));
  writeFileSync(join(directory, 'calls'), '');
  writeFileSync(
    join(directory, 'docker'),
    [
      '#!/bin/sh',
      `echo "$1 $2" >>${directory}/calls`,
      'case "$*" in',
      `  ps*) cat ${directory}/containers ;;`,
      '  network*) echo shop.local ;;',
      "  volume*) printf 'data\\tshop\\tlocal\\t\\t\\t\\t\\n' ;;",
      '  *there) echo there ;;',
      `  exec*) sleep 0.2; cat ${directory}/fragment ;;`,
      "  inspect*) printf 'id\\t2026-01-02T03:04:05Z\\t0\\tjo@laptop\\tdeploy\\t\\n' ;;",
      '  info*) echo 2026-01-02T03:04:25Z ;;',
      '  *) exit 1 ;;',
      'esac',
      '',
    ].join('\n'),
    {mode: 0o755},
  );
  const {status, stdout} = run({PATH: `${directory}:${process.env['PATH']}`}, images, network);
  assert.equal(status, 0);
  return {
    state: parseMachine(stdout, question(images)),
    calls: readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n'),
  };
}

function run(
  environment: Readonly<Record<string, string>>,
  images: readonly string[] = [],
  network = true,
): {status: number | null; stdout: string} {
  const [program = '', ...words] = readMachine(question(images, network));
  return spawnSync(program, words, {encoding: 'utf8', env: environment});
}

describe('what a machine has', () => {
  test('is read whole, whatever answers last', () => {
    const {state, calls} = look([
      container('shop.local.3.1', 'running', {release: '3'}),
      container('shop.local.balancer', 'running', {role: 'balancer', lb: '2'}),
    ]);
    assert.deepEqual(
      state.containers.map(({name}) => name),
      ['shop.local.3.1', 'shop.local.balancer'],
    );
    assert.deepEqual(
      [state.hasNetwork, state.volumes, state.images, state.balancer?.release, state.lock],
      [true, ['data'], ['there'], 3, undefined],
    );
    assert.ok(!calls.some((call) => /^(?:info|inspect)/.test(call)), 'nobody asks for a lock that is not there');
    assert.ok(!calls.some((call) => call.startsWith('network')), 'what runs in the network has told that it is there');
  });

  test('has a balancer of version 1 where its container has no label', () => {
    for (const [lb, version] of [
      ['', 1],
      ['2', 2],
    ] as const) {
      const {state} = look([container('shop.local.balancer', 'running', {role: 'balancer', lb})]);
      assert.equal(state.lbVersion, version);
    }
  });

  test('is asked for its network where nothing runs in it', () => {
    const {state, calls} = look([container('shop.local.3.1', 'exited', {release: '3'})]);
    assert.equal(state.hasNetwork, true);
    assert.ok(calls.includes('network ls'));
  });

  test('is not asked for its network where that does not matter', () => {
    const {state, calls} = look([], [], false);
    assert.equal(state.hasNetwork, false);
    assert.ok(!calls.includes('network ls'));
  });

  test('is not asked for an image that one of its containers shows', () => {
    const {state, calls} = look([container('shop.local.3.1', 'exited', {release: '3', image: 'there'})]);
    assert.deepEqual(state.images, ['there']);
    assert.deepEqual(
      calls.filter((call) => call.startsWith('image')),
      ['image inspect'],
      'only for the one that is missing',
    );
  });

  test('with a lock, how long that is held', () => {
    const {state} = look([container('shop.local.lock', 'created', {role: 'lock'})]);
    assert.deepEqual([state.lock?.owner, state.lock?.age, state.lock?.left], ['jo@laptop', 20, 40]);
  });

  test('is not known where no engine answers: it ends with 1, also beside what does not need one', () => {
    writeFileSync(join(directory, 'docker'), '#!/bin/sh\ncase "$1" in ps) echo no engine >&2; exit 1 ;; esac\n', {
      mode: 0o755,
    });
    assert.equal(run({PATH: `${directory}:${process.env['PATH']}`}).status, 1);
  });
});

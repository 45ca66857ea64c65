import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {type HostQuery, hostQueryCommand, parseHostState} from '../../../../src/deploy/hosts/host-query.ts';
import type {HostState} from '../../../../src/deploy/hosts/state.ts';
import {temporaryDirectory} from '../../../support/directory.ts';
import {configOf, container} from './stack.ts';

const directory = temporaryDirectory();

const queryOf = (images: readonly string[], network = true): HostQuery => ({
  stack: {service: 'shop', environment: 'local'},
  balancer: 'shop.local.balancer',
  images,
  network,
});

/** The state that the script reads from an engine with these containers, and its calls of docker. */
function look(
  containers: readonly string[],
  images: readonly string[] = ['there', 'missing'],
  network = true,
): {state: HostState; calls: string[]} {
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
    state: parseHostState(stdout, queryOf(images)),
    calls: readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n'),
  };
}

function run(
  environment: Readonly<Record<string, string>>,
  images: readonly string[] = [],
  network = true,
): {status: number | null; stdout: string} {
  const [program = '', ...words] = hostQueryCommand(queryOf(images, network));
  return spawnSync(program, words, {encoding: 'utf8', env: environment});
}

describe('the state of a host', () => {
  test('is complete, whichever command finishes last', () => {
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
    assert.ok(!calls.some((call) => /^(?:info|inspect)/.test(call)), 'a missing lock is not inspected');
    assert.ok(!calls.some((call) => call.startsWith('network')), 'a running container proves that its network exists');
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

  test('includes a network without running containers', () => {
    const {state, calls} = look([container('shop.local.3.1', 'exited', {release: '3'})]);
    assert.equal(state.hasNetwork, true);
    assert.ok(calls.includes('network ls'));
  });

  test('leaves the network out if the query does', () => {
    const {state, calls} = look([], [], false);
    assert.equal(state.hasNetwork, false);
    assert.ok(!calls.includes('network ls'));
  });

  test('needs no query for an image that a container shows', () => {
    const {state, calls} = look([container('shop.local.3.1', 'exited', {release: '3', image: 'there'})]);
    assert.deepEqual(state.images, ['there']);
    assert.deepEqual(
      calls.filter((call) => call.startsWith('image')),
      ['image inspect'],
      'only for the missing one',
    );
  });

  test('includes the age of a lock', () => {
    const {state} = look([container('shop.local.lock', 'created', {role: 'lock'})]);
    assert.deepEqual([state.lock?.owner, state.lock?.age, state.lock?.left], ['jo@laptop', 20, 40]);
  });

  test('cannot be read if no engine answers: exit code 1, even though other commands succeed', () => {
    writeFileSync(join(directory, 'docker'), '#!/bin/sh\ncase "$1" in ps) echo no engine >&2; exit 1 ;; esac\n', {
      mode: 0o755,
    });
    assert.equal(run({PATH: `${directory}:${process.env['PATH']}`}).status, 1);
  });
});

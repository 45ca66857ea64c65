import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Process} from '../../../../src/contract/in-container/processes.ts';
import {idleProgram} from '../../../../src/contract/probes/spy.ts';
import {judgeInherited} from '../../../../src/contract/rules/signals.ts';

// Bit 0 is signal 1, SIGHUP; bit 1 is SIGINT.
const process = (name: string, ignored: string, blocked = '0'): Process => ({
  pid: 1,
  parent: 0,
  name,
  program: `/usr/bin/${name}`,
  uid: 10_001,
  zombie: false,
  blocked,
  ignored,
  pending: '0',
});
const clean = {blocked: '0', ignored: '0'};

test('a signal that a program ignores or blocks itself breaks nothing', () => {
  assert.deepEqual(judgeInherited([process('redis-server', '1')], [{program: '/usr/bin/redis-server', masks: clean}]), {
    status: 'pass',
    evidence: 'inherits none; set by the program itself: redis-server (SIGHUP ignored)',
  });
  const workers = [process('apache2', '0', '2'), process('apache2', '0', '2')];
  assert.deepEqual(judgeInherited(workers, [{program: '/usr/bin/apache2', masks: clean}]), {
    status: 'pass',
    evidence: 'inherits none; set by the program itself: apache2 (SIGINT blocked)',
  });
});

test('one that it finds so at its start does, even where the program resets it', () => {
  assert.deepEqual(
    judgeInherited([process('dash', '1')], [{program: '/usr/local/bin/node', masks: {blocked: '2', ignored: '1'}}]),
    {status: 'fail', evidence: 'node starts with SIGHUP ignored, node starts with SIGINT blocked'},
  );
});

test('what cannot be found out is no failure', () => {
  assert.equal(
    judgeInherited([process('a', '1')], [{program: '/usr/bin/a', masks: undefined}]).status,
    'not_applicable',
  );
});

test('the idle program is an ELF executable of the architecture, and there is none for others', () => {
  for (const [architecture, machine] of [
    ['amd64', 0x3e],
    ['arm64', 0xb7],
  ] as const) {
    const bytes = Buffer.from(idleProgram(architecture) ?? []);
    assert.equal(bytes.toString('latin1', 1, 4), 'ELF');
    assert.equal(bytes.readUInt16LE(0x12), machine);
    // The entry point is the first byte of the code, and the segment is the whole file.
    assert.equal(bytes.readUInt32LE(0x18) - bytes.readUInt32LE(0x50), 0x78);
    assert.equal(bytes.readUInt32LE(0x60), bytes.length);
  }
  assert.equal(idleProgram('s390x'), undefined);
});

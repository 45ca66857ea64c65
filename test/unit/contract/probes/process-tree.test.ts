import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Process} from '../../../../src/contract/in-container/processes.ts';
import {writtenFiles} from '../../../../src/contract/probes/normal-run.ts';
import {
  descendantsOfInit,
  hasSignal,
  mainProcess,
  serviceProcesses,
  workersOf,
} from '../../../../src/contract/probes/process-tree.ts';

const process = (pid: number, parent: number, name: string, changes: Partial<Process> = {}): Process => ({
  pid,
  parent,
  name,
  program: `/bin/${name}`,
  uid: 10_001,
  zombie: false,
  blocked: '0',
  ignored: '0',
  pending: '0',
  ...changes,
});

test('the main process is found below inits and the shells of wrappers, and above workers', () => {
  assert.equal(mainProcess([process(1, 0, 'node')])?.pid, 1);
  assert.equal(
    mainProcess([process(1, 0, 'tini'), process(7, 1, 'dash'), process(9, 7, 'python3'), process(10, 9, 'python3')])
      ?.pid,
    9,
  );
  assert.equal(mainProcess([]), undefined);
});

test('an init is not a process of the service; a service that runs as pid 1 is', () => {
  assert.deepEqual(
    serviceProcesses([process(1, 0, 'tini'), process(7, 1, 'node')]).map(({pid}) => pid),
    [7],
  );
  assert.deepEqual(
    serviceProcesses([process(1, 0, 'node'), process(8, 1, 'sh', {zombie: true})]).map(({pid}) => pid),
    [1],
  );
});

test('workers are processes below a server that is not pid 1', () => {
  assert.deepEqual(
    workersOf([process(1, 0, 'tini'), process(7, 1, 'node'), process(8, 7, 'node')]).map(({pid}) => pid),
    [8],
  );
});

test('processes of docker exec and of health checks are not part of the service', () => {
  const processes = [
    process(1, 0, 'tini'),
    process(7, 1, 'node'),
    process(8, 7, 'node'),
    process(40, 0, 'bash'),
    process(41, 40, 'sleep'),
  ];
  assert.deepEqual(
    descendantsOfInit(processes).map(({pid}) => pid),
    [1, 7, 8],
  );
});

test('a process whose parent has exited or cannot be read is one of the service', () => {
  const processes = [process(1, 0, 'tini'), process(9, 8, 'node'), process(10, 9, 'node'), process(40, 0, 'sh')];
  assert.deepEqual(
    descendantsOfInit(processes).map(({pid}) => pid),
    [1, 9, 10],
  );
});

test('reads signals from the masks of /proc', () => {
  assert.ok(hasSignal('0000000000004000', 'SIGTERM'));
  assert.ok(hasSignal('1', 'HUP'));
  assert.ok(!hasSignal('0000000000001000', 'SIGTERM'));
  assert.ok(!hasSignal('ffffffffffffffff', 'SIGNONE'));
});

test('docker diff counts files, and directories without listed children', () => {
  assert.deepEqual(writtenFiles('C /home\nC /home/webuser\nA /home/webuser/state\nA /empty\nD /gone\n'), [
    '/home/webuser/state',
    '/empty',
  ]);
});

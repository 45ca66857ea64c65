import assert from 'node:assert/strict';
import {EventEmitter} from 'node:events';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {test} from 'node:test';
import {oneAtATime} from '../../../../src/server/worker/sync.ts';

type Connection = EventEmitter & {destroyed: boolean};
const connection = (): Connection => Object.assign(new EventEmitter(), {destroyed: false});
const response = (): ServerResponse =>
  Object.assign(new EventEmitter(), {destroyed: false, shouldKeepAlive: true}) as unknown as ServerResponse;

interface SyncGate {
  readonly served: string[];
  readonly paused: string[];
  readonly ask: (name: string, socket?: Connection) => ServerResponse;
}

function gate(): SyncGate {
  const [served, paused]: [string[], string[]] = [[], []];
  const pass = oneAtATime({pause: () => paused.push('pause'), resume: () => paused.push('resume')});
  return {
    served,
    paused,
    ask: (name, socket = connection()) => {
      const answer = response();
      pass({socket} as unknown as IncomingMessage, answer, () => void served.push(name));
      return answer;
    },
  };
}

test('sync serves one request at a time, in order, and skips clients that have disconnected', () => {
  const {served, paused, ask} = gate();
  const all = ['/1', '/2', '/3', '/4'].map((url) => ask(url));
  assert.deepEqual(served, ['/1']);
  Object.assign(all[1] ?? {}, {destroyed: true});
  all[0]?.emit('close');
  assert.deepEqual(served, ['/1', '/3']);
  all[2]?.emit('close');
  all[3]?.emit('close');
  assert.deepEqual(served, ['/1', '/3', '/4']);
  assert.deepEqual(paused, ['resume']);
  assert.ok(all.every(({shouldKeepAlive}) => !shouldKeepAlive));
});

test('a pipelined response ends with its connection, for which node:http emits no event', () => {
  const {served, ask} = gate();
  const pipeline = connection();
  const first = ask('first', pipeline);
  ask('second', pipeline);
  first.emit('close');
  pipeline.emit('close');
  ask('other');
  assert.deepEqual(served, ['first', 'second', 'other']);
});

test('a client that disconnected while it waited is not served', () => {
  const {served, ask} = gate();
  const disconnected = connection();
  const first = ask('first');
  ask('disconnected', disconnected);
  ask('other');
  disconnected.destroyed = true;
  first.emit('close');
  assert.deepEqual(served, ['first', 'other']);
});

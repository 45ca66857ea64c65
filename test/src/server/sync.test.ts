import assert from 'node:assert/strict';
import {EventEmitter} from 'node:events';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {test} from 'node:test';
import {oneAtATime} from '../../../src/server/classes/sync.ts';

type Connection = EventEmitter & {destroyed: boolean};
const connection = (): Connection => Object.assign(new EventEmitter(), {destroyed: false});
const response = (): ServerResponse => Object.assign(new EventEmitter(), {destroyed: false}) as unknown as ServerResponse;

function gate(): {readonly served: string[]; readonly told: string[]; readonly ask: (name: string, socket: Connection, answer?: ServerResponse) => void} {
  const [served, told]: [string[], string[]] = [[], []];
  const pass = oneAtATime({pause: () => told.push('pause'), resume: () => told.push('resume')});
  return {served, told, ask: (name, socket, answer = response()) => pass({socket} as unknown as IncomingMessage, answer, () => void served.push(name))};
}

test('one request is served at a time, in their order, each on a connection that closes', () => {
  const {served, told, ask} = gate();
  const [first, second] = [response(), response()];
  ask('first', connection(), first);
  ask('second', connection(), second);
  assert.deepEqual(served, ['first']);
  first.emit('close');
  assert.deepEqual(served, ['first', 'second']);
  assert.deepEqual(told, []);
  second.emit('close');
  assert.deepEqual(told, ['resume']);
  assert.ok(!first.shouldKeepAlive && !second.shouldKeepAlive);
});

test('an answer that waits behind another one is over when their connection closes, of which node:http tells nothing', () => {
  const {served, ask} = gate();
  const [pipeline, first] = [connection(), response()];
  ask('first', pipeline, first);
  ask('second', pipeline);
  first.emit('close');
  pipeline.emit('close');
  ask('other', connection());
  assert.deepEqual(served, ['first', 'second', 'other']);
});

test('who has gone away meanwhile is not served', () => {
  const {served, ask} = gate();
  const [gone, first] = [connection(), response()];
  ask('first', connection(), first);
  ask('gone', gone);
  ask('other', connection());
  gone.destroyed = true;
  first.emit('close');
  assert.deepEqual(served, ['first', 'other']);
});

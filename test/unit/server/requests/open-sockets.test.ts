import assert from 'node:assert/strict';
import type {Socket} from 'node:net';
import {test} from 'node:test';
import {array, assert as check, boolean, integer, property, tuple} from 'fast-check';
import {socketList} from '../../../../src/server/requests/open-sockets.ts';

const sockets = (count: number): Socket[] => Array.from({length: count}, (_, id) => ({id}) as unknown as Socket);

test('a list of sockets has what a set has, whatever comes and goes', () => {
  check(
    property(array(tuple(boolean(), integer({min: 0, max: 9}))), (steps) => {
      const all = sockets(10);
      const list = socketList();
      const set = new Set<Socket>();
      for (const [adds, id] of steps) {
        const socket = all[id] as Socket;
        // A connection opens once; node:net can report its end twice.
        if (!adds) {
          list.delete(socket);
          set.delete(socket);
        } else if (!set.has(socket)) {
          list.add(socket);
          set.add(socket);
        }
        assert.equal(list.size, set.size);
      }
      assert.deepEqual(new Set(list), set);
    }),
  );
});

test('closing a connection while looking at all of them skips none', () => {
  const list = socketList();
  const all = sockets(4);
  for (const socket of all) list.add(socket);
  const seen: Socket[] = [];
  for (const socket of list) {
    list.delete(socket);
    seen.push(socket);
  }
  assert.deepEqual([seen, list.size], [all, 0]);
});

test('a socket can be in two lists', () => {
  const [first, second] = [socketList(), socketList()];
  const [one, other] = sockets(2) as [Socket, Socket];
  first.add(other);
  for (const list of [first, second]) list.add(one);
  first.delete(one);
  assert.deepEqual([[...first], [...second]], [[other], [one]]);
});

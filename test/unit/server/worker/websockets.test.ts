import assert from 'node:assert/strict';
import {test} from 'node:test';
import {array, assert as check, boolean, constantFrom, integer, nat, oneof, property, tuple} from 'fast-check';
import {trackFrames} from '../../../../src/server/worker/websockets.ts';

const head = Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n');

function frame(opcode: number, length: number, masked: boolean): Buffer {
  const mask = masked ? 0x80 : 0;
  const start = 0x80 | opcode;
  const header =
    length < 126
      ? Buffer.from([start, mask | length])
      : length < 65_536
        ? Buffer.from([start, mask | 126, length >> 8, length & 255])
        : Buffer.from([start, mask | 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255]);
  return Buffer.concat([header, Buffer.alloc(length + (masked ? 4 : 0), 0x88)]);
}

const frames = array(
  tuple(
    constantFrom(0, 1, 2, 9, 10),
    oneof(nat(200), constantFrom(0, 125, 126, 127, 65_535, 65_536, 70_000)),
    boolean(),
  ),
  {maxLength: 6},
);

test('a close frame can follow exactly where a frame ends, however the bytes are split into writes', () => {
  check(
    property(frames, array(integer({min: 1, max: 50_000})), (all, sizes) => {
      const parts = [head, ...all.map(([opcode, length, masked]) => frame(opcode, length, masked))];
      const bytes = Buffer.concat(parts);
      let end = 0;
      const ends = new Set(parts.map((part) => (end += part.length)));
      const {written, canClose} = trackFrames();
      let at = 0;
      for (const size of [...sizes, bytes.length]) {
        written(bytes.subarray(at, at + size));
        at = Math.min(bytes.length, at + size);
        assert.equal(canClose(), ends.has(at), `${at} of ${bytes.length}`);
      }
    }),
  );
});

function canCloseAfter(...parts: readonly (Buffer | string)[]): boolean {
  const {written, canClose} = trackFrames();
  for (const part of parts) written(Buffer.from(part));
  return canClose();
}

test('no close frame follows one of the service, a refusal, or a connection without an answer yet', () => {
  assert.equal(canCloseAfter(head), true);
  assert.equal(canCloseAfter(head, frame(1, 5, false), frame(8, 2, false)), false);
  assert.equal(canCloseAfter(head, frame(8, 2, false).subarray(0, 1)), false);
  assert.equal(canCloseAfter(), false);
  assert.equal(canCloseAfter('HTTP/1.1 1'), false);
  assert.equal(canCloseAfter('HTTP/1.1 401 Unauthorized\r\n\r\n'), false);
  assert.equal(canCloseAfter('HTTP/1.1 101 Switching Protocols\r\n', '\r', '\n'), true);
});

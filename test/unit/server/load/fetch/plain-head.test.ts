import assert from 'node:assert/strict';
import {test} from 'node:test';
import {array, assert as check, constantFrom, dictionary, property, tuple} from 'fast-check';
import {plainHeadOf} from '../../../../../src/server/load/fetch/plain-head.ts';

const pairs = (fields: readonly string[] = []): readonly (readonly [string, string])[] =>
  fields.flatMap((name, index) => (index % 2 === 0 ? [[name, fields[index + 1] ?? ''] as const] : []));

test('a response has its own headers, whatever those of the response before were', () => {
  const name = constantFrom('a', 'b', 'A', 'x-id', 'content-type', 'Content-Length', 'connection');
  const value = constantFrom('', '1', '2', 'text/html', '\u00e9', ' padded ');
  const given = dictionary(name, value, {maxKeys: 4, noNullPrototype: true});
  const type = constantFrom(undefined, 'text/plain');
  check(
    property(array(tuple(given, type), {minLength: 2, maxLength: 8}), (responses) => {
      for (const [own, usual] of responses) {
        const expected = new Headers(own);
        if (usual !== undefined && !expected.has('content-type')) expected.set('content-type', usual);
        const found = plainHeadOf(own, usual);
        // Empty values of one name in two spellings, which undici joins.
        if (found === undefined) {
          assert.ok([...expected.values()].some((text) => text.trim() !== text));
          continue;
        }
        assert.deepEqual(new Headers(pairs(found.fields) as [string, string][]), expected);
        assert.equal(found.framing, expected.has('content-length') || expected.has('connection'));
        assert.equal(
          found?.latin1,
          [...expected.values()].some((text) => text.includes('\u00e9')),
        );
      }
    }),
    {numRuns: 500},
  );
});

test('headers that the handler changes between two responses are sent as they are then', () => {
  const headers: Record<string, string> = {etag: '"1"'};
  assert.deepEqual(plainHeadOf(headers, undefined)?.fields, ['etag', '"1"']);
  headers['etag'] = '"2"';
  assert.deepEqual(plainHeadOf(headers, undefined)?.fields, ['etag', '"2"']);
  headers['vary'] = 'cookie';
  assert.deepEqual(plainHeadOf(headers, undefined)?.fields, ['etag', '"2"', 'vary', 'cookie']);
  delete headers['etag'];
  assert.deepEqual(plainHeadOf(headers, undefined)?.fields, ['vary', 'cookie']);
});

test('the type of a body is that of the handler, else that of the body', () => {
  const headers = {'x-id': '1'};
  assert.deepEqual(plainHeadOf(headers, 'text/plain')?.fields, ['x-id', '1', 'content-type', 'text/plain']);
  assert.deepEqual(plainHeadOf(headers, 'application/json')?.fields, ['x-id', '1', 'content-type', 'application/json']);
  assert.deepEqual(plainHeadOf(headers, undefined)?.fields, ['x-id', '1']);
});

import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {broken, build, removeImages, reportOf, tagOf} from './fixtures.ts';

before(() => build('good'));
after(removeImages);

// Two at a time: a check waits for containers more than it computes.
describe('entrypoint check', {concurrency: 2}, () => {
  test('a good image breaks no rule', async () => {
    const {results, passed, told} = await reportOf('good', tagOf('good'));
    assert.deepEqual(
      results.filter(({status}) => status === 'fail'),
      [],
    );
    assert.equal(passed, true);
    assert.equal(told.code, 0);
  });
  for (const name of broken) {
    test(`the fixture ${name} breaks ${name} and no other rule`, async () => {
      const tag = await build(name);
      const {results, passed, told} = await reportOf(name, tag);
      const failed = results.filter(({status}) => status === 'fail');
      assert.deepEqual(
        failed.map(({id}) => id),
        [name],
        failed.map(({id, evidence}) => `${id}: ${evidence}`).join('\n'),
      );
      const isError = failed[0]?.severity === 'error';
      assert.equal(passed, !isError);
      assert.equal(told.code, isError ? 1 : 0);
    });
  }
});

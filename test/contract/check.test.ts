import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {broken, build, removeImages, reportOf, tagOf} from './fixtures.ts';

before(() => build('good'));
after(removeImages);

// Two at a time: a check mostly waits for containers.
describe('entrypoint check', {concurrency: 2}, () => {
  test('a good image breaks no rule', async () => {
    const {results, passed, result} = await reportOf('good', tagOf('good'));
    assert.deepEqual(
      results.filter(({status}) => status === 'fail'),
      [],
    );
    assert.equal(passed, true);
    assert.equal(result.code, 0);
  });
  for (const name of broken) {
    test(`the fixture ${name} breaks ${name} and no other rule`, async () => {
      const tag = await build(name);
      const {results, passed, result} = await reportOf(name, tag);
      const failed = results.filter(({status}) => status === 'fail');
      assert.deepEqual(
        failed.map(({id}) => id),
        [name],
        failed.map(({id, evidence}) => `${id}: ${evidence}`).join('\n'),
      );
      const isError = failed[0]?.severity === 'error';
      assert.equal(passed, !isError);
      assert.equal(result.code, isError ? 1 : 0);
    });
  }
});

import assert from 'node:assert/strict';
import {after, describe, test} from 'node:test';
import {long} from '../support/long.ts';
import {answers, checkDebian, imageOf} from './debian.ts';
import {removeImages} from './fixtures.ts';

// Programs that others wrote, from Debian's packages. What each breaks was found by hand (debian.ts): a rule that fails
// beside those is a false alarm.

after(removeImages);

/** Which `npm test` has time for: it needs no build. */
const quick = 'registry';
const some = ['starts', 'clean-signals'];

describe('an image of a program from Debian', {concurrency: 2}, () => {
  for (const [name, {image, breaks, either = [], signals}] of Object.entries(answers)) {
    test(`${name} breaks exactly what it breaks`, name === quick ? {} : long, async () => {
      const {results} = await checkDebian(name, await imageOf(name), image === undefined ? [] : some);
      const failed = results.filter(({status}) => status === 'fail');
      assert.deepEqual(
        failed
          .map(({id}) => id)
          .filter((id) => !either.includes(id))
          .toSorted(),
        breaks.toSorted(),
        failed.map(({id, evidence}) => `${id}: ${evidence}`).join('\n'),
      );
      assert.match(results.find(({id}) => id === 'clean-signals')?.evidence ?? '', signals);
    });
  }
});

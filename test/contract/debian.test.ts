import assert from 'node:assert/strict';
import {after, describe, test} from 'node:test';
import {all} from '../support/long.ts';
import {answers, checkDebian, imageOf} from './debian.ts';
import {removeImages} from './fixtures.ts';

// Programs that others wrote, from Debian's packages. What each breaks was found by hand (debian.ts): a rule that fails
// beside those is a false alarm.

after(removeImages);

describe('an image of a program from Debian', {concurrency: 2}, () => {
  for (const [name, {breaks, either = [], signals}] of Object.entries(answers)) {
    test(
      `${name} breaks exactly what it breaks`,
      all ? {} : {skip: name === 'memcached' ? false : 'part of npm run test:all'},
      async () => {
        // `npm test` has no time for all rules.
        const {results} = await checkDebian(
          name,
          await imageOf(name),
          all ? [] : ['starts', 'clean-signals', 'not-root', 'no-setuid'],
        );
        const failed = results.filter(({status}) => status === 'fail');
        assert.deepEqual(
          failed
            .map(({id}) => id)
            .filter((id) => !either.includes(id))
            .toSorted(),
          breaks.filter((id) => results.some((one) => one.id === id)).toSorted(),
          failed.map(({id, evidence}) => `${id}: ${evidence}`).join('\n'),
        );
        assert.match(results.find(({id}) => id === 'clean-signals')?.evidence ?? '', signals);
      },
    );
  }
});

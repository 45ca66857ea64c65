import assert from 'node:assert/strict';
import {after, before, describe, test} from 'node:test';
import {dockerSync} from '../support/docker.ts';
import {long} from '../support/long.ts';
import type {Outcome} from '../support/service.ts';
import {makePlace, type Place, type PlaceFacts, steady, testCases} from './place.ts';

/** The release that serves and its containers, of `status --json`. */
function serving({stdout}: Outcome): unknown {
  const {release, containers} = JSON.parse(stdout) as {release: number; containers: {name: string; serving: boolean}[]};
  return [release, containers.filter((one) => one.serving).map((one) => one.name)];
}

/**
 * Every task of an example, outside by `entrypoint TASK` and inside by `docker run IMAGE TASK`: the same result.
 * @param alwaysCheck make `check` of this example part of `npm test`
 */
export function isomorphism({alwaysCheck = false, ...facts}: PlaceFacts & {alwaysCheck?: boolean}): void {
  describe(`${facts.example}: entrypoint TASK and docker run IMAGE TASK`, () => {
    const registry = `iso-registry-${process.pid}-${facts.example}`;
    let place: Place;
    // Undefined if its setup failed: the registry must be removed anyway.
    let made: Place | undefined;
    before(() => {
      dockerSync('run', '--detach', '--name', registry, '--publish', '127.0.0.1::5000', 'entrypoint/registry:2.8');
      const address = dockerSync('port', registry, '5000/tcp');
      place = made = makePlace({...facts, env: {...facts.env, ENTRYPOINT_REGISTRY: address}});
    });
    after(() => {
      made?.remove();
      dockerSync('rm', '--force', '--volumes', registry);
    });

    const both = (...words: readonly string[]): void => {
      const [outside, inside] = [place.outside(words), place.inside(words)];
      assert.equal(
        inside.code,
        outside.code,
        `${words.join(' ')}\n--- outside\n${outside.stdout}${outside.stderr}\n--- inside\n${inside.stdout}${inside.stderr}`,
      );
      assert.equal(steady(inside.stdout, place), steady(outside.stdout, place));
    };

    test('the list and the help of every task are the same', () => {
      both('--list');
      for (const [, name = ''] of place.outside(['--list']).stdout.matchAll(/^ +(\w+)/gm)) both('--help', name);
    });

    test('an unknown task fails in the same way', () => {
      both('no_such_task');
    });

    test('static_analysis gives the same result', () => {
      const [outside, inside] = [place.outside(['static_analysis']), place.inside(['static_analysis'])];
      assert.deepEqual([outside.code, inside.code], [0, 0], outside.stderr + inside.stderr);
    });

    test('test_unit runs the same tests and writes the same reports', () => {
      const words = ['test_unit', '--output=/reports'];
      const [outside, inside] = [place.outside(words), place.inside(words)];
      assert.deepEqual([outside.code, inside.code], [0, 0], outside.stderr + inside.stderr + inside.stdout);
      const cases = testCases(place.report('outside', 'test_unit.junit.xml'));
      assert.ok(cases.length > 5, cases.join('\n'));
      assert.deepEqual(testCases(place.report('inside', 'test_unit.junit.xml')), cases);
      const covered = (where: 'outside' | 'inside'): string[] =>
        [...place.report(where, 'test_unit.lcov').matchAll(/^SF:(.*)$/gm)]
          .map(([, file = '']) => steady(file, place).replace('/content/', ''))
          .toSorted();
      assert.ok(covered('outside').length > 2, place.report('outside', 'test_unit.lcov').slice(0, 300));
      assert.deepEqual(covered('inside'), covered('outside'));
    });

    test('test_integration runs the same tests and writes the same report', () => {
      const words = ['test_integration', '--output=/reports'];
      const [outside, inside] = [place.outside(words), place.inside(words)];
      assert.deepEqual([outside.code, inside.code], [0, 0], outside.stderr + inside.stderr);
      const cases = testCases(place.report('outside', 'test_integration.junit.xml'));
      assert.ok(cases.length > 2, cases.join('\n'));
      assert.deepEqual(testCases(place.report('inside', 'test_integration.junit.xml')), cases);
    });

    test('check gives the same result: no rule is broken, within a minute', alwaysCheck ? {} : long, () => {
      const words = ['--quiet', 'check', '--format=json'];
      const [outside, inside] = [place.outside(words), place.inside(words)].map(({code, stdout, stderr}) => {
        assert.equal(code, 0, stdout + stderr);
        return JSON.parse(stdout) as {seconds: number; results: {id: string; status: string; evidence: string}[]};
      });
      const found = (report: typeof outside): string[] =>
        report?.results.map(({id, status}) => `${id}: ${status}`) ?? [];
      assert.deepEqual(
        outside?.results.filter(({status}) => status === 'fail'),
        [],
      );
      assert.deepEqual(found(inside), found(outside));
      assert.ok(
        (outside?.seconds ?? NaN) < 60 && (inside?.seconds ?? NaN) < 60,
        `${outside?.seconds} and ${inside?.seconds} s`,
      );
    });

    test('publish and promote give the same digest', () => {
      both('publish');
      both('promote', '--to=rc');
    });

    test('deploy, test_sanity, status, logs, rollback and remove do the same, on the same state', () => {
      // Only the first deploy creates a database.
      assert.equal(place.outside(['deploy', 'local']).code, 0);
      both('deploy', 'local', '--stage=rc');
      both('test_sanity', 'no-such-environment');
      const [outside, inside] = [
        place.outside(['--quiet', '--json', 'status']),
        place.inside(['--quiet', '--json', 'status']),
      ];
      assert.deepEqual(serving(inside), serving(outside));
      both('rollback', 'local');
      assert.equal(place.outside(['logs', 'local', '--tail=5']).code, place.inside(['logs', 'local', '--tail=5']).code);
      assert.equal(place.inside(['remove', 'local', '--volumes']).code, 0);
      both('remove', 'local');
    });
  });
}

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {entrypoint, makeTiny} from './tiny.ts';

// `deploy` to this engine builds what is missing: the image of this tree, and nothing else.

const {must, run, write, describe, leftovers} = makeTiny();
const builds = /^\$ (?:\S*\/)?entrypoint build$/m;

test('deploy builds the image of the tree when there is none', () => {
  const refused = run(entrypoint, ['deploy', '--no-build']);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /is not on this engine\nfix: build it: entrypoint build\n$/);
  const script = must(entrypoint, '--dry-run', 'deploy');
  assert.match(
    script,
    /^docker image inspect --format '\{\{\.Id\}\}' \S+ >\/dev\/null 2>&1 \|\| \S*entrypoint build$/m,
  );
  assert.deepEqual(leftovers(), []);
  const deploy = (): string => {
    const {code, stderr} = run(entrypoint, ['deploy']);
    assert.equal(code, 0, stderr);
    return stderr;
  };
  assert.match(deploy(), builds);
  // Neither the same tree nor one with another deploy.yaml.
  describe('environment: {LEVEL: high}');
  assert.doesNotMatch(deploy(), builds);
  write('new.txt', 'a');
  assert.match(deploy(), builds);
  assert.doesNotMatch(deploy(), builds);
  write('new.txt', 'b');
  assert.match(deploy(), builds, 'the image of other changes is not that of the tree');
  must(entrypoint, 'remove', 'local', '--volumes');
});

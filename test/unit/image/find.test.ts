import assert from 'node:assert/strict';
import {test} from 'node:test';
import {isProblem, problem} from '../../../src/errors.ts';
import {findBuiltImage} from '../../../src/image/find.ts';
import {readService} from '../../../src/service/service.ts';
import {testContext} from '../../../src/task.ts';
import {directoryWith} from '../../support/directory.ts';

const oid = '0123456789abcdef0123456789abcdef01234567';
const other = 'fedcba9876543210fedcba9876543210fedcba98';

interface Engine {
  /** What `docker image inspect` prints before and after a build; undefined: no such image. */
  readonly before: string | undefined;
  readonly after?: string;
  readonly dirty?: boolean;
}

/** A service in a clean or dirty repository, and an engine that has an image of it, or gets one by a build. */
async function service({before, after, dirty = false}: Engine) {
  const cwd = directoryWith({'package.json': '{"name": "shop"}'});
  let image = before;
  let asked = 0;
  // A read returns the exit code, and a run throws.
  const missing = () => {
    if (image !== undefined) return undefined;
    return (asked += 1) === 1 ? {exitCode: 1} : problem({code: 'command_failed', what: 'no such image'});
  };
  const test = testContext({
    cwd,
    respond: (_, text) => {
      if (text.endsWith(' build')) image = after;
      if (text.includes(' status ')) return {stdout: `# branch.oid ${oid}\n${dirty ? '1 .M a\n' : ''}`};
      if (text.includes('image inspect')) return missing() ?? {stdout: image ?? ''};
      if (text.includes('hash-object')) return {stdout: `${other}\n`};
      return undefined;
    },
  });
  return {...test, service: await readService(test.context)};
}

const builds = (commands: readonly string[]): readonly string[] =>
  commands.filter((text) => /^\S*entrypoint build$/.test(text));

test('an image of this commit is found, and nothing is built', async () => {
  const {context, commands, service: shop} = await service({before: `sha256:1\t${oid}\t\n`});
  assert.deepEqual(await findBuiltImage(context, shop, {build: true}), {reference: 'sha256:1', commit: oid});
  assert.deepEqual(builds(commands), []);
});

test('a missing image is built where the caller says so, by the command itself', async () => {
  const {context, commands, service: shop} = await service({before: undefined, after: `sha256:2\t${oid}\t\n`});
  assert.equal((await findBuiltImage(context, shop, {build: true})).reference, 'sha256:2');
  assert.equal(builds(commands).length, 1);
  const without = await service({before: undefined});
  await assert.rejects(
    findBuiltImage(without.context, without.service),
    (error) => isProblem(error) && error.code === 'image_missing' && error.fix === 'build it: entrypoint build',
  );
  assert.deepEqual(builds(without.commands), []);
});

test('an image of a dirty tree is good for the same changes only', async () => {
  const same = await service({before: `sha256:1\t${oid}-dirty\t${other}\n`, dirty: true});
  assert.equal((await findBuiltImage(same.context, same.service, {build: true})).reference, 'sha256:1');
  const stale = {before: `sha256:1\t${oid}-dirty\t${oid}\n`, after: `sha256:2\t${oid}-dirty\t${other}\n`, dirty: true};
  const built = await service(stale);
  assert.equal((await findBuiltImage(built.context, built.service, {build: true})).reference, 'sha256:2');
  assert.ok(builds(built.commands).length > 0);
  const refused = await service(stale);
  await assert.rejects(
    findBuiltImage(refused.context, refused.service),
    /shop:0123456789ab-dirty was built from other uncommitted changes/,
  );
});

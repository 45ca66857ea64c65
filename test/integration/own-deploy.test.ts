import assert from 'node:assert/strict';
import {test} from 'node:test';
import {entrypoint, makeTiny} from './tiny.ts';

// A service's own `deploy`, made of public functions, on a real engine.

const {name, must, run, write, commit, leftovers} = makeTiny();

const tasks = `
export {build, remove, run, status} from 'entrypoint/tasks';
import {deployImage, environmentOption, imageToDeploy, readTarget, task} from 'entrypoint';

export const deploy = task(
  'Deploy to an environment',
  {environment: environmentOption},
  async (context, {environment}) => {
    const target = await readTarget(context, environment);
    const image = await imageToDeploy(context, target);
    const {deployed} = await deployImage(context, target, image);
    if (deployed !== undefined) context.say(\`own release \${deployed.release}: \${deployed.address}\`);
    return deployed;
  },
);
`;

test("a service's own deploy starts a release, the standard tasks know it, and remove removes it", async () => {
  write('tasks.ts', tasks);
  commit();
  must(entrypoint, 'build');
  const {stdout, stderr, code} = run(entrypoint, ['deploy', 'local']);
  assert.equal(code, 0, stderr);
  const [, address = ''] = /^own release 1: (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(stdout) ?? [];
  assert.equal(await (await fetch(address)).text(), 'tiny\n');
  const status = JSON.parse(must(entrypoint, '--quiet', '--json', 'status')) as {release: number; drift: string[]};
  assert.deepEqual([status.release, status.drift], [1, []]);
  // The next one is a deploy of the standard kind: beside the old release.
  assert.match(must(entrypoint, 'deploy'), /^own release 2: /);
  assert.ok(leftovers().includes(`${name}.local.2.1`));
  must(entrypoint, 'remove', 'local', '--volumes');
  assert.deepEqual(leftovers(), []);
});

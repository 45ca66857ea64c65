import assert from 'node:assert/strict';
import {randomBytes} from 'node:crypto';
import {before, describe, test} from 'node:test';
import {startLoad} from '../integration/images/load.ts';
import {entrypoint, makeTiny, type Tiny} from '../integration/tiny.ts';
import {buildEarlier} from '../support/earlier.ts';
import {all, long} from '../support/long.ts';

// A fleet is rarely updated at once: this version takes over services that an earlier one deployed, behind the load
// balancer that runs, and a colleague with the earlier version deploys to what this one has set up. The earlier version
// is the last one with version 1 of lb (images/haproxy/README.md, "Versions").
const commit = '594a73f210b146645d22cc3068c948a7d02f4905';

interface Status {
  readonly release: number;
  readonly previous: number;
  readonly canary: {readonly release: number} | null;
  readonly drift: readonly string[];
  readonly containers: readonly {readonly role: string; readonly serving: boolean; readonly health: string | null}[];
}

const balancerOf = ({name}: Tiny): string => `${name}.local.balancer`;
const status = ({must}: Tiny): Status => JSON.parse(must(entrypoint, '--quiet', '--json', 'status', 'local')) as Status;
const inspect = ({must}: Tiny, name: string, format: string): string =>
  must('docker', 'inspect', '--format', format, name).trim();
const url = ({must}: Tiny, name: string): string =>
  `http://${must('docker', 'port', name, '8080/tcp').trim().split('\n')[0]}`;

/** Runs the command under load, which must lose no request. */
async function underLoad(tiny: Tiny, program: string, ...words: readonly string[]): Promise<void> {
  const load = startLoad([url(tiny, balancerOf(tiny))], 50);
  const {code, stderr} = await tiny.start(program, words).ended;
  const {sent, failures} = await load.stop();
  assert.equal(code, 0, stderr);
  assert.deepEqual(failures, []);
  assert.ok(sent > 20, `${sent} requests were sent`);
}

/** Both replicas of this release serve, and nothing differs from deploy.yaml. */
function assertServes(tiny: Tiny, release: number, previous: number): void {
  const {containers, ...found} = status(tiny);
  assert.deepEqual([found.release, found.previous, found.canary, found.drift], [release, previous, null, []]);
  const serving = containers.filter((one) => one.serving).map(({health}) => health);
  assert.deepEqual(serving, ['L7OK', 'L7OK']);
}

/** Commits, so that each release is another version, and returns the image that is built of it. */
function build({write, commit: commitAll, must}: Tiny, program: string, version: number): string {
  write('version', String(version));
  commitAll();
  return (JSON.parse(must(program, '--quiet', '--json', 'build')) as {image: string}).image;
}

if (!all) test('a fleet of an earlier version is taken over', long, () => {});
else {
  const earlier = await buildEarlier(commit, `entrypoint/haproxy:earlier-${randomBytes(4).toString('hex')}`);

  describe('a service that an earlier version deployed, behind its load balancer, with this version', () => {
    const tiny = makeTiny();
    const {must, describe: deployFile, leftovers} = tiny;
    let [balancer, image] = ['', ''];

    before(() => {
      deployFile(`replicas: 2, load_balancer: {image: '${earlier.haproxy}'}`);
      for (const version of [1, 2]) {
        image = build(tiny, earlier.entrypoint, version);
        must(earlier.entrypoint, 'deploy', 'local', `--image=${image}`);
      }
      balancer = inspect(tiny, balancerOf(tiny), '{{.Id}}');
    });

    test('has a load balancer with version 1 of lb', () => {
      assert.equal(inspect(tiny, balancerOf(tiny), '{{index .Config.Labels "entrypoint.lb"}}'), '');
      assert.match(
        tiny.run('docker', ['exec', balancerOf(tiny), 'lb', 'drain', '1', 'x/1a']).stderr,
        /no command 'drain'/,
      );
    });

    test('shows its status, without drift', () => assertServes(tiny, 2, 1));

    test('is deployed under load, loses no request, and keeps its load balancer', async () => {
      image = build(tiny, entrypoint, 3);
      await underLoad(tiny, entrypoint, 'deploy', 'local', `--image=${image}`);
      assertServes(tiny, 3, 2);
      assert.equal(inspect(tiny, balancerOf(tiny), '{{.Id}}'), balancer);
    });

    test('is rolled back under load to a release of the earlier version', async () => {
      await underLoad(tiny, entrypoint, 'rollback', 'local');
      assertServes(tiny, 2, 3);
    });

    test('stays as it was when a release does not become healthy', () => {
      deployFile(
        `replicas: 2, ready_timeout_seconds: 3, environment: {BROKEN: 'yes'}, load_balancer: {image: '${earlier.haproxy}'}`,
      );
      const {code, stderr} = tiny.run(entrypoint, ['deploy', 'local', `--image=${image}`]);
      assert.notEqual(code, 0);
      assert.match(stderr, /did not become healthy: L7STS 503/);
      deployFile(`replicas: 2, load_balancer: {image: '${earlier.haproxy}'}`);
      assertServes(tiny, 2, 3);
    });

    test('gets and leaves maintenance', async () => {
      must(entrypoint, 'maintenance', 'local', 'on');
      assert.equal((await fetch(url(tiny, balancerOf(tiny)))).status, 503);
      must(entrypoint, 'maintenance', 'local', 'off');
      assert.equal((await fetch(url(tiny, balancerOf(tiny)))).status, 200);
    });

    test('continues a canary that the earlier version started', async () => {
      must(earlier.entrypoint, 'deploy', 'local', '--canary=20%', `--image=${image}`);
      const {canary} = status(tiny);
      await underLoad(tiny, entrypoint, 'deploy', 'local', '--continue');
      assertServes(tiny, canary?.release ?? 0, 2);
    });

    test('gets a canary, and its abort', async () => {
      const {release, previous} = status(tiny);
      await underLoad(tiny, entrypoint, 'deploy', 'local', '--canary=20%', `--image=${image}`);
      assert.notEqual(status(tiny).canary, null);
      await underLoad(tiny, entrypoint, 'deploy', 'local', '--abort');
      assertServes(tiny, release, previous);
    });

    test('is removed, and nothing is left', () => {
      must(entrypoint, 'remove', 'local', '--volumes');
      assert.deepEqual(leftovers(), []);
    });
  });

  describe('a service that this version deployed, behind its load balancer, with an earlier version', () => {
    const tiny = makeTiny();
    const {must, describe: deployFile, leftovers} = tiny;

    before(() => {
      deployFile('replicas: 2');
      build(tiny, entrypoint, 1);
      must(entrypoint, 'deploy', 'local');
    });

    test('is deployed and rolled back under load', async () => {
      assert.equal(inspect(tiny, balancerOf(tiny), '{{index .Config.Labels "entrypoint.lb"}}'), '3');
      build(tiny, earlier.entrypoint, 2);
      await underLoad(tiny, earlier.entrypoint, 'deploy', 'local');
      assertServes(tiny, 2, 1);
      await underLoad(tiny, earlier.entrypoint, 'rollback', 'local');
      assertServes(tiny, 1, 2);
    });

    test('gets a canary, and its abort', async () => {
      await underLoad(tiny, earlier.entrypoint, 'deploy', 'local', '--canary=20%');
      await underLoad(tiny, earlier.entrypoint, 'deploy', 'local', '--abort');
      assertServes(tiny, 1, 2);
    });

    test('is removed, and nothing is left', () => {
      must(earlier.entrypoint, 'remove', 'local', '--volumes');
      assert.deepEqual(leftovers(), []);
    });
  });
}

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {long} from '../support/long.ts';
import {normalised, onTerminal, type Recording, screenOf} from '../support/terminal.ts';
import {entrypoint, makeTiny} from './tiny.ts';

// What a person sees, on a terminal of 80 columns.

const {name, directory, environment, describe} = makeTiny();
describe('replicas: 2, ready_timeout_seconds: 5');
const shown = (...words: readonly string[]): Promise<Recording> =>
  onTerminal([entrypoint, ...words], {cwd: directory, env: {...environment, TMPDIR: '/tmp'}}).ended;

/** Without what differs between two runs, or between two machines. */
const screen = async ({output}: Recording): Promise<string> =>
  normalised(
    (await screenOf(output))
      // The first steps of a build are the same for all services: the builder may have them, and works on several at once.
      .filter((line) => !/^\S .{7} {2}\[[1-5]\/\d+\] /.test(line))
      // What a health check got, and the log, differ.
      .filter((line) => !/^(?: *lb: GET | {2}last lines | {4}[{$])/.test(line))
      .map((line) =>
        line
          .replace(/^(✓) +(?:cached|\d+\.\d s)(?= {2}\[)/, '$1   0.1 s')
          .replace(/^( {2}\$ ).*docker(?: buildx)? build .*/, '$1BUILD')
          .replace(/^(\$ docker run --detach --name \S+) .*/, '$1 ...')
          .replace(/^( *lb: .*did not become healthy: ).*/, '$1REASON'),
      ),
    {[name]: 'tiny'},
  );

const buildScreen = `✓     N s  copy the files of the commit
  $ mkdir -m 700 /tmp/entrypoint-build-ID
  $ GIT_INDEX_FILE=/…59 B sh -c 'umask 022 && mk…SIZE'
# … marks what is left out: --verbose shows all of it
✓     N s  [6/1] RUN --mount=type=cache,target=/root/.npm --mount=type=secret,…
✓     N s  [7/1] COPY . .
✓     N s  [8/1] RUN --mount=type=cache,target=/root/.npm --mount=type=cache,t…
✓     N s  [9/1] WORKDIR /content/
✓     N s  [10/1] RUN compile-ahead
✓     N s  build the image tiny:1
  $ BUILD
✓     N s  remove the copied files
  $ rm -rf /tmp/entrypoint-build-ID
✓     N s  read the digest of the image
  $ docker image inspect --format '{{.Id}} {{.Size}}' tiny:1

built tiny:1, N MB
digest  sha256:DIGEST
next    entrypoint deploy
        entrypoint publish
`;

const deployScreen = `✓     N s  take the lock
  $ sh -c 'docker create -…SIZE'
  $ docker ps …3 options …4 words '{{.Names}}…52 B'
# … marks what is left out: --verbose shows all of it
# release 1 of tiny.local: sha256:ID…
✓     N s  create the network; start the load balancer tiny.local.bal…
  $ docker network create --label …3 words tiny.local
  $ docker run --detach --name …15 words entrypoint/haproxy:3.0
  $ docker exec --interactive …6 words …41 lines, 3.1 kB
  $ docker run --detach --name tiny.local.1.1 --network …30 words run
  …2 more commands
✓     N s  switch to tiny.local/1a, tiny.local/2a
  $ docker exec --interactive …5 words …41 lines, 3.4 kB
✓     N s  write the release log; release the lock
  $ docker volume create --label entrypoint.log=tiny.local …13 words
  $ sh -c 'rm -f /tmp/entr…SIZE'

tiny release 1 serves in local
address  http://127.0.0.1:PORT
digest   sha256:DIGEST
next     entrypoint status local
         entrypoint logs local
`;

const statusScreen = `tiny.local: release 1 at http://127.0.0.1:PORT
*  tiny.local.1.1       Up N seconds  L7OK
*  tiny.local.1.2       Up N seconds  L7OK
   tiny.local.balancer  Up N seconds  -
`;

const failureScreen = `✓     N s  take the lock
  $ sh -c 'docker create -…SIZE'
  $ docker ps …3 options …4 words '{{.Names}}…52 B'
# … marks what is left out: --verbose shows all of it
# release 2 of tiny.local: sha256:ID…
✗     N s  start tiny.local.2.1, tiny.local.2.2; awa…  failed
$ docker run --detach --name tiny.local.2.1 ...
# exit 0, N s
$ docker run --detach --name tiny.local.2.2 ...
# exit 0, N s
$ docker exec tiny.local.balancer lb start 5 tiny.local/1b=tiny.local.2.1:3000 tiny.local/2b=tiny.local.2.2:3000
lb: tiny.local/1b (tiny.local.2.1:3000) did not become healthy: REASON
lb: tiny.local/2b (tiny.local.2.2:3000) did not become healthy: REASON
# exit 1, N s
✓     N s  undo: start tiny.local.2.1, tiny.local.2.2; await…
  $ docker exec tiny.local.balancer lb …2 words tiny.local/2b
✓     N s  undo: start tiny.local.2.1, tiny.local.2.2; await…
  $ docker rm --force --volumes tiny.local.2.1 tiny.local.2.2
✓     N s  note the failure in the release log
  $ docker volume create --label entrypoint.log=tiny.local …13 words
✓     N s  release the lock
  $ sh -c 'rm -f /tmp/entr…SIZE'

entrypoint: release 2 did not become healthy; release 1 keeps serving: command failed with exit code 1: docker exec tiny.local.balancer lb start 5 …2 words
  lb: tiny.local/1b (tiny.local.2.1:3000) did not become healthy: REASON
  lb: tiny.local/2b (tiny.local.2.2:3000) did not become healthy: REASON
fix: make GET /readyz on port 3000 answer 200 within 5 s; see the log above
`;

test('the screen of a build', async () => {
  const built = await shown('build', '--tag=1');
  assert.equal(await screen(built), buildScreen);
  assert.equal(built.code, 0);
});

test('the screens of a deploy, of the status, and of a deploy that fails', long, async () => {
  await shown('build', '--tag=1');
  // Not the image of the working tree, in which deploy.yaml changes.
  const deploy = ['deploy', 'local', `--image=${name}:1`];
  const deployed = await shown(...deploy);
  assert.equal(await screen(deployed), deployScreen);
  assert.equal(deployed.code, 0);

  // How docker words the state decides whether the commit fits.
  const status = (await screen(await shown('status', 'local'))).replaceAll(/(?<=Up N seconds {2}(?:L7OK|-)).*/g, '');
  assert.equal(status, statusScreen);

  describe('replicas: 2, ready_timeout_seconds: 5, environment: {BROKEN: "yes"}');
  const failed = await shown(...deploy);
  assert.equal(await screen(failed), failureScreen);
  assert.notEqual(failed.code, 0);
  // The wait of five seconds is never silent.
  const seconds = new Set(Array.from(failed.output.matchAll(/ (\d)\.\d s\S* {2}start /g), ([, second]) => second));
  assert.ok(seconds.size > 3, [...seconds].join(' '));
});

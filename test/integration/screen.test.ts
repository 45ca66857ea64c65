import assert from 'node:assert/strict';
import {test} from 'node:test';
import {normalised, onTerminal, type Recording, screenOf} from '../support/terminal.ts';
import {entrypoint, makeTiny} from './tiny.ts';

// What a person sees, on a terminal of 80 columns.

const {name, directory, environment} = makeTiny();
const shown = (...words: readonly string[]): Promise<Recording> =>
  onTerminal([entrypoint, ...words], {cwd: directory, env: {...environment, TMPDIR: '/tmp'}}).ended;

/** Without what differs between two runs, or between two machines. */
const screen = async ({output}: Recording): Promise<string> =>
  normalised(
    (await screenOf(output))
      // The first steps of a build are the same for all services: the builder may have them, and works on several at once.
      .filter((line) => !/^\S .{7} {2}\[[1-5]\/\d+\] /.test(line))
      .map((line) =>
        line
          .replace(/^(✓) +(?:cached|\d+\.\d s)(?= {2}\[)/, '$1   0.1 s')
          .replace(/^( {2}\$ ).*docker(?: buildx)? build .*/, '$1BUILD'),
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

test('the screen of a build', async () => {
  const built = await shown('build', '--tag=1');
  assert.equal(await screen(built), buildScreen);
  assert.equal(built.code, 0);
});

import assert from 'node:assert/strict';
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {probeProgram} from '../../src/image/probe-program.ts';
import {directoryWith} from '../support/directory.ts';
import {docker} from '../support/docker.ts';
import {long} from '../support/long.ts';
import {entrypoint, makeTiny} from './tiny.ts';

// One image for several platforms. An engine of amd64 runs 386 without emulation; arm64 is for `npm run test:all`, which
// installs it. The images have a program that does nothing; a service is in the one that is deployed.

const {name, must, run, write, directory, commit} = makeTiny();
const notHere = process.arch === 'x64' ? {} : {skip: 'needs an engine of linux/amd64'};
let address = '';

before(() => {
  const registry = `${name}.registry`;
  const label = `entrypoint.service_name=${name}`;
  must(
    'docker',
    'run',
    '--detach',
    '--name',
    registry,
    '--label',
    label,
    '--publish',
    '127.0.0.1::5000',
    'entrypoint/registry:2.8',
  );
  address = must('docker', 'port', registry, '5000/tcp').trim();
  for (const platform of ['linux/386', 'linux/amd64', 'linux/arm64'])
    writeFileSync(join(directory, platform.replace('linux/', 'probe-')), probeProgram(platform), {mode: 0o755});
  write('Dockerfile', 'FROM scratch\nARG TARGETARCH\nCOPY probe-$TARGETARCH /probe\nRUN ["/probe"]\nCMD ["/probe"]\n');
  commit();
});
after(() => docker(['rm', '--force', '--volumes', `${name}.registry`]));

const env = (): Record<string, string> => ({ENTRYPOINT_REGISTRY: address});

/** Runs the command, and returns its result. */
function task<T>(...words: readonly string[]): T {
  const {code, stdout, stderr} = run(entrypoint, ['--json', ...words], {env: env()});
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}

const platformsIn = async (digest: string): Promise<string[]> => {
  const answer = await fetch(`http://${address}/v2/${name}/manifests/${digest}`, {
    headers: {accept: 'application/vnd.docker.distribution.manifest.list.v2+json'},
  });
  const {manifests} = (await answer.json()) as {manifests: {platform: {os: string; architecture: string}}[]};
  return manifests.map(({platform}) => `${platform.os}/${platform.architecture}`);
};

describe('one image for several platforms', notHere, () => {
  test('build, publish and promote: one index, one digest; a dry run does the same', async () => {
    const platform = '--platform=linux/386,linux/amd64';
    const built = task<{image: string}>('build', platform);
    must('docker', 'run', '--rm', '--network', 'none', built.image);
    const published = task<{digest: string; image: string}>('publish', platform);
    assert.deepEqual(await platformsIn(published.digest), ['linux/386', 'linux/amd64']);
    assert.equal(task<{digest: string}>('promote', '--to=rc').digest, published.digest);

    const words = ['--dry-run', 'build', platform, '--tag=again', 'publish', platform, '--tag=again'];
    const {stdout: script} = run(entrypoint, words, {env: env()});
    const pasted = run('sh', ['-c', script]);
    assert.equal(pasted.code, 0, `${script}\n${pasted.stderr}`);
    assert.ok(pasted.stdout.includes(published.digest), `${script}\n${pasted.stdout}`);
    assert.deepEqual(await platformsIn('again'), ['linux/386', 'linux/amd64']);
  });

  test('what was built for several platforms is not published as one, nor with one that is missing', () => {
    const some = run(entrypoint, ['publish'], {env: env()});
    assert.equal(some.code, 1);
    assert.match(
      some.stderr,
      /was built for linux\/386, linux\/amd64, .*\nfix: entrypoint publish --platform=linux\/386,linux\/amd64\n$/,
    );
    const more = run(entrypoint, ['publish', '--platform=linux/amd64,linux/arm64'], {env: env()});
    assert.equal(more.code, 1);
    assert.match(more.stderr, /\nfix: entrypoint build --platform=linux\/amd64,linux\/arm64\n$/);
    task('build');
    const alone = task<{digest: string}>('publish');
    assert.notEqual(alone.digest, task<{digest: string}>('publish', '--platform=linux/386,linux/amd64').digest);
  });

  test(
    'a platform that the engine cannot run is refused before anything is built',
    existsSync('/proc/sys/fs/binfmt_misc/qemu-s390x') ? {skip: 'this engine runs s390x'} : {},
    () => {
      const {code, stderr} = run(entrypoint, ['build', '--platform=linux/amd64,linux/s390x', '--tag=refused']);
      assert.equal(code, 69);
      assert.match(
        stderr,
        /this engine cannot run programs of linux\/s390x; nothing was built\nfix: install qemu .*\n$/,
      );
      assert.equal(must('docker', 'images', '--quiet', `${name}:refused*`), '');
    },
  );

  test('a builder by ssh builds its platform and pushes it; one that cannot be reached is named', async () => {
    // Docker's client starts `ssh ... docker system dial-stdio`: here it leads back to this engine.
    const far = directoryWith({
      'bin/ssh':
        '#!/bin/sh\necho "$*" >>"$0.log"\nwhile [ "$1" != docker ]; do shift; done\nunset DOCKER_HOST\nexec "$@"\n',
      'down/bin/ssh': '#!/bin/sh\necho "ssh: connect to host far port 22: Connection refused" >&2\nexit 255\n',
    });
    const path = (bin: string): Record<string, string> => ({
      ...env(),
      PATH: `${join(far, bin)}:${process.env['PATH']}`,
    });
    write('deploy.yaml', `service: ${name}\nimage: {builders: {linux/386: build@far}}\n`);
    const words = ['--platform=linux/386,linux/amd64', '--tag=far'];
    const down = run(entrypoint, ['build', ...words], {env: path('down/bin')});
    assert.equal(down.code, 69);
    assert.match(
      down.stderr,
      /ssh cannot log in to reach the engine of build@far\n[^]*fix: .*: ssh build@far docker version\n$/,
    );
    for (const word of ['build', 'publish']) {
      const {code, stderr} = run(entrypoint, [word, ...words], {env: path('bin')});
      assert.equal(code, 0, stderr);
      assert.match(stderr, /^\$ .*DOCKER_HOST=ssh:\/\/build@far .*docker (?:build|push) .*far-linux-386/m);
    }
    assert.match(readFileSync(join(far, 'bin/ssh.log'), 'utf8'), /-l build (?:-- )?far docker system dial-stdio/);
    assert.deepEqual(await platformsIn('far'), ['linux/386', 'linux/amd64']);
  });

  test('arm64, by emulation; a deploy of the digest takes the image of the host', long, async (t) => {
    const format = '/proc/sys/fs/binfmt_misc/qemu-aarch64';
    const isNew = !existsSync(format);
    must('sh', join(import.meta.dirname, '../../scripts/emulation'));
    // Other tests have hosts that do not run arm64.
    t.after(() => {
      if (isNew && existsSync(format)) writeFileSync(format, '-1');
    });
    const platform = '--platform=linux/amd64,linux/arm64';
    write(
      'Dockerfile',
      'FROM entrypoint/node-service:26 AS for-amd64\nFROM scratch AS for-arm64\nCOPY probe-arm64 /probe\nRUN ["/probe"]\nCMD ["/probe"]\nFROM for-$TARGETARCH\n',
    );
    commit();
    task('build', platform, '--tag=both');
    const {digest} = task<{digest: string}>('publish', platform, '--tag=both');
    assert.deepEqual(await platformsIn(digest), ['linux/amd64', 'linux/arm64']);
    const pinned = `${address}/${name}@${digest}`;
    must('docker', 'pull', '--quiet', '--platform=linux/arm64', pinned);
    assert.equal(must('docker', 'image', 'inspect', '--format', '{{.Architecture}}', pinned), 'arm64\n');
    must('docker', 'run', '--rm', '--platform=linux/arm64', pinned);
    // An engine that keeps one image a digest pulls no other in its place.
    must('docker', 'image', 'rm', pinned);
    task('deploy', 'local', `--image=${pinned}`);
    const label = `label=entrypoint.service_name=${name}`;
    const containers = must(
      'docker',
      'ps',
      '--quiet',
      '--filter',
      label,
      '--filter',
      'label=entrypoint.role=app',
    ).trim();
    assert.equal(must('docker', 'inspect', '--format', '{{.Config.Image}}', containers).trim(), pinned);
  });
});

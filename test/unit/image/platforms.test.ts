import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import * as fc from 'fast-check';
import {engineAddress, onEngine} from '../../../src/commands/engine.ts';
import {isProblem} from '../../../src/errors.ts';
import {platformBuilds, platformImages, readPlatforms} from '../../../src/image/platforms.ts';
import {knownPlatforms, probeProgram} from '../../../src/image/probe-program.ts';
import {recordingRunner, type Result} from '../../../src/shell/index.ts';

/** How to correct a word that is refused. */
function fixOf(word: string): string | undefined {
  try {
    readPlatforms([word]);
  } catch (error) {
    return isProblem(error) && error.exitCode === 64 ? error.fix : undefined;
  }
  return undefined;
}

/** The answers of engines of linux/amd64 that run these platforms too. */
function answer(emulated: readonly string[], text: string): Partial<Result> {
  if (text.includes('docker version')) return {stdout: 'linux/amd64 Engine\n'};
  if (text.includes('buildx version')) return {stdout: 'github.com/docker/buildx v0.12\n'};
  const platform = /--platform (\S+)/.exec(text)?.[1];
  return platform === undefined || emulated.includes(platform)
    ? {}
    : {exitCode: 1, stderr: '#5 0.1 exec /probe: exec format error\nexecutor failed running [/probe]: exit code: 1\n'};
}

suite('--platform', () => {
  test('takes lists and repetitions, in any order, each platform once', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...knownPlatforms], {minLength: 1}), fc.boolean(), (some, repeated) => {
        const expected = some.toSorted();
        assert.deepEqual(readPlatforms(repeated ? [...some, ...some] : [some.join(', ')]), expected);
      }),
    );
    assert.deepEqual(readPlatforms([]), []);
    assert.deepEqual(readPlatforms(['linux/arm64/v8,linux/amd64', '']), ['linux/amd64', 'linux/arm64']);
  });

  test('refuses what no image can be built for, and names what was meant', () => {
    assert.equal(fixOf('linux/amd46'), '--platform=linux/amd64');
    assert.equal(fixOf('arm64'), '--platform=linux/arm64');
    assert.match(fixOf('windows/amd64,linux/amd64') ?? '', /linux/);
  });

  test('each of several platforms has a tag and its builder; a single one has the tag of the image', () => {
    const builders = {'linux/arm64': 'build@arm'};
    assert.deepEqual(platformImages('shop:dev', ['linux/amd64', 'linux/arm64'], builders), [
      {platform: 'linux/amd64', image: 'shop:dev-linux-amd64', host: undefined},
      {platform: 'linux/arm64', image: 'shop:dev-linux-arm64', host: 'build@arm'},
    ]);
    assert.deepEqual(platformImages('shop:dev', ['linux/arm64'], builders), [
      {platform: 'linux/arm64', image: 'shop:dev', host: 'build@arm'},
    ]);
  });
});

test("docker's client gets ssh destinations as URLs, and keeps other variables", () => {
  assert.equal(engineAddress('arm'), 'ssh://arm');
  assert.equal(engineAddress('build@2001:db8::1'), 'ssh://build@[2001:db8::1]');
  assert.equal(engineAddress('ssh://build@arm:2222'), 'ssh://build@arm:2222');
  assert.equal(engineAddress('jo@corp@arm'), 'ssh://jo%40corp@arm');
  assert.deepEqual(onEngine({words: ['docker', 'ps'], env: {A: 'b'}}, 'arm'), {
    words: ['docker', 'ps'],
    env: {A: 'b', DOCKER_HOST: 'ssh://arm'},
  });
  assert.deepEqual(onEngine(['docker', 'ps'], undefined), {words: ['docker', 'ps']});
});

suite('what is built where', () => {
  const env = {DOCKER_CONFIG: '/none', PATH: '/none', BUILDX_BUILDER: 'cloud'};
  const builds = (platforms: readonly string[], builders = {}, emulated: readonly string[] = []) => {
    const recording = recordingRunner((_, text) => answer(emulated, text));
    return {
      made: platformBuilds({run: recording.run, env}, 'shop:dev', platforms, builders),
      commands: recording.commands,
    };
  };

  test("the image of the engine's own platform has the plain tag too, and only others are tried", async () => {
    const {made, commands} = builds(['linux/amd64', 'linux/arm64'], {}, ['linux/arm64']);
    assert.deepEqual(
      (await made).map(({platform, tags, host}) => ({platform, tags, host})),
      [
        {platform: 'linux/amd64', tags: ['shop:dev-linux-amd64', 'shop:dev'], host: undefined},
        {platform: 'linux/arm64', tags: ['shop:dev-linux-arm64'], host: undefined},
      ],
    );
    assert.deepEqual(
      commands.filter((text) => text.includes('probe')).map((text) => /--platform \S+/.exec(text)?.[0]),
      ['--platform linux/arm64'],
    );
  });

  test('a builder builds on its own engine, with the client of this machine', async () => {
    const [here, there] = await builds(['linux/amd64', 'linux/arm64'], {'linux/arm64': 'build@arm'}, ['linux/arm64'])
      .made;
    assert.deepEqual(here?.client, {
      build: ['docker', 'buildx', 'build', '--load'],
      env: {BUILDX_NO_DEFAULT_ATTESTATIONS: '1'},
    });
    assert.deepEqual(there?.client, {
      build: ['docker', 'buildx', 'build', '--builder', 'default', '--load'],
      env: {DOCKER_HOST: 'ssh://build@arm', BUILDX_NO_DEFAULT_ATTESTATIONS: '1'},
    });
    assert.deepEqual(there?.tags, ['shop:dev-linux-arm64', 'shop:dev']);
  });

  test('an engine that cannot run the programs of a platform is refused before anything is built', async () => {
    const {made} = builds(['linux/amd64', 'linux/arm64', 'linux/s390x'], {'linux/s390x': 'big'});
    await assert.rejects(made, (error) => {
      assert.ok(isProblem(error));
      assert.equal(error.code, 'no_emulation');
      assert.equal(error.exitCode, 69);
      assert.match(
        error.message,
        /^this engine and the engine of big cannot run programs of linux\/arm64, linux\/s390x/,
      );
      assert.match(error.fix ?? '', /qemu-user-static.*--install arm64,s390x\).*builders: \{linux\/arm64:/);
      return true;
    });
  });
});

test('the program for each processor is an executable of its own size', () => {
  for (const platform of knownPlatforms) {
    const bytes = Buffer.from(probeProgram(platform));
    assert.equal(bytes.toString('latin1', 1, 4), 'ELF', platform);
    const read = (at: number): number => (bytes[5] === 2 ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at));
    assert.equal(read(16), 2, platform);
    assert.equal(read(bytes[4] === 2 ? 52 : 40), bytes[4] === 2 ? 64 : 52, platform);
  }
  assert.throws(() => probeProgram('linux/mips'), RangeError);
});

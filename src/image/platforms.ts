import {onEngine} from '../commands/engine.ts';
import {exitCode, problem, usageProblem} from '../errors.ts';
import {commandText, quote} from '../shell/argv.ts';
import type {Context} from '../task.ts';
import {nearest} from '../text/nearest.ts';
import {type DockerClient, findDockerClient} from './docker.ts';
import {requireEngine} from './engine.ts';
import {knownPlatforms, probeProgram} from './probe-program.ts';

/** The label of an image that `build --platform` made, with all platforms of that build. */
export const platformsLabel = 'entrypoint.platforms';

/** The engines by ssh that build for a platform, as `image.builders` in deploy.yaml names them. */
export type Builders = Readonly<Record<string, string>>;

/** An image of one platform, and the engine that has it. */
export interface PlatformImage {
  /** `linux/arm64` */
  readonly platform: string;
  /** The image's name on that engine, and its tag in the registry. */
  readonly image: string;
  /** An ssh destination; undefined: the engine of this machine. */
  readonly host: string | undefined;
}

/**
 * The platforms that an option names, without repetitions, in the order of their names.
 * @throws Problem `usage` for one that no image can be built for
 * @example
 * readPlatforms(['linux/arm64,linux/amd64']); // ['linux/amd64', 'linux/arm64']
 */
export function readPlatforms(words: readonly string[]): readonly string[] {
  const named = words
    .flatMap((word) => word.split(','))
    .map((word) => word.trim().replace(/^linux\/arm64\/v8$/, 'linux/arm64'))
    .filter((word) => word !== '');
  const wrong = named.find((word) => !knownPlatforms.includes(word));
  if (wrong === undefined) return [...new Set(named)].toSorted();
  const near = nearest(wrong, knownPlatforms) ?? knownPlatforms.find((one) => one.endsWith(`/${wrong}`));
  throw usageProblem(
    `--platform=${wrong} is no platform that an image can be built for`,
    near === undefined ? `one or several of ${knownPlatforms.join(', ')}` : `--platform=${near}`,
  );
}

/**
 * The images of the platforms of one build. Each of several has a tag of its own; a single one has that of the image.
 * @example
 * platformImages('shop:dev', ['linux/amd64', 'linux/arm64'], {})[1]?.image; // shop:dev-linux-arm64
 */
export const platformImages = (
  image: string,
  platforms: readonly string[],
  builders: Builders,
): readonly PlatformImage[] =>
  platforms.map((platform) => ({
    platform,
    image: platforms.length === 1 ? image : `${image}-${platform.replaceAll('/', '-')}`,
    host: builders[platform],
  }));

/** One build of an image. */
export interface PlatformBuild {
  /** Undefined: that of the engine. */
  readonly platform: string | undefined;
  readonly tags: readonly string[];
  /** An ssh destination; undefined: the engine of this machine. */
  readonly host: string | undefined;
  readonly client: DockerClient;
}

/**
 * What to build for these platforms, each on its builder, or else on this engine. Of the images on one engine, the one of
 * the engine's own platform has the name without a platform too: the tests and `deploy local` run it.
 * @throws Problem `no_emulation` if an engine does not run programs of a platform, `engine_unavailable`, `no_buildkit` (69)
 * @example
 * for (const {platform, tags, client} of await platformBuilds(context, 'shop:dev', ['linux/amd64', 'linux/arm64'], {}))
 *   await context.run(dockerBuild({context: '.', platform, tags}, client));
 */
export async function platformBuilds(
  context: Pick<Context, 'run' | 'env'>,
  image: string,
  platforms: readonly string[],
  builders: Builders,
): Promise<readonly PlatformBuild[]> {
  const images = platformImages(image, platforms, builders);
  const engines = await Promise.all(
    [...new Set(images.map(({host}) => host))].map(async (host) => ({
      host,
      platform: await requireEngine(context, host),
      client: await clientFor(context, host),
    })),
  );
  const builds = engines.flatMap(({host, platform: own, client}) => {
    const here = images.filter((one) => one.host === host);
    const usual = here.find(({platform}) => platform === own) ?? here[0];
    return here.map((one) => ({
      platform: one.platform,
      tags: one === usual && one.image !== image ? [one.image, image] : [one.image],
      host,
      client,
      isForeign: one.platform !== own,
    }));
  });
  const missing = await Promise.all(
    builds.filter(({isForeign}) => isForeign).map(async (build) => ((await emulates(context, build)) ? [] : [build])),
  );
  requireEmulation(missing.flat());
  return builds;
}

/** A client that builds on the engine of a host. A builder that variables choose is one of another engine. */
async function clientFor({run, env}: Pick<Context, 'run' | 'env'>, host: string | undefined): Promise<DockerClient> {
  const {env: DOCKER} = onEngine([], host);
  const {build, env: own} = await findDockerClient({
    run,
    env: host === undefined ? env : {...env, ...DOCKER, BUILDX_BUILDER: undefined},
  });
  // Each is one manifest for one platform: an index has no place for an index.
  return {build, env: {...own, ...DOCKER, BUILDX_NO_DEFAULT_ATTESTATIONS: '1'}};
}

/**
 * Whether an engine runs programs of a platform. Asks by a build, since the kernel that decides it need not be one whose
 * files can be read here: that of a virtual machine, of a host of this container, or of a builder.
 */
async function emulates(
  {run}: Pick<Context, 'run'>,
  {platform = '', client: {build, env}, host}: PlatformBuild,
): Promise<boolean> {
  const program = Array.from(probeProgram(platform), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
  const dockerfile = 'FROM scratch\\nCOPY probe /probe\\nRUN ["/probe"]\\n';
  const words = [...build, '--platform', platform, '--no-cache', '--quiet'];
  const script = [
    'd=$(mktemp -d) && trap \'rm -rf "$d"\' EXIT',
    `printf ${quote(program)} >"$d/probe" && chmod 755 "$d/probe" && printf ${quote(dockerfile)} >"$d/Dockerfile"`,
    // A step that ran before would come from the cache.
    `i=$(${commandText({words, env})} "$d")`,
    `${commandText(onEngine(['docker', 'image', 'rm'], host))} "$i" >/dev/null`,
  ].join(' && ');
  const {exitCode: code, stderr} = await run.read(['sh', '-c', script], {allow: [1]});
  if (code === 0) return true;
  if (/exec format error|no such file or directory/i.test(stderr)) return false;
  throw problem({
    code: 'engine_unavailable',
    what: `the engine${host === undefined ? '' : ` of ${host}`} cannot build for ${platform}`,
    details: stderr.trim().split('\n').slice(-2),
    exitCode: exitCode.unavailable,
  });
}

function requireEmulation(missing: readonly PlatformBuild[]): void {
  const [first] = missing;
  if (first === undefined) return;
  const names = missing.map(({platform}) => platform).join(', ');
  const processors = missing.map(({platform = ''}) => platform.split('/')[1]).join(',');
  throw problem({
    code: 'no_emulation',
    what: `${[...new Set(missing.map(({host}) => (host === undefined ? 'this engine' : `the engine of ${host}`)))].join(' and ')} cannot run programs of ${names}; nothing was built`,
    fix: `install qemu where the engine runs (Debian, Ubuntu: apt-get install qemu-user-static binfmt-support; or docker run --privileged --rm tonistiigi/binfmt --install ${processors}), or name a machine that can, in deploy.yaml: image: {builders: {${first.platform}: USER@HOST}}`,
    exitCode: exitCode.unavailable,
  });
}

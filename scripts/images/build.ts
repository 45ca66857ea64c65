// Builds the project's images: all of them, or the named ones and their base images.
//   node scripts/images/build.ts [--fresh] [--platform=PLATFORM] [NAME...]
// Prints a line for each. An image whose inputs have not changed is not built again; --fresh rebuilds it anyway, without
// the cache and with the newest packages. Those of another platform than the engine's have tags of their own:
// entrypoint/node:26-linux-arm64.
import {dockerBuild, dockerImageInspect} from '../../src/commands/docker/index.ts';
import {usageProblem} from '../../src/errors.ts';
import {certificateFile, type DockerClient, findDockerClient} from '../../src/image/docker.ts';
import {requireEngine} from '../../src/image/engine.ts';
import {platformBuilds} from '../../src/image/platforms.ts';
import type {Runner} from '../../src/shell/index.ts';
import {inputsHash, inputsLabel} from './inputs.ts';
import {forPlatform, type Image, images} from './list.ts';
import {prepare} from './prepare.ts';
import {namedImages, program, readWords, root, scriptContext} from './program.ts';

const usage = 'node scripts/images/build.ts [--fresh] [--platform=PLATFORM] [NAME...]';

interface Build {
  readonly run: Runner;
  readonly fresh: boolean;
  /** Undefined: that of the engine. */
  readonly platform: string | undefined;
  readonly client: () => Promise<DockerClient>;
}

async function main(): Promise<void> {
  const {
    words,
    fresh,
    platforms: [asked, ...others],
  } = readWords(process.argv.slice(2), usage);
  if (others.length > 0) throw usageProblem('--platform takes one platform', usage);
  const wanted = namedImages(words);
  const context = scriptContext();
  const platform = asked === (await requireEngine(context)) ? undefined : asked;
  const findClient = async (): Promise<DockerClient> => {
    // Requires that the engine runs programs of the platform.
    const [build] = platform === undefined ? [] : await platformBuilds(context, 'entrypoint', [platform], {});
    return build?.client ?? findDockerClient(context);
  };
  let client: Promise<DockerClient> | undefined;
  await buildAll({run: context.run, fresh, platform, client: () => (client ??= findClient())}, wanted);
}

/** Builds images concurrently, each as soon as its base image exists. */
async function buildAll(build: Build, wanted: readonly Image[]): Promise<void> {
  const ids = new Map<string, Promise<string>>();
  const imageId = (name: string): Promise<string> => {
    const known = ids.get(name);
    if (known !== undefined) return known;
    const usual = images.find((one) => one.name === name) as Image;
    const image = build.platform === undefined ? usual : forPlatform(usual, build.platform);
    const id = (image.from === undefined ? Promise.resolve('') : imageId(image.from)).then((parent) =>
      bringUpToDate(build, image, parent),
    );
    ids.set(name, id);
    return id;
  };
  const ended = await Promise.allSettled(wanted.map(({name}) => imageId(name)));
  const failure = ended.find((one) => one.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}

/** Builds an image if its inputs have changed; returns its id. */
async function bringUpToDate({run, fresh, client}: Build, image: Image, parentId: string): Promise<string> {
  const format = `{{.Id}} {{index .Config.Labels "${inputsLabel}"}} {{.Size}}`;
  const inspect = async (): Promise<string[]> =>
    (await run.read(dockerImageInspect(format, image.tag), {allow: [1]})).stdout.trim().split(' ');
  const hash = inputsHash(root, image, parentId);
  const [oldId = '', oldHash] = await inspect();
  const started = performance.now();
  const changed = fresh || oldId === '' || oldHash !== hash;
  if (changed) await make(run.prefixed(image.name), image, hash, await client(), fresh);
  const [id = '', , size = '0'] = await inspect();
  // The old image is untagged now. It stays while a container uses it.
  if (changed && oldId !== '' && oldId !== id) await run.read(['docker', 'image', 'rm', oldId], {allow: [1]});
  const how = changed ? `built in ${((performance.now() - started) / 1000).toFixed(1)} s` : 'unchanged';
  process.stdout.write(`${image.tag.padEnd(28)} ${(Number(size) / 1e6).toFixed(0).padStart(4)} MB  ${how}\n`);
  return id;
}

async function make(run: Runner, image: Image, hash: string, client: DockerClient, fresh: boolean): Promise<void> {
  const ca = certificateFile(process.env);
  await run.scope(async (scope) => {
    // Large, and quick to create again; the other contexts are small or part of the repository.
    if (image.from === undefined) scope.always(['rm', '-rf', image.context]);
    await prepare(run, root, image);
    await run(
      dockerBuild(
        {
          context: image.context,
          ...(image.context === '.' ? {file: `images/${image.directory}/Dockerfile`} : {}),
          platform: image.platform,
          tags: [image.tag],
          buildArgs: image.args ?? {},
          labels: {[inputsLabel]: hash},
          secretFiles: ca === undefined ? {} : {ca},
          noCache: fresh,
        },
        client,
      ),
      {
        purpose: `cannot build the image ${image.tag}`,
        fix: "see the builder's output above for the step that failed",
      },
    );
  });
}

await program(main);

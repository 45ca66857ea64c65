import {dockerImageInspect, dockerPush, type PullOptions} from '../commands/docker/index.ts';
import {onEngine} from '../commands/engine.ts';
import {readManifest, type RegistryContext, type Repository, repositoryText} from '../registry/client.ts';
import {registryAccess} from '../registry/copy-text.ts';
import {explainEngine, loginFix, notPublished} from '../registry/failures.ts';
import {indexText, writeIndex} from '../registry/image-index.ts';
import {pullCommands} from '../registry/pull.ts';
import type {Service} from '../service/service.ts';
import type {Context} from '../task.ts';
import type {PlatformImage} from './platforms.ts';

/**
 * Pushes an image, and returns its digest in the registry; empty in a dry run.
 * @param image a name that begins with the repository's
 * @param host an ssh destination whose engine has it. Default: the engine of this machine
 * @throws Problem `registry_unavailable` (exit code 69), `registry_refused`, `command_failed`
 * @example
 * const repository = {registry: '127.0.0.1:5000', name: 'buy-service'};
 * const digest = await pushImage(context, repository, '127.0.0.1:5000/buy-service:1.4.2');
 */
export async function pushImage(
  context: RegistryContext,
  repository: Repository,
  image: string,
  host?: string,
): Promise<string> {
  await pushTag(context, repository, image, host);
  return engineDigest(context, repository, image, host);
}

/**
 * Pushes images of several platforms, each from its engine, and gives the name to an index of them; returns the digest of
 * the index, empty in a dry run.
 * @param image a name that begins with the repository's, as do those of the images there: with the tags that they have
 * @throws Problem `registry_unavailable` (exit code 69), `registry_refused`, `command_failed`, `image_missing`
 * @example
 * const images = platformImages('buy-service:dev', ['linux/amd64', 'linux/arm64'], {});
 * const digest = await pushImages(context, repository, '127.0.0.1:5000/buy-service:dev', images);
 */
export async function pushImages(
  context: RegistryContext & Pick<Context, 'run'>,
  repository: Repository,
  image: string,
  images: readonly PlatformImage[],
): Promise<string> {
  const members = images.map((one) => ({...one, tag: tagOf(one.image)}));
  for (const {tag, host} of members) await pushTag(context, repository, `${repositoryText(repository)}:${tag}`, host);
  // How the registry is reached decides about the printed command.
  await readManifest(context, repository, tagOf(image));
  const text = indexText(
    repository,
    tagOf(image),
    members.map(({tag}) => tag),
    await registryAccess(context, repository),
  );
  return (await context.run.act(text, () => writeIndex(context, repository, tagOf(image), members))) ?? '';
}

const tagOf = (image: string): string => image.split(':').at(-1) ?? '';

/** Pushes an image with the login of docker on this machine; its engine reaches the registry itself. */
async function pushTag(
  context: Pick<Context, 'run'>,
  repository: Repository,
  image: string,
  host: string | undefined,
): Promise<void> {
  try {
    await context.run.step(
      `push ${image}`,
      (run) =>
        run(onEngine(dockerPush(image), host), {
          capture: true,
          retry: true,
          purpose: 'cannot push the image',
          fix: 'correct `registry` in deploy.yaml or ENTRYPOINT_REGISTRY; if it requires a login: docker login',
        }),
      host,
    );
  } catch (error) {
    throw explainEngine(error, repository.registry);
  }
}

/**
 * Pulls an image to this engine, with `registry_login` of deploy.yaml or docker's own login; returns the output.
 * @throws Problem `registry_unavailable` (exit code 69), `registry_refused`
 */
export async function pullImage(
  context: Pick<Context, 'run'>,
  service: Service,
  image: string,
  options: PullOptions = {},
): Promise<string> {
  const login = service.deployFile.registry_login === undefined ? undefined : loginFix;
  try {
    return await context.run.step(`pull ${image}`, async (run) => {
      const outputs: string[] = [];
      for (const command of pullCommands(service, [image], options))
        outputs.push((await run(command, {capture: true, retry: true, purpose: 'cannot pull the image'})).stdout);
      return outputs.join('');
    });
  } catch (error) {
    throw explainEngine(error, image, {login});
  }
}

/**
 * The digest of an image that was just pushed or pulled: the one that the engine notes for the repository, or, if that has
 * none or several, the registry's own. Empty in a dry run.
 * @throws Problem `image_missing` when the registry has no such tag
 */
export async function engineDigest(
  context: RegistryContext,
  repository: Repository,
  image: string,
  host?: string,
): Promise<string> {
  const inspect = dockerImageInspect('{{range .RepoDigests}}{{println .}}{{end}}', image);
  const {stdout} = await context.run(onEngine(inspect, host), {capture: true});
  if (stdout === '') return '';
  // The engine leaves out the name of Docker Hub.
  const names = new Set([repositoryText(repository), repositoryText(repository).replace(/^docker\.io\//, '')]);
  const digests = stdout.split('\n').flatMap((line) => {
    const [name = '', digest = ''] = line.trim().split('@');
    return names.has(name) && digest !== '' ? [digest] : [];
  });
  const [only] = digests;
  if (only !== undefined && digests.length === 1) return only;
  const tag = tagOf(image);
  const manifest = await readManifest(context, repository, tag);
  if (manifest === undefined) throw notPublished(repository, tag);
  return manifest.digest;
}

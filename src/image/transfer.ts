import {dockerImageInspect, dockerPush, type PullOptions} from '../commands/docker/index.ts';
import {readManifest, type RegistryContext, type Repository, repositoryText} from '../registry/client.ts';
import {explainEngine, loginFix, notPublished} from '../registry/failures.ts';
import {pullCommands} from '../registry/pull.ts';
import type {Service} from '../service/service.ts';
import type {Context} from '../task.ts';

/**
 * Pushes an image, and returns its digest in the registry; empty in a dry run.
 * @param image a name that begins with the repository's
 * @throws Problem `registry_unavailable` (exit code 69), `registry_refused`, `command_failed`
 * @example
 * const repository = {registry: '127.0.0.1:5000', name: 'buy-service'};
 * const digest = await pushImage(context, repository, '127.0.0.1:5000/buy-service:1.4.2');
 */
export async function pushImage(context: RegistryContext, repository: Repository, image: string): Promise<string> {
  try {
    await context.run.step(`push ${image}`, (run) =>
      run(dockerPush(image), {
        capture: true,
        retry: true,
        purpose: 'cannot push the image',
        fix: 'correct `registry` in deploy.yaml or ENTRYPOINT_REGISTRY; if it requires a login: docker login',
      }),
    );
  } catch (error) {
    throw explainEngine(error, repository.registry);
  }
  return engineDigest(context, repository, image);
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
export async function engineDigest(context: RegistryContext, repository: Repository, image: string): Promise<string> {
  const {stdout} = await context.run(dockerImageInspect('{{range .RepoDigests}}{{println .}}{{end}}', image), {
    capture: true,
  });
  if (stdout === '') return '';
  // The engine leaves out the name of Docker Hub.
  const names = new Set([repositoryText(repository), repositoryText(repository).replace(/^docker\.io\//, '')]);
  const digests = stdout.split('\n').flatMap((line) => {
    const [name = '', digest = ''] = line.trim().split('@');
    return names.has(name) && digest !== '' ? [digest] : [];
  });
  const [only] = digests;
  if (only !== undefined && digests.length === 1) return only;
  const tag = image.split(':').at(-1) ?? '';
  const manifest = await readManifest(context, repository, tag);
  if (manifest === undefined) throw notPublished(repository, tag);
  return manifest.digest;
}

import {dockerImageInspect, dockerInspect, dockerPull} from '../commands/docker.ts';
import type {Place} from '../config/schema.ts';
import {requireRegistry} from '../config/service.ts';
import type {Service} from '../config/service.ts';
import {readVersion} from '../config/version.ts';
import {isProblem, problem} from '../errors.ts';
import {readManifest, repositoryText} from '../registry/client.ts';
import type {Context} from '../task.ts';

/** An image that is on this engine. */
export interface LocalImage {
  /** What to run: an id, or a name with its digest. Never a tag, which may move. */
  readonly reference: string;
  readonly commit: string;
}

const idAndCommit = '{{.Id}}\t{{index .Config.Labels "entrypoint.git_commit_hash"}}';

/** The image that `build` makes of the source as it stands: `buy-service:0123456789ab`. */
export async function builtImageName(context: Context, service: Service, tag?: string): Promise<string> {
  return `${service.name}:${tag ?? (await readVersion(context)).tag}`;
}

/**
 * The image that was built of the source as it stands. Inside an image it is that image itself, under whatever
 * name the engine knows it.
 * @throws Problem `image_missing`
 */
export async function findBuiltImage(context: Context, service: Service, tag?: string): Promise<LocalImage> {
  const {run, env} = context;
  if (tag === undefined && env['GIT_COMMIT_HASH']) {
    const own = await run.read(dockerInspect(env['HOSTNAME'] ?? '', '{{.Image}}'), {allow: [1]});
    if (own.exitCode === 0) return {reference: own.stdout.trim(), commit: env['GIT_COMMIT_HASH']};
  }
  return findImage(context, await builtImageName(context, service, tag));
}

/** @throws Problem `image_missing` */
export async function findImage({run}: Context, name: string): Promise<LocalImage> {
  const looked = await run.read(dockerImageInspect(name, idAndCommit), {allow: [1]});
  if (looked.exitCode === 0) return parseImage(looked.stdout);
  try {
    // In a dry run of `build deploy` the image is still to come: the script looks again when it is there.
    const {stdout} = await run(dockerImageInspect(name, idAndCommit), {capture: true});
    return stdout === '' ? {reference: name, commit: ''} : parseImage(stdout);
  } catch (error) {
    if (!isProblem(error) || error.code !== 'command_failed') throw error;
    throw problem({
      code: 'image_missing',
      what: `the image ${name} is not on this engine`,
      fix: 'build it: entrypoint build (an image is made of a commit: commit first, then build)',
      cause: error,
    });
  }
}

function parseImage(text: string): LocalImage {
  const [reference = '', commit = ''] = text.trim().split('\t');
  return {reference, commit};
}

/**
 * The image to deploy, on this engine: a given one, or what a stage's tag stands for in the registry (pulled by
 * its digest), or the one that was built here.
 */
export async function imageToDeploy(context: Context, service: Service, place: Place, wanted: {image?: string | undefined; stage?: string | undefined}): Promise<LocalImage> {
  const stage = wanted.stage ?? place.stage;
  if (wanted.image !== undefined) {
    if (!wanted.image.includes('@')) return findImage(context, wanted.image);
    return pulled(context, wanted.image);
  }
  if (stage === undefined) return findBuiltImage(context, service);
  const repository = {registry: requireRegistry(service), name: service.name};
  const manifest = await readManifest(context, repository, stage);
  if (manifest === undefined) {
    throw problem({
      code: 'stage_empty',
      what: `no image of ${service.name} has been promoted to ${stage} in ${repository.registry}`,
      fix: `entrypoint publish promote --to=${stage}`,
    });
  }
  return pulled(context, `${repositoryText(repository)}@${manifest.digest}`);
}

async function pulled(context: Context, reference: string): Promise<LocalImage> {
  await context.run(dockerPull(reference), {capture: true, retry: true, purpose: 'the image could not be pulled', fix: 'start the registry, or correct the image\'s name; if it asks for a login: docker login'});
  const {exitCode, stdout} = await context.run.read(dockerImageInspect(reference, idAndCommit), {allow: [1]});
  return {reference, commit: exitCode === 0 ? parseImage(stdout).commit : ''};
}

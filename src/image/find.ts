import {dockerImageInspect, dockerInspect, dockerPull} from '../commands/docker/index.ts';
import {isProblem, problem} from '../errors.ts';
import {readManifest, repositoryText} from '../registry/client.ts';
import {hasRemoteHosts} from '../service/hosts.ts';
import type {Environment} from '../service/schema.ts';
import {requireRegistry, type Service} from '../service/service.ts';
import type {Context} from '../task.ts';
import {readVersion} from './version.ts';

/** An image that is on this engine. */
export interface LocalImage {
  /** What to run: an id, or a name with its digest. Never a tag, which may move. */
  readonly reference: string;
  readonly commit: string;
}

const idAndCommit = '{{.Id}}\t{{with .Config.Labels}}{{index . "entrypoint.git_commit_hash"}}{{end}}';

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
  const looked = await run.read(dockerImageInspect(idAndCommit, name), {allow: [1]});
  if (looked.exitCode === 0) return parseImage(looked.stdout);
  try {
    // In a dry run of `build deploy` the image is still to come: the script looks again when it is there.
    const {stdout} = await run(dockerImageInspect(idAndCommit, name), {capture: true});
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
 * The image to deploy: a given one, or what a stage's tag stands for in the registry, or the one that was built of this
 * commit. For this engine it is there afterwards (pulled by its digest); for other hosts it has a digest in the registry
 * that they can pull.
 * @throws Problem `image_missing`, `stage_empty`, `no_registry`
 */
export async function imageToDeploy(
  context: Context,
  service: Service,
  settings: Environment,
  wanted: {image?: string | undefined; stage?: string | undefined},
): Promise<LocalImage> {
  const stage = wanted.stage ?? settings.stage;
  const remote = hasRemoteHosts(settings);
  const bring = remote
    ? async (reference: string): Promise<LocalImage> => ({reference, commit: ''})
    : (reference: string) => pulled(context, reference);
  if (wanted.image !== undefined) {
    if (wanted.image.includes('@')) return bring(wanted.image);
    return remote
      ? bring(await publishedReference(context, service, wanted.image.split(':').at(-1) ?? ''))
      : findImage(context, wanted.image);
  }
  if (stage === undefined)
    return remote
      ? bring(await publishedReference(context, service, (await readVersion(context)).tag))
      : findBuiltImage(context, service);
  return bring(await publishedReference(context, service, stage, stageEmpty));
}

/** `registry/name@sha256:...` of a tag. */
async function publishedReference(
  context: Context,
  service: Service,
  tag: string,
  missing: (service: Service, registry: string, tag: string) => Error = notPublished,
): Promise<string> {
  const repository = {registry: requireRegistry(service), name: service.name};
  const manifest = await readManifest(context, repository, tag);
  if (manifest === undefined) throw missing(service, repository.registry, tag);
  return `${repositoryText(repository)}@${manifest.digest}`;
}

function notPublished({name}: Service, registry: string, tag: string): Error {
  return problem({
    code: 'image_missing',
    what: `${registry} has no image ${name}:${tag}, and the hosts pull it from there`,
    fix: 'entrypoint build publish',
  });
}

function stageEmpty({name}: Service, registry: string, stage: string): Error {
  return problem({
    code: 'stage_empty',
    what: `no image of ${name} has been promoted to ${stage} in ${registry}`,
    fix: `entrypoint publish promote --to=${stage}`,
  });
}

async function pulled(context: Context, reference: string): Promise<LocalImage> {
  await context.run(dockerPull(reference), {
    capture: true,
    retry: true,
    purpose: 'the image could not be pulled',
    fix: "start the registry, or correct the image's name; if it asks for a login: docker login",
  });
  return {reference, commit: await readCommit(context, reference)};
}

/** The commit that an image on the engine is labelled with; empty where there is none, or no image yet. */
async function readCommit({run}: Pick<Context, 'run'>, reference: string): Promise<string> {
  const {exitCode, stdout} = await run.read(dockerImageInspect(idAndCommit, reference), {allow: [1]});
  return exitCode === 0 ? parseImage(stdout).commit : '';
}

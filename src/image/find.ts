import {existsSync, realpathSync} from 'node:fs';
import {join} from 'node:path';
import {dockerImageInspect, dockerInspect} from '../commands/docker/index.ts';
import {onEngine} from '../commands/engine.ts';
import {isProblem, problem} from '../errors.ts';
import {readManifest, type Repository, repositoryText} from '../registry/client.ts';
import {notPublished} from '../registry/failures.ts';
import {deployLogin} from '../registry/pull.ts';
import {hasRemoteHosts} from '../service/hosts.ts';
import type {Environment} from '../service/schema/schema.ts';
import {requireRegistry, type Service} from '../service/service.ts';
import {wordsText} from '../shell/argv.ts';
import {executables} from '../shell/executable.ts';
import type {Context} from '../task.ts';
import {platformsLabel} from './platforms.ts';
import {readSource} from './source.ts';
import {engineDigest, pullImage} from './transfer.ts';
import {readContentHash, readVersion} from './version.ts';

/** An image that can be run or deployed. */
export interface ImageReference {
  /** An id, or a name with a digest; never a tag, since tags can move. */
  readonly reference: string;
  /** The commit in the image's labels; empty if the image has none, or is not on this engine. */
  readonly commit: string;
  /** The platform that it is built for, if it is on this engine: `linux/amd64`. */
  readonly platform?: string | undefined;
  /** A hash of the files, in the labels of an image that was built from uncommitted changes. */
  readonly content?: string | undefined;
  /** All platforms of its build, if that was for some: those of `build --platform`. */
  readonly platforms?: readonly string[] | undefined;
}

/** The label of an image that was built from uncommitted changes, with a hash of its files. */
export const contentLabel = 'entrypoint.content';
const facts = `{{.Id}}\t{{.Os}}/{{.Architecture}}\t{{with .Config.Labels}}{{index . "entrypoint.git_commit_hash"}}\t{{with index . "${contentLabel}"}}{{.}}{{end}}\t{{with index . "${platformsLabel}"}}{{.}}{{end}}{{end}}`;

/** Which of a service's built images is meant. */
export interface BuiltImageOptions {
  /** Default: the tag that `build` gives to the image of the current source. */
  readonly tag?: string | undefined;
}

/**
 * The name that `build` gives to the image of the current source. The image need not exist.
 * @throws Problem `no_commit` (exit code 65)
 * @example
 * const name = await builtImageName(context, await readService(context)); // buy-service:0123456789ab
 */
export async function builtImageName(
  context: Pick<Context, 'run' | 'cwd' | 'env'>,
  service: Service,
  {tag}: BuiltImageOptions = {},
): Promise<string> {
  return `${service.name}:${tag ?? (await readVersion(context)).tag}`;
}

/**
 * The image built from the current source. Inside a container of the image it is that image, whatever its name.
 * @throws Problem `image_missing`, also for an image of other uncommitted changes, or `no_commit` (exit code 65)
 * @example
 * const {reference} = await findBuiltImage(context, await readService(context));
 * await context.run(['docker', 'run', '--rm', reference, 'seed']);
 */
export async function findBuiltImage(
  context: Pick<Context, 'run' | 'cwd' | 'env'>,
  service: Service,
  {tag, build = false}: BuiltImageOptions & Pick<ImageOptions, 'build'> = {},
): Promise<ImageReference> {
  const {run, env} = context;
  if (tag !== undefined) return findImage(context, `${service.name}:${tag}`);
  const source = await readSource(context.cwd);
  const version = await readVersion(context, source);
  if (version.from === 'image') {
    const own = await run.read(dockerInspect(env['HOSTNAME'] ?? '', '{{.Image}}'), {allow: [1]});
    if (own.exitCode === 0) return {reference: own.stdout.trim(), commit: version.commit};
  }
  const name = `${service.name}:${version.tag}`;
  const found = await readImage(context, name);
  const content =
    version.dirtyFiles > 0 && found?.content !== undefined ? await readContentHash(context, source) : undefined;
  if (found !== undefined && found.content === content) return found;
  if (build) await runBuild(context, name, found === undefined);
  const built = await afterBuild(context, name);
  // In a dry run it has no id.
  if (build || found === undefined || built.reference === name) return built;
  throw problem({
    code: 'image_missing',
    what: `${name} was built from other uncommitted changes than those of the working tree`,
    fix: 'build it again: entrypoint build',
  });
}

/** Builds as the user would, with the service's own `build`, options from variables included. */
async function runBuild(
  {run, env, cwd}: Pick<Context, 'run' | 'env' | 'cwd'>,
  name: string,
  isMissing: boolean,
): Promise<void> {
  const words = [ownProgram(env, cwd), 'build'];
  const unless = isMissing ? `${wordsText(dockerImageInspect('{{.Id}}', name))} >/dev/null 2>&1 || ` : '';
  await run.step(`build ${name}`, (inner) =>
    inner.act(`${unless}${wordsText(words)}`, () => inner(words, {purpose: `cannot build ${name}`})),
  );
}

/** This command as it can be typed: by its path if PATH has none, or another copy. */
function ownProgram(env: Context['env'], directory: string): string {
  // Bundled, this file is in a directory beside bin; as source, two below it.
  const own = ['../bin/entrypoint', '../../bin/entrypoint']
    .map((path) => join(import.meta.dirname, path))
    .find((path) => existsSync(path));
  const [first] = executables('entrypoint', {directory, path: env['PATH']});
  return own === undefined || (first !== undefined && realpathSync(first) === realpathSync(own)) ? 'entrypoint' : own;
}

/**
 * An image on this engine, by name or id. In a dry run it can be missing: `build` before it would have made it.
 * @throws Problem `image_missing`
 * @example
 * const {reference, commit} = await findImage(context, 'buy-service:1.4.2');
 */
export async function findImage(
  context: Pick<Context, 'run'>,
  name: string,
  where: EngineOptions = {},
): Promise<ImageReference> {
  return (await readImage(context, name, where)) ?? afterBuild(context, name, where);
}

/** Where an image is looked for. */
export interface EngineOptions {
  /** An ssh destination whose engine is asked. Default: the engine of this machine. */
  readonly host?: string | undefined;
  /** What to do if the image is missing. Default: how to build it. */
  readonly fix?: string | undefined;
}

async function readImage(
  {run}: Pick<Context, 'run'>,
  name: string,
  {host}: EngineOptions = {},
): Promise<ImageReference | undefined> {
  const found = await run.read(onEngine(dockerImageInspect(facts, name), host), {allow: [1]});
  return found.exitCode === 0 ? parseImage(found.stdout) : undefined;
}

/** In a dry run of `build deploy` the image does not exist yet: the printed script inspects it after the build. */
async function afterBuild(
  {run}: Pick<Context, 'run'>,
  name: string,
  {host, fix = localFix(name)}: EngineOptions = {},
): Promise<ImageReference> {
  try {
    const {stdout} = await run(onEngine(dockerImageInspect(facts, name), host), {capture: true});
    return stdout === '' ? {reference: name, commit: ''} : parseImage(stdout);
  } catch (error) {
    if (!isProblem(error) || error.code !== 'command_failed') throw error;
    throw problem({
      code: 'image_missing',
      what: `the image ${name} is not on ${host === undefined ? 'this engine' : `the engine of ${host}`}`,
      fix,
      cause: error,
    });
  }
}

/** How to get an image: one with a registry in its name is pulled, and others are built. */
function localFix(name: string): string {
  if (name.includes('/')) return `docker pull ${name}`;
  const tag = name.split(':')[1] ?? '';
  const isCommit = /^[0-9a-f]{12}(?:-dirty)?$/.test(tag);
  return isCommit || tag === ''
    ? 'build it: entrypoint build'
    : `build it: entrypoint build --tag=${tag}; or name one that is here: docker images ${name.split(':')[0]}`;
}

function parseImage(text: string): ImageReference {
  const [reference = '', platform = '', commit = '', content = '', platforms = ''] = text.trim().split('\t');
  return {
    reference,
    commit,
    ...(platform === '' ? {} : {platform}),
    ...(content === '' ? {} : {content}),
    ...(platforms === '' ? {} : {platforms: platforms.split(',')}),
  };
}

/** Which image is deployed. Default: the environment's stage, else the image built from the current source. */
export interface ImageOptions {
  /** Name or digest. For hosts by ssh, the registry's image with the same tag. */
  readonly image?: string | undefined;
  /** Stage (a tag in the registry). Default: the environment's `stage`. */
  readonly stage?: string | undefined;
  /** Run `entrypoint build` first if this engine has no image of the current source. Default false. */
  readonly build?: boolean | undefined;
}

/**
 * The image to deploy: `image`, else the one that `stage` names in the registry, else the one built from the current
 * source. An image for this engine is pulled by its digest if it is missing; one for other hosts has a digest that they
 * can pull from the registry.
 * @throws Problem `image_missing`, `stage_empty`, `no_commit` or `no_registry` (exit code 65), `registry_unavailable` (69)
 * or `registry_refused`
 * @example
 * const service = await readService(context);
 * const target = {service, settings: environmentOf(service, 'prod')};
 * const {reference} = await imageToDeploy(context, target, {stage: 'rc'});
 */
export async function imageToDeploy(
  context: Context,
  {service, settings}: {readonly service: Service; readonly settings: Environment},
  {image, stage = settings.stage, build}: ImageOptions = {},
): Promise<ImageReference> {
  const remote = hasRemoteHosts(settings);
  const provide = remote
    ? async (reference: string): Promise<ImageReference> => ({reference, commit: ''})
    : (reference: string) => pulled(context, service, reference);
  if (image !== undefined) {
    if (image.includes('@')) return provide(image);
    return remote
      ? provide(await publishedReference(context, service, image.split(':').at(-1) ?? ''))
      : findImage(context, image);
  }
  if (stage === undefined)
    return remote
      ? provide(await publishedReference(context, service, (await readVersion(context)).tag))
      : findBuiltImage(context, service, {build});
  return remote
    ? provide(await publishedReference(context, service, stage, stageEmpty))
    : pulledStage(context, service, stage);
}

/** `registry/name@sha256:...` of a tag. */
async function publishedReference(
  context: Context,
  service: Service,
  tag: string,
  missing: (repository: Repository, tag: string) => Error = notPublished,
): Promise<string> {
  const repository: Repository = {
    registry: requireRegistry(service),
    name: service.name,
    login: deployLogin(context, service),
  };
  const manifest = await readManifest(context, repository, tag);
  if (manifest === undefined) throw missing(repository, tag);
  return `${repositoryText(repository)}@${manifest.digest}`;
}

function stageEmpty({name, registry}: Repository, stage: string): Error {
  return problem({
    code: 'stage_empty',
    what: `no image of ${name} is promoted to ${stage} in ${registry}`,
    fix: `entrypoint publish promote --to=${stage}`,
  });
}

/**
 * The image of a stage, by digest. The engine is asked for it and not the registry: it pulls the image anyway, and its
 * network can be another one than that of this process, such as a container's.
 */
async function pulledStage(context: Context, service: Service, stage: string): Promise<ImageReference> {
  const repository: Repository = {registry: requireRegistry(service), name: service.name};
  const name = `${repositoryText(repository)}:${stage}`;
  const stdout = await pullImage(context, service, name, {verbose: true}).catch((error: unknown) => {
    const isMissing =
      isProblem(error) &&
      error.code === 'command_failed' &&
      error.details.some((line) => /manifest unknown|not found|name unknown/i.test(line));
    throw isMissing ? stageEmpty(repository, stage) : error;
  });
  // Without an output, in a dry run: the printed script pulls the stage, and runs what it got.
  if (stdout === '') return {reference: name, commit: ''};
  const digest = /^Digest: (sha256:[0-9a-f]+)/m.exec(stdout)?.[1] ?? (await engineDigest(context, repository, name));
  const reference = `${repositoryText(repository)}@${digest}`;
  return {reference, commit: await readCommit(context, reference)};
}

async function pulled(context: Context, service: Service, reference: string): Promise<ImageReference> {
  await pullImage(context, service, reference);
  return {reference, commit: await readCommit(context, reference)};
}

/** The commit in the labels of an image on this engine; empty if there is no label, or no image in a dry run. */
async function readCommit({run}: Pick<Context, 'run'>, reference: string): Promise<string> {
  const {exitCode, stdout} = await run.read(dockerImageInspect(facts, reference), {allow: [1]});
  return exitCode === 0 ? parseImage(stdout).commit : '';
}

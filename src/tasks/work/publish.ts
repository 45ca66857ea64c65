import {dockerTag} from '../../commands/docker/index.ts';
import {onEngine} from '../../commands/engine.ts';
import {problem} from '../../errors.ts';
import {requireEngine} from '../../image/engine.ts';
import {builtImageName, findImage, type ImageReference} from '../../image/find.ts';
import {type PlatformImage, platformImages, readPlatforms} from '../../image/platforms.ts';
import {pushImage, pushImages} from '../../image/transfer.ts';
import {type Repository, repositoryText} from '../../registry/client.ts';
import {readService, requireRegistry} from '../../service/service.ts';
import type {Context} from '../../task.ts';
import {resultText} from '../../text/result.ts';

/** The result of `publish`. */
export interface Published {
  /** `127.0.0.1:5000/buy-service:0123456789ab` */
  readonly image: string;
  /** Its digest in the registry: `sha256:...`; empty in a dry run. */
  readonly digest: string;
}

/** Values of the task `publish`. */
export interface PublishValues {
  readonly tag: string | undefined;
  readonly platform: readonly string[];
  readonly allowDirty: boolean;
}

/** Pushes the image, or those of several platforms as one index. */
export async function publishImage(context: Context, {tag, platform, allowDirty}: PublishValues): Promise<Published> {
  const {run, say} = context;
  const platforms = readPlatforms(platform);
  const service = await readService(context);
  const repository: Repository = {registry: requireRegistry(service), name: service.name};
  await requireEngine(context);
  const local = await builtImageName(context, service, {tag});
  const builders = service.deployFile.image?.builders ?? {};
  const parts: readonly Part[] =
    platforms.length === 0
      ? [{platform: undefined, image: local, host: undefined}]
      : platformImages(local, platforms, builders);
  const fixOf = (word: string, all: readonly string[]): string =>
    `entrypoint ${word} ${tag === undefined ? '' : `--tag=${tag} `}--platform=${all.join(',')}`;
  const fix = platforms.length === 0 ? undefined : fixOf('build', platforms);
  const found: (Part & ImageReference)[] = [];
  for (const part of parts) found.push({...part, ...(await findImage(context, part.image, {host: part.host, fix}))});
  for (const one of found) requireSameBuild(one, platforms, found[0], fixOf);
  if (!allowDirty && (local.endsWith('-dirty') || found.some(({commit}) => commit.endsWith('-dirty')))) {
    throw problem({
      code: 'dirty_tree',
      what: `${local} was built from uncommitted changes and cannot be reproduced`,
      fix: 'commit, build and publish; or pass --allow-dirty',
    });
  }
  const image = `${repositoryText(repository)}:${tagOf(local)}`;
  const nameOf = (part: Part): string => `${repositoryText(repository)}:${tagOf(part.image)}`;
  for (const one of found) await run(onEngine(dockerTag(one.reference, nameOf(one)), one.host), {capture: true});
  const digest =
    found.length > 1
      ? await pushImages(
          context,
          repository,
          image,
          found.map((one) => ({...one, platform: one.platform ?? ''})),
        )
      : await pushImage(context, repository, image, found[0]?.host);
  if (digest !== '')
    say(`${image}  ${digest}`, ({isLast}) =>
      resultText(
        `published ${image}`,
        [['digest', [digest]]],
        isLast ? ['entrypoint promote --to=STAGE', 'entrypoint deploy ENVIRONMENT'] : [],
      ),
    );
  return {image, digest};
}

interface Part extends Omit<PlatformImage, 'platform'> {
  /** Undefined: whichever the image is for. */
  readonly platform: string | undefined;
}

const tagOf = (image: string): string => image.split(':').at(-1) ?? '';

/** Refuses to publish a part of what was built, or parts of several builds. */
function requireSameBuild(
  one: Part & ImageReference,
  platforms: readonly string[],
  first: ImageReference | undefined,
  fixOf: (word: string, all: readonly string[]) => string,
): void {
  const built = one.platforms ?? [];
  // Of an image that only a dry run builds, nothing is known. A single platform needs no index.
  const differs =
    one.platform === undefined
      ? built.length > 1
      : one.reference !== one.image && built.join(',') !== platforms.join(',');
  if (differs)
    throw problem({
      code: 'image_missing',
      what: `${one.image} was built for ${built.join(', ') || 'no platform in particular'}, not for ${platforms.join(', ') || 'one platform'}`,
      fix: platforms.length === 0 ? fixOf('publish', built) : fixOf('build', platforms),
    });
  if (one.commit !== first?.commit || one.content !== first.content)
    throw problem({
      code: 'image_missing',
      what: `${one.image} is of another build than the images of the other platforms`,
      fix: fixOf('build', platforms),
    });
}

import {createHash} from 'node:crypto';
import {problem} from '../errors.ts';
import {commandText, wordsText} from '../shell/argv.ts';
import {
  type ImageManifest,
  readBlob,
  readManifest,
  type RegistryContext,
  type Repository,
  repositoryText,
  writeManifest,
} from './client.ts';
import type {RegistryAccess} from './copy-text.ts';
import {notPublished} from './failures.ts';

// An image index: one name and one digest for the images of several platforms.

/** A platform in an index, in the words of an image's configuration. */
interface Platform {
  readonly architecture?: string;
  readonly os?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
  readonly variant?: string;
}

/** An image in an index. */
export interface Descriptor {
  readonly mediaType: string;
  readonly size: number;
  readonly digest: string;
  readonly platform: Platform;
}

const dockerList = 'application/vnd.docker.distribution.manifest.list.v2+json';
const ociIndex = 'application/vnd.oci.image.index.v1+json';

/**
 * The index of images: in docker's format if one of them is, else in OCI's. The same images give the same bytes, and the
 * bytes that `docker manifest push` writes.
 */
export function imageIndex(manifests: readonly Descriptor[]): ImageManifest {
  const type = manifests.some(({mediaType}) => mediaType.includes('docker')) ? dockerList : ociIndex;
  const bytes = Buffer.from(JSON.stringify({schemaVersion: 2, mediaType: type, manifests}, null, 3));
  return {bytes, type, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`};
}

/**
 * Gives a tag to the index of images that were pushed to the same repository; returns its digest.
 * @param tags one image of each platform; in the order of their names, the digest is that of {@link indexText}
 * @param platforms what each is to be: `linux/arm64`
 * @throws Problem `image_missing` if the registry lacks an image or has one of another platform, `registry_unavailable`
 * (exit code 69), `registry_refused`
 */
export async function writeIndex(
  context: RegistryContext,
  repository: Repository,
  tag: string,
  tags: readonly {readonly tag: string; readonly platform: string}[],
): Promise<string> {
  const members: Descriptor[] = [];
  for (const one of tags) {
    const manifest = await readManifest(context, repository, one.tag);
    if (manifest === undefined) throw notPublished(repository, one.tag);
    const found = await descriptors(context, repository, manifest);
    if (!found.some(({platform}) => isPlatform(platform, one.platform)))
      throw otherPlatform(repository, one.tag, found);
    members.push(...found);
  }
  const index = imageIndex(members);
  await writeManifest(context, repository, tag, index);
  return index.digest;
}

/** An engine that keeps attestations pushes an index of the image and of them: their entries, and not its own. */
async function descriptors(
  context: RegistryContext,
  repository: Repository,
  {bytes, type, digest}: ImageManifest,
): Promise<readonly Descriptor[]> {
  const manifest = JSON.parse(Buffer.from(bytes).toString()) as {
    readonly manifests?: readonly Descriptor[];
    readonly config?: {readonly digest?: string};
  };
  if (manifest.manifests !== undefined) return manifest.manifests;
  const config = await readBlob(context, repository, manifest.config?.digest ?? '');
  const {
    architecture,
    os,
    'os.version': version,
    'os.features': features,
    variant,
  } = JSON.parse(Buffer.from(config).toString()) as Platform;
  const platform: Platform = {
    ...(architecture === undefined ? {} : {architecture}),
    ...(os === undefined ? {} : {os}),
    ...(version === undefined ? {} : {'os.version': version}),
    ...(features === undefined ? {} : {'os.features': features}),
    ...(variant === undefined ? {} : {variant}),
  };
  return [{mediaType: type, size: bytes.byteLength, digest, platform}];
}

/** Engines do not always note the variant. */
const isPlatform = ({os, architecture}: Platform, wanted: string): boolean =>
  `${wanted}/`.startsWith(`${os}/${architecture}/`);

const otherPlatform = (repository: Repository, tag: string, found: readonly Descriptor[]): Error =>
  problem({
    code: 'image_missing',
    what: `${repositoryText(repository)}:${tag} is for ${found.map(({platform}) => `${platform.os}/${platform.architecture}`).join(', ')}: another build pushed it`,
    fix: 'publish again',
  });

/** Shell text that does the same as {@link writeIndex}: docker's client writes an index, with its own login. */
export function indexText(
  repository: Repository,
  tag: string,
  tags: readonly string[],
  {scheme, verify}: Pick<RegistryAccess, 'scheme' | 'verify'>,
): string {
  const name = (one: string): string => `${repositoryText(repository)}:${one}`;
  const insecure = scheme === 'http' || !verify ? ['--insecure'] : [];
  return [
    // What an attempt before left behind would become a part of it.
    `${wordsText(['docker', 'manifest', 'rm', name(tag)])} >/dev/null 2>&1 || :`,
    commandText(['docker', 'manifest', 'create', ...insecure, name(tag), ...tags.map(name)]),
    commandText(['docker', 'manifest', 'push', '--purge', ...insecure, name(tag)]),
  ].join('\n');
}

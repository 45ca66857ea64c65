import {splitRegistry} from '../service/schema/registry-name.ts';
import {readBlob, readManifest, type RegistryContext, type Repository} from './client.ts';

interface Manifest {
  readonly manifests?: readonly {readonly platform?: {readonly os?: string; readonly architecture?: string}}[];
  readonly config?: {readonly digest?: string};
}

/**
 * The platforms that an image in a registry is built for, such as `linux/amd64`; empty if the registry cannot be asked, or
 * does not say: the hosts then find it when they pull.
 * @param image `registry/name@sha256:...`
 */
export async function readPlatforms(
  context: RegistryContext,
  image: string,
  login?: Repository['login'],
): Promise<readonly string[]> {
  const [name = '', digest = ''] = image.split('@');
  const {host, path} = splitRegistry(name);
  const parts = path.split('/');
  const repository: Repository = {registry: [host, ...parts.slice(0, -1)].join('/'), name: parts.at(-1) ?? '', login};
  try {
    const manifest = parse((await readManifest(context, repository, digest))?.bytes) as Manifest | undefined;
    if (manifest?.manifests !== undefined)
      return manifest.manifests.flatMap(({platform}) => text(platform?.os, platform?.architecture));
    const config = manifest?.config?.digest;
    if (config === undefined) return [];
    const {os, architecture} = parse(await readBlob(context, repository, config)) as {
      os?: string;
      architecture?: string;
    };
    return text(os, architecture);
  } catch {
    return [];
  }
}

const parse = (bytes: Uint8Array | undefined): unknown =>
  bytes === undefined ? undefined : JSON.parse(Buffer.from(bytes).toString());

/** Attestations are listed as `unknown/unknown`. */
const text = (os?: string, architecture?: string): string[] =>
  os === undefined || architecture === undefined || os === 'unknown' ? [] : [`${os}/${architecture}`];

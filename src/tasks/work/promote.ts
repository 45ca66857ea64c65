import {problem} from '../../errors.ts';
import {readVersion} from '../../image/version.ts';
import {
  type ImageManifest,
  readManifest,
  type Repository,
  repositoryText,
  writeManifest,
} from '../../registry/client.ts';
import {copyManifestText, registryAccess} from '../../registry/copy-text.ts';
import {readService, requireRegistry} from '../../service/service.ts';
import type {Context} from '../../task.ts';
import {resultText} from '../../text/result.ts';

/** The result of `promote`. */
export interface Promoted {
  /** `127.0.0.1:5000/buy-service:rc` */
  readonly image: string;
  readonly digest: string;
  /** Digest of the stage before; empty when the stage is new. */
  readonly before: string;
}

const dockerManifest = 'application/vnd.docker.distribution.manifest.v2+json';

/** Values of the task `promote`. */
export interface PromoteValues {
  readonly to: string;
  readonly from: string | undefined;
}

/** Moves the tag of a stage. */
export async function promoteImage(context: Context, {to, from}: PromoteValues): Promise<Promoted> {
  const {run, say, note} = context;
  const service = await readService(context);
  const repository: Repository = {registry: requireRegistry(service), name: service.name};
  const source = from ?? (await readVersion(context)).tag;
  const manifest = await readManifest(context, repository, source);
  const before = (await readManifest(context, repository, to))?.digest ?? '';
  const image = `${repositoryText(repository)}:${to}`;
  const text = copyManifestText(repository, manifest?.digest ?? source, to, {
    type: manifest?.type ?? dockerManifest,
    ...(await registryAccess(context, repository)),
  });
  if (manifest?.digest === before) note(`${image} is ${before} already`);
  else await run.act(text, () => move(context, repository, source, to, manifest));
  const digest = manifest?.digest ?? '';
  if (digest !== '')
    say(`${image}  ${digest}`, ({isLast}) =>
      resultText(
        `promoted ${repositoryText(repository)} to ${to}`,
        [['digest', [digest]]],
        isLast ? [`entrypoint deploy ENVIRONMENT --stage=${to}`] : [],
      ),
    );
  return {image, digest, before};
}

async function move(
  context: Parameters<typeof writeManifest>[0],
  repository: Repository,
  source: string,
  to: string,
  manifest: ImageManifest | undefined,
): Promise<void> {
  if (manifest === undefined) {
    throw problem({
      code: 'image_missing',
      what: `no image ${source} in ${repositoryText(repository)}`,
      fix: /^[0-9a-f]{12}$/.test(source)
        ? 'publish it first: entrypoint build publish'
        : `publish it first (entrypoint build --tag=${source} publish --tag=${source}), or promote to it: entrypoint promote --to=${source}`,
    });
  }
  await writeManifest(context, repository, to, manifest);
  // The registry has no compare-and-swap: read back which digest won.
  const now = await readManifest(context, repository, to);
  if (now?.digest === manifest.digest) return;
  throw problem({
    code: 'promotion_lost',
    what: `${to} was promoted to ${manifest.digest} but is ${now?.digest ?? 'missing'}: a concurrent promotion won`,
    fix: 'find out who promoted it, then promote again',
  });
}

import {gunzipSync, zstdDecompressSync} from 'node:zlib';
import {isRepositoryFile, isSecretFile, isVariablesFile, secretKind, variablesOf} from './secrets.ts';
import {bufferSource, slice, type ByteSource, tarEntries, type TarEntry} from './tar.ts';

/** The contents of an image's layers, including files that a later layer deletes. */
export interface LayerFacts {
  readonly layers: number;
  readonly files: number;
  /** Files and directories of the final file system, by path without a leading slash. */
  readonly entries: ReadonlyMap<string, TarEntry>;
  /** Secrets found in any layer, such as `layer 3: /srv/key.pem: a private key`. */
  readonly secrets: readonly string[];
  /** Dependency manifests of any layer, by path; a path that is not in `entries` was deleted by a later layer. */
  readonly manifests: ReadonlyMap<string, string>;
}

const maxSecretFileBytes = 64 * 1024;
const maxManifestBytes = 1024 * 1024;
// What a package manager installed is published: nothing in it is a secret of this image, whatever its name.
const packageFile =
  /(?:^|\/)(?:node_modules|site-packages|dist-packages|gems\/[^/]+-\d[^/]*|pkg\/mod)\/|^usr\/share\/(?:doc|nodejs)\//;
// Tests and documentation are full of example keys, and so is what a system ships; not so the directories of web servers.
const exampleFile =
  /(?:^|\/)(?:test|tests|testdata|doc|docs)\/|^(?:usr(?!\/src\/)|opt)\/(?:.*\/)?share\/(?!(?:.*\/)?(?:html|htdocs|www)\/)/;

/** Reads a `docker save` archive: Docker's old layout, or OCI's, whose blobs can be compressed. */
export function scanLayers(archive: ByteSource): LayerFacts {
  const outer = new Map([...tarEntries(archive)].map((entry) => [entry.path, entry]));
  const manifest = outer.get('manifest.json');
  if (manifest === undefined) throw new Error('manifest.json is missing from the archive of docker save');
  const [{Layers: names = []} = {}] = JSON.parse(archive.read(manifest.offset, manifest.size).toString()) as {
    Layers?: string[];
  }[];
  const entries = new Map<string, TarEntry>();
  const secrets: string[] = [];
  const manifests = new Map<string, string>();
  let files = 0;
  for (const [index, name] of names.entries()) {
    const entry = outer.get(name);
    if (entry === undefined) throw new Error(`${name} is missing from the archive of docker save`);
    const layer = decompress(slice(archive, entry.offset, entry.size));
    for (const one of tarEntries(layer)) {
      if (applyEntry(entries, one)) continue;
      files += 1;
      const kind = one.type === 'file' ? secretOf(layer, one) : undefined;
      if (one.type === 'file' && isManifest(one.path))
        manifests.set(one.path, layer.read(one.offset, Math.min(one.size, maxManifestBytes)).toString());
      if (kind !== undefined) secrets.push(`layer ${index + 1}: /${one.path}: ${kind}`);
    }
  }
  return {layers: names.length, files, entries, secrets, manifests};
}

function decompress(source: ByteSource): ByteSource {
  const magic = source.read(0, 4);
  if (magic[0] === 0x1f && magic[1] === 0x8b) return bufferSource(gunzipSync(source.read(0, source.size)));
  if (magic.length === 4 && magic.readUInt32LE(0) === 0xfd2fb528)
    return bufferSource(zstdDecompressSync(source.read(0, source.size)));
  return source;
}

/** Applies a layer's entry to the file system below; true: the entry is a whiteout, which only deletes (OCI image spec). */
function applyEntry(entries: Map<string, TarEntry>, entry: TarEntry): boolean {
  const [, directory = '', name = ''] = /^(.*?)([^/]*)$/.exec(entry.path) ?? [];
  if (!name.startsWith('.wh.')) {
    entries.set(entry.path, entry);
    return false;
  }
  const opaque = name === '.wh..wh..opq';
  const hidden = opaque ? directory : directory + name.slice('.wh.'.length);
  for (const path of entries.keys()) {
    if (path === hidden || path.startsWith(opaque ? hidden : `${hidden}/`)) entries.delete(path);
  }
  return true;
}

function secretOf(layer: ByteSource, {path, size, offset}: TarEntry): string | undefined {
  if (size === 0 || packageFile.test(path)) return undefined;
  if (isSecretFile(path)) return 'a secrets file, by its name';
  if (isRepositoryFile(path)) return 'a git repository, with everything that was ever committed';
  if (size > maxSecretFileBytes) return undefined;
  const text = layer.read(offset, size).toString('latin1');
  const names = isVariablesFile(path) ? variablesOf(text) : [];
  if (names.length > 0) return `values of variables: ${names.slice(0, 5).join(', ')}`;
  return exampleFile.test(path) ? undefined : secretKind(text);
}

/** Whether a path is a dependency manifest of the service, not of an installed package. */
export const isManifest = (path: string): boolean =>
  /(^|\/)(package\.json|pyproject\.toml|[\w.-]*requirements[\w.-]*\.txt|requirements\/[^/]+\.txt)$/.test(path) &&
  !/(^|\/)(node_modules|site-packages|dist-packages)\//.test(path);

const locks = {
  node: ['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock'],
  python: ['uv.lock', 'poetry.lock', 'pdm.lock', 'Pipfile.lock'],
} as const;

/**
 * Why another build of the same commit could give another image: dependencies that nothing in the working directory
 * pins, and a build from uncommitted changes. Empty: no reason found.
 */
export function unpinnedInputs(
  {entries, manifests}: Pick<LayerFacts, 'entries' | 'manifests'>,
  directory: string,
  revision: string,
): string[] {
  const prefix = directory.replace(/^\/+/, '').replace(/\/*$/, '/').replace(/^\/$/, '');
  const has = (name: string): boolean => entries.has(prefix + name);
  const text = (name: string): string => (has(name) ? (manifests.get(prefix + name) ?? '') : '');
  const requirements = [...manifests.keys()].filter(
    (path) =>
      path.startsWith(prefix) && entries.has(path) && /^(requirements\/)?[^/]+\.txt$/.test(path.slice(prefix.length)),
  );
  const reasons = /dirty/.test(revision) ? [`built from uncommitted changes: ${revision}`] : [];
  if (needsNode(text('package.json')) && !locks.node.some(has))
    reasons.push('package.json has dependencies but no lock file');
  for (const path of requirements)
    reasons.push(
      ...unpinned(manifests.get(path) ?? '').map((name) => `${path.slice(prefix.length)} does not pin ${name}`),
    );
  if (requirements.length === 0 && needsPython(text('pyproject.toml')) && !locks.python.some(has))
    reasons.push('pyproject.toml has dependencies but no lock file');
  return reasons;
}

function needsNode(text: string): boolean {
  try {
    const {dependencies = {}, optionalDependencies = {}} = JSON.parse(text.replace(/^\uFEFF/, '')) as Partial<
      Record<'dependencies' | 'optionalDependencies', object>
    >;
    return Object.keys({...dependencies, ...optionalDependencies}).length > 0;
  } catch {
    return false;
  }
}

const needsPython = (text: string): boolean => /^dependencies\s*=\s*\[\s*["']/m.test(text);

/** The names of requirements without an exact version, a hash or a URL. */
function unpinned(text: string): string[] {
  return text
    .replaceAll(/\\\r?\n/g, ' ')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('-') && !/===?\s*[\w.]|\s@\s|--hash=/.test(line))
    .map((line) => /^[\w.-]+/.exec(line)?.[0] ?? line);
}

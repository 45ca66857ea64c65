import {gunzipSync, zstdDecompressSync} from 'node:zlib';
import {isSecretFile, secretKind} from './secrets.ts';
import {bufferSource, slice, type Source, tarEntries, type TarEntry} from './tar.ts';

/** What is in an image's layers, the files that later layers hide included. */
export interface LayerFacts {
  readonly layers: number;
  readonly files: number;
  /** Files and directories as the top layer leaves them, by path without a leading slash. */
  readonly entries: ReadonlyMap<string, TarEntry>;
  /** `layer 3: /srv/key.pem: a private key` */
  readonly secrets: readonly string[];
  /** Texts of the files that say what a service depends on, by path; `entries` tells whether they are still there. */
  readonly manifests: ReadonlyMap<string, string>;
}

const readWhole = 64 * 1024;
const readManifest = 1024 * 1024;
// Example keys of a package's own tests and manuals are no secret of the image's.
const notOurs = /(^|\/)(node_modules|site-packages|dist-packages|test|tests|testdata|doc|docs|share)\//;

/** Reads what `docker save` wrote: the old layout, or OCI's with blobs that may be compressed. */
export function scanLayers(archive: Source): LayerFacts {
  const outer = new Map([...tarEntries(archive)].map((entry) => [entry.path, entry]));
  const manifest = outer.get('manifest.json');
  if (manifest === undefined) throw new Error('docker save wrote no manifest.json');
  const [{Layers: names = []} = {}] = JSON.parse(archive.read(manifest.offset, manifest.size).toString()) as {
    Layers?: string[];
  }[];
  const entries = new Map<string, TarEntry>();
  const secrets: string[] = [];
  const manifests = new Map<string, string>();
  let files = 0;
  for (const [index, name] of names.entries()) {
    const entry = outer.get(name);
    if (entry === undefined) throw new Error(`docker save wrote no ${name}`);
    const layer = plain(slice(archive, entry.offset, entry.size));
    for (const one of tarEntries(layer)) {
      if (overlay(entries, one)) continue;
      files += 1;
      const kind = one.type === 'file' ? secretOf(layer, one) : undefined;
      if (one.type === 'file' && isManifest(one.path))
        manifests.set(one.path, layer.read(one.offset, Math.min(one.size, readManifest)).toString());
      if (kind !== undefined) secrets.push(`layer ${index + 1}: /${one.path}: ${kind}`);
    }
  }
  return {layers: names.length, files, entries, secrets, manifests};
}

function plain(source: Source): Source {
  const magic = source.read(0, 4);
  if (magic[0] === 0x1f && magic[1] === 0x8b) return bufferSource(gunzipSync(source.read(0, source.size)));
  if (magic.length === 4 && magic.readUInt32LE(0) === 0xfd2fb528)
    return bufferSource(zstdDecompressSync(source.read(0, source.size)));
  return source;
}

/** Lays an entry over what is below it; says whether it only hides something (OCI's whiteouts). */
function overlay(entries: Map<string, TarEntry>, entry: TarEntry): boolean {
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

function secretOf(layer: Source, {path, size, offset}: TarEntry): string | undefined {
  if (size === 0 || notOurs.test(path)) return undefined;
  if (isSecretFile(path)) return 'a file of secrets by its name';
  return size > readWhole ? undefined : secretKind(layer.read(offset, size).toString('latin1'));
}

/** Files of a service's directory that say what it depends on; their texts are read from the layers. */
export const isManifest = (path: string): boolean =>
  /(^|\/)(package\.json|pyproject\.toml|requirements[\w.-]*\.txt|requirements\/[^/]+\.txt)$/.test(path) &&
  !/(^|\/)(node_modules|site-packages|dist-packages)\//.test(path);

const locks = {
  node: ['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock'],
  python: ['uv.lock', 'poetry.lock', 'pdm.lock', 'Pipfile.lock'],
} as const;

/**
 * Why an image could not be built again as it is: of the directory that it works in, what its manifests leave open, and
 * of its commit, that there was more than the commit. Empty where nothing speaks against it.
 */
export function openInputs(
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
  const complaints = /dirty/.test(revision) ? [`made of more than a commit: ${revision}`] : [];
  if (needsNode(text('package.json')) && !locks.node.some(has))
    complaints.push('package.json has dependencies and no lock file');
  for (const path of requirements)
    complaints.push(
      ...unpinned(manifests.get(path) ?? '').map((name) => `${path.slice(prefix.length)} does not pin ${name}`),
    );
  if (requirements.length === 0 && needsPython(text('pyproject.toml')) && !locks.python.some(has))
    complaints.push('pyproject.toml has dependencies and no lock file');
  return complaints;
}

function needsNode(text: string): boolean {
  try {
    const {dependencies = {}, optionalDependencies = {}} = JSON.parse(text) as Partial<
      Record<'dependencies' | 'optionalDependencies', object>
    >;
    return Object.keys({...dependencies, ...optionalDependencies}).length > 0;
  } catch {
    return false;
  }
}

const needsPython = (text: string): boolean => /^dependencies\s*=\s*\[\s*["']/m.test(text);

/** Requirements without an exact version, a hash or a URL; options (`-r`, `--hash`) and comments are none. */
function unpinned(text: string): string[] {
  return text
    .replaceAll(/\\\r?\n/g, ' ')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('-') && !/===?\s*[\w.]|\s@\s|--hash=/.test(line))
    .map((line) => /^[\w.-]+/.exec(line)?.[0] ?? line);
}

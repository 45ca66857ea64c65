import {createHash} from 'node:crypto';
import {existsSync, globSync, lstatSync, mkdirSync, readdirSync, rmdirSync, rmSync, symlinkSync} from 'node:fs';
import {dirname, join} from 'node:path';

// What tools keep beside the code: between builds in the cache mount, and in a container, where the code is read-only, in
// /tmp.

/** The cache mount of the build. */
export const buildCache = '/root/.cache/entrypoint-build';

/** Where build tools keep files for the next build. */
const places = [
  '.next/cache',
  'node_modules/.cache',
  'node_modules/.vite',
  // tsbuildinfo of a type check (create-vite), which writes no other files.
  'node_modules/.tmp',
  '.nx/cache',
  '.turbo/cache',
  '.parcel-cache',
  '.angular/cache',
];

/** Links the caches of the packages in `directories` into the service; returns what removes the links. */
export function linkCaches(
  root: string,
  name: string,
  directories: readonly string[],
  kept: string = buildCache,
): () => void {
  if (!existsSync(kept)) return () => {};
  const key = createHash('sha256').update(name).digest('hex').slice(0, 12);
  const links: string[] = [];
  const made: string[] = [];
  for (const directory of directories)
    for (const place of places) {
      const path = join(root, directory, place);
      if (lstatSync(path, {throwIfNoEntry: false}) !== undefined) continue;
      // No node_modules for a service that has none.
      if (place.startsWith('node_modules/') && !existsSync(join(root, directory, 'node_modules'))) continue;
      const target = join(kept, key, directory, place);
      mkdirSync(target, {recursive: true});
      const first = mkdirSync(dirname(path), {recursive: true});
      if (first !== undefined) made.push(first);
      symlinkSync(target, path);
      links.push(path);
    }
  // An incremental compiler that finds its notes, but not what it wrote last time, writes nothing: only notes of a mere
  // type check may stay.
  const own = join(kept, key);
  // Not a glob: `**` leaves out directories whose names begin with a dot, as all of these do.
  for (const file of existsSync(own) ? readdirSync(own, {recursive: true, encoding: 'utf8'}) : [])
    if (file.endsWith('.tsbuildinfo') && !/(?:^|\/)(?:node_modules\/\.tmp|\.next\/cache)\//.test(file))
      rmSync(join(own, file), {force: true});
  return () => {
    for (const link of links) rmSync(link, {force: true});
    // Directories that hold nothing but a link.
    for (const directory of made.toReversed()) removeEmpty(directory);
  };
}

/** Where test runners and compilers keep files that nothing sets elsewhere: ava, vite and vitest, vue-tsc. */
const scratchPlaces = ['node_modules/.cache', 'node_modules/.vite', 'node_modules/.vite-temp', 'node_modules/.tmp'];

/** Links these places of the packages in `directories` to /tmp, except those with files that the build made. */
export function linkScratch(root: string, directories: readonly string[]): void {
  for (const directory of directories) {
    if (!existsSync(join(root, directory, 'node_modules'))) continue;
    for (const place of scratchPlaces) {
      const path = join(root, directory, place);
      if (lstatSync(path, {throwIfNoEntry: false}) === undefined) symlinkSync('/tmp', path);
    }
  }
}

function removeEmpty(directory: string): void {
  for (const below of globSync('**/', {cwd: directory}).toSorted((one, other) => other.length - one.length))
    tryRemove(join(directory, below));
  tryRemove(directory);
}

function tryRemove(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // It holds what the build made.
  }
}

import {chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {binFiles, inputPaths, type Manifest, type Project, readText} from './project.ts';

// An install before the source is copied sees manifests only. Package managers link no program whose file is missing, and
// say nothing: so empty files stand in for it, and the links are right once the source is there.

/** A directory of the service that package-lock.json lists: a package that a `file:` dependency names. */
interface Linked {
  readonly path: string;
  readonly manifest: Manifest;
}

/** The `file:` directories of package-lock.json, with what it repeats of their manifests. */
export function linkedPackages(lock: string): readonly Linked[] {
  const {packages = {}} = JSON.parse(lock) as {
    packages?: Record<string, Manifest & {resolved?: string; link?: boolean}>;
  };
  const targets = Object.entries(packages).flatMap(([name, {link, resolved}]) =>
    link === true && resolved !== undefined && !resolved.startsWith('..')
      ? [{path: resolved, name: name.replace(/^.*node_modules\//, '')}]
      : [],
  );
  return targets.map(({path, name}) => {
    const {dependencies, optionalDependencies, bin} = packages[path] ?? {};
    const all = {
      name,
      version: (packages[path] as {version?: string} | undefined)?.version ?? '0.0.0',
      dependencies,
      optionalDependencies,
      bin,
    };
    return {path, manifest: JSON.parse(JSON.stringify(all)) as Manifest};
  });
}

/** Makes the stand-ins; returns what removes them. */
export function standIn(directory: string, {root, members}: Project, linked: readonly Linked[]): () => void {
  const made: string[] = [];
  const make = (file: string, text: string): void => {
    if (existsSync(file)) return;
    const first = mkdirSync(dirname(file), {recursive: true});
    writeFileSync(file, text, {mode: 0o755});
    made.push(first ?? file);
  };
  for (const {path, manifest} of linked) make(join(directory, path, 'package.json'), JSON.stringify(manifest));
  const packages = [root, ...members, ...linked.map(({path, manifest}) => ({directory: path, manifest}))];
  for (const {directory: at, manifest} of packages)
    for (const file of binFiles(manifest)) make(join(directory, at, file), '');
  return () => {
    for (const path of made.toReversed()) rmSync(path, {recursive: true, force: true});
  };
}

/** Makes the programs of the service's own packages executable, as an install does that sees them. */
export function allowPrograms(directory: string, project: Project): void {
  const linked = inputPaths(project, () => undefined).flatMap((path) => {
    const text = readText(join(directory, path, 'package.json'));
    return text === undefined ? [] : [{directory: path, manifest: JSON.parse(text.replace(/^\uFEFF/, '')) as Manifest}];
  });
  for (const {directory: at, manifest} of [...project.members, ...linked])
    for (const file of binFiles(manifest).map((one) => join(directory, at, one)))
      if (existsSync(file)) chmodSync(file, 0o755);
}

/** What package-lock.json says of `file:` directories; empty for another lock file. */
export const linkedIn = (directory: string, lock: string | undefined): readonly Linked[] =>
  lock === 'package-lock.json' || lock === 'npm-shrinkwrap.json'
    ? linkedPackages(readFileSync(join(directory, lock), 'utf8'))
    : [];

import {basename, dirname} from 'node:path';
import {isCommonName, isEnvironmentName} from './readers/tree.ts';

/** A file with the environment that it belongs to; `environment` is undefined if it applies to all. */
export interface PlacedFile {
  readonly file: string;
  readonly environment: string | undefined;
  /** The files of one document differ only by the environment. */
  readonly document: string;
}

/** A file of the command line. */
export interface GivenFile {
  readonly file: string;
  /** Given as `NAME=FILE`. */
  readonly environment?: string | undefined;
  /** Its own keys are environments. */
  readonly hasEnvironments: boolean;
  /** The names of its keys. */
  readonly keys: ReadonlySet<string>;
}

/**
 * Finds out which file belongs to which environment. In this order: what `NAME=FILE` says; files that hold all
 * environments; files of one name in several directories, whose directories are the environments; names that differ only
 * in one part (`app.ini`, `app.prod.ini`); else a known name of an environment in each file's name. A file that is no
 * environment among others that are is not in the result.
 */
export function placeFiles(files: readonly GivenFile[]): readonly PlacedFile[] {
  const given = files.filter(({environment}) => environment !== undefined);
  const whole = files.filter(
    (one) =>
      one.environment === undefined && one.hasEnvironments && !files.some((other) => extendsName(one.file, other.file)),
  );
  const others = files.filter((file) => !given.includes(file) && !whole.includes(file));
  const placed = new Map<string, PlacedFile>();
  for (const {file, environment} of given)
    placed.set(file, {
      file,
      environment: isCommonName(environment ?? '') ? undefined : environment,
      document: basename(file).replace(environment ?? '', '*'),
    });
  // One file for each environment: they are one document, whatever they are called.
  const isOnePerEnvironment = new Set(given.map(({environment}) => environment)).size === given.length;
  if (isOnePerEnvironment) for (const [file, found] of placed) placed.set(file, {...found, document: '*'});
  for (const {file} of whole) placed.set(file, {file, environment: undefined, document: file});
  for (const found of byName(others)) placed.set(found.file, found);
  return files.flatMap(({file}) => placed.get(file) ?? []);
}

/** `application-prod.yml` belongs to `application.yml`, which can hold environments as well. */
function extendsName(file: string, other: string): boolean {
  const stem = file.replace(/\.\w+$/, '');
  return other !== file && other.startsWith(stem) && /^[-_.]/.test(other.slice(stem.length));
}

function byName(files: readonly GivenFile[]): readonly PlacedFile[] {
  const byBase = [...Map.groupBy(files, ({file}) => basename(file)).values()];
  const repeated = byBase.filter((group) => group.length > 1);
  if (repeated.length > 0) {
    const single = byBase.filter((group) => group.length === 1).flat();
    return [...repeated.flatMap(byDirectory), ...byDirectoryName(single)];
  }
  return [...Map.groupBy(files, ({file}) => `${dirname(file)}\0${kind(file)}`).values()].flatMap(inOneDirectory);
}

function kind(file: string): string {
  return basename(file).startsWith('.env') ? 'env' : (/\.(\w+)$/.exec(file)?.[1] ?? '').replace('yml', 'yaml');
}

/** `etc/dev/app.ini` and `etc/prod/app.ini`: what differs in the directories. */
function byDirectory(files: readonly GivenFile[]): readonly PlacedFile[] {
  const paths = files.map(({file}) => dirname(file).split('/'));
  const middles = trimmed(paths).map((part) => part.join('/'));
  return files.map(({file}, at) => place(file, middles[at] ?? '', basename(file)));
}

/** A file that only one directory has: its directory's name still says the environment. */
function byDirectoryName(files: readonly GivenFile[]): readonly PlacedFile[] {
  return files.map(({file}) => {
    const directory = dirname(file).split('/').findLast(isEnvironmentName);
    return directory === undefined
      ? {file, environment: undefined, document: basename(file)}
      : place(file, directory, basename(file));
  });
}

function place(file: string, name: string, document: string): PlacedFile {
  return {file, environment: name === '' || isCommonName(name) ? undefined : name, document};
}

/** The words of a file's name with what separates them, without the extension; `.env.prod` has none. */
function words(file: string): readonly string[] {
  const name = basename(file);
  const stem = name.startsWith('.env') ? name : name.replace(/\.\w+$/, '');
  return stem.split(/(?=[-_.])|(?<=[-_.])/);
}

const isKnown = (name: string): boolean => name === '' || isCommonName(name) || isEnvironmentName(name);

function inOneDirectory(files: readonly GivenFile[]): readonly PlacedFile[] {
  const [only] = files;
  if (only !== undefined && files.length === 1) return [alone(only)];
  const parts = files.map(({file}) => words(file));
  const middles = trimmed(parts).map((part) => part.join('').replaceAll(/^[-_.]+|[-_.]+$/g, ''));
  const shared = (parts[0]?.join('').length ?? 0) > (middles[0]?.length ?? 0);
  const special = files.filter((_, at) => !isKnown(middles[at] ?? ''));
  const isSure =
    middles.filter(isEnvironmentName).length > 1 && middles.some((name) => name === '' || isCommonName(name));
  // Beside application-dev.yml and application-prod.yml, application-tls.yml is a part and no environment.
  if (shared || isSure || special.length === 0)
    return files.flatMap(({file}, at) =>
      isSure && !isKnown(middles[at] ?? '') ? [] : [place(file, middles[at] ?? '', kind(file))],
    );
  const rest = files.filter((file) => !special.includes(file));
  const named = special.map(({file}) => ({file, found: nameIn(file)}));
  if (named.every(({found}) => found !== undefined))
    return [
      ...(rest.length === 0 ? [] : inOneDirectory(rest)),
      ...named.map(({file, found}) => place(file, found?.environment ?? '', found?.document ?? '')),
    ];
  // Neither the names nor the directories say it: files with mostly the same keys are environments.
  return rest.length === 0 && overlap(files) >= 0.5
    ? files.map(({file}) => place(file, words(file).join(''), kind(file)))
    : files.map((file) => alone(file));
}

function alone({file}: GivenFile): PlacedFile {
  const found = nameIn(file);
  const directory = dirname(file).split('/').findLast(isEnvironmentName);
  if (found !== undefined) return place(file, found.environment, found.document);
  return place(file, directory ?? '', basename(file));
}

function nameIn(file: string): {readonly environment: string; readonly document: string} | undefined {
  const all = words(file);
  const at = all.findLastIndex((word) => isEnvironmentName(word) && !/[-_.]/.test(word));
  if (at === -1) return undefined;
  return {environment: all[at] ?? '', document: `${all.toSpliced(at, 1, '*').join('')}.${kind(file)}`};
}

function overlap(files: readonly GivenFile[]): number {
  const all = new Set(files.flatMap(({keys}) => [...keys]));
  const shared = [...all].filter((key) => files.every(({keys}) => keys.has(key)));
  return all.size === 0 ? 0 : shared.length / all.size;
}

/** The lists without what all of them begin and end with. */
function trimmed(lists: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const shortest = Math.min(...lists.map(({length}) => length));
  const first = lists[0] ?? [];
  let start = 0;
  while (start < shortest && lists.every((list) => list[start] === first[start])) start += 1;
  let end = 0;
  while (end < shortest - start && lists.every((list) => list.at(-1 - end) === first.at(-1 - end))) end += 1;
  return lists.map((list) => list.slice(start, list.length - end));
}

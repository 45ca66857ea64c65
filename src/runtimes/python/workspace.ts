import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, messageOf, problem} from '../../errors.ts';
import type {WorkspacePackage} from '../runtime.ts';
import {requirementFiles} from './manifests.ts';

/** What pyproject.toml and requirements.txt say about the packages around them; undefined without both. */
export async function pythonPackage(directory: string): Promise<WorkspacePackage | undefined> {
  const requirements = requirementPaths(directory);
  const file = join(directory, 'pyproject.toml');
  if (!existsSync(file))
    return requirements.length === 0
      ? undefined
      : {name: undefined, dependencies: [], paths: requirements, members: undefined};
  const {parse} = await import('smol-toml');
  try {
    return {...pyprojectPackage(parse(readFileSync(file, 'utf8')), requirements)};
  } catch (error) {
    throw problem({
      code: 'bad_package_file',
      what: `pyproject.toml is not valid TOML: ${messageOf(error).split('\n')[0]}`,
      fix: `correct ${file}`,
      exitCode: exitCode.badData,
    });
  }
}

function pyprojectPackage(file: unknown, requirements: readonly string[]): WorkspacePackage {
  const name = at(file, 'project', 'name');
  // A source is a table, or a list of them with markers.
  const sources = Object.entries(tableOf(at(file, 'tool', 'uv', 'sources'))).flatMap(([key, value]) =>
    [value].flat().map((source): readonly [string, unknown] => [key, source]),
  );
  const poetry = at(file, 'tool', 'poetry');
  const groups = Object.values(tableOf(at(poetry, 'group'))).map((group) => at(group, 'dependencies'));
  const tables = [at(poetry, 'dependencies'), at(poetry, 'dev-dependencies'), ...groups].flatMap((table) =>
    Object.values(tableOf(table)),
  );
  const paths = [...sources.map(([, source]) => source), ...tables.flat()].map((one) => at(one, 'path'));
  const members = at(file, 'tool', 'uv', 'workspace', 'members');
  const excluded = at(file, 'tool', 'uv', 'workspace', 'exclude');
  return {
    name: typeof name === 'string' ? normal(name) : undefined,
    dependencies: sources.flatMap(([key, source]) => (at(source, 'workspace') === true ? [normal(key)] : [])),
    paths: [
      ...paths.filter((path) => typeof path === 'string').filter((path) => path.startsWith('.')),
      ...requirements,
    ],
    members:
      at(file, 'tool', 'uv', 'workspace') === undefined
        ? undefined
        : [...texts(members), ...texts(excluded).map((glob) => `!${glob}`)],
  };
}

/** `-e ../lib` and `../lib` in the files that list requirements; relative to the directory. */
const requirementPaths = (directory: string): readonly string[] => [
  ...new Set(
    requirementFiles(directory).flatMap((file) =>
      readFileSync(join(directory, file), 'utf8')
        .split('\n')
        .flatMap((line) => /^\s*(?:(?:-e|--editable)[\s=]\s*)?(?:file:)?(\.\.\/[^\s;#[]*)/.exec(line)?.[1] ?? [])
        .filter((path) => !/\.(?:whl|tar\.gz|zip)$/.test(path)),
    ),
  ),
];

/** @see https://packaging.python.org/en/latest/specifications/name-normalization/ */
const normal = (name: string): string => name.toLowerCase().replaceAll(/[-_.]+/g, '-');

const texts = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];

const tableOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((node, key) => tableOf(node)[key], value);

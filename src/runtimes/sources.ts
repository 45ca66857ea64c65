import {type Dirent, readdirSync, statSync} from 'node:fs';
import {join, relative} from 'node:path';
import {readText} from '../text/file.ts';
import type {HealthPath} from './description.ts';

const skipped =
  /^(?:node_modules|dist|build|out|coverage|vendor|venv|env|site-packages|__pycache__|target|public|static|staticfiles|migrations|docs?|tests?|__tests__|e2e|examples?)$/;

/** The source files of a service, a few directories deep: those closest to its root first. */
export function sourceFiles(directory: string, name: RegExp, limit = 400): readonly string[] {
  const found: string[] = [];
  let level = [directory];
  for (let depth = 0; depth < 6 && level.length > 0 && found.length < limit; depth += 1) {
    const entries = level.flatMap((one) => entriesOf(one).map((entry) => ({entry, path: join(one, entry.name)})));
    found.push(...entries.flatMap(({entry, path}) => (entry.isFile() && name.test(entry.name) ? [path] : [])));
    level = entries.flatMap(({entry, path}) =>
      entry.isDirectory() && !entry.name.startsWith('.') && !skipped.test(entry.name) ? [path] : [],
    );
  }
  return found.slice(0, limit);
}

function entriesOf(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, {withFileTypes: true});
  } catch {
    return [];
  }
}

// In the order in which they say most about readiness.
const healthNames = [
  'readyz',
  'ready',
  'readiness',
  'healthz',
  'health',
  'healthcheck',
  'health-check',
  '_health',
  'livez',
  'up',
  'ping',
  'status',
];
const healthName = `(?:${healthNames.join('|')})`;
// `ready` and `status` without a slash are words of other things; only routes of Django have none in front.
const literal = new RegExp(`["'\`](/(?:api/(?:v1/)?|v1/)?${healthName}/?)["'\`]`, 'g');
const djangoRoute = new RegExp(`\\bpath\\(\\s*["'](${healthName}/?)["']`, 'g');
const routeFile = new RegExp(
  `(?:^|/)(?:(?:src/)?app/((?:[\\w-]+/)*${healthName})/route|(?:src/)?pages/(api/(?:[\\w-]+/)*${healthName})|server/((?:api/|routes/)(?:[\\w-]+/)*${healthName}))(?:\\.get)?\\.[jt]sx?$`,
);
const largest = 200_000;

const rank = ({path}: HealthPath): number => healthNames.indexOf(path.split('/').findLast((part) => part !== '') ?? '');

/** The path by which the source answers questions about its health: a literal of a route, or the file of one. */
export function healthPath(directory: string, files: readonly string[]): HealthPath | undefined {
  const found = files.flatMap((file) => {
    const from = relative(directory, file);
    const [, app, pages, server] = routeFile.exec(from) ?? [];
    const route = app ?? pages ?? server?.replace(/^routes\//, '');
    if (route !== undefined) return [{path: `/${route}`, from}];
    if ((statSync(file, {throwIfNoEntry: false})?.size ?? largest) >= largest) return [];
    const text = readText(file) ?? '';
    return [
      ...[...text.matchAll(literal)].map(([, path = '']) => ({path, from})),
      ...[...text.matchAll(djangoRoute)].map(([, path = '']) => ({path: `/${path}`, from})),
    ];
  });
  return found.toSorted((a, b) => rank(a) - rank(b))[0];
}

/** Variables that an example of a .env file names. */
export function exampleVariables(
  directory: string,
): {readonly file: string; readonly names: readonly string[]} | undefined {
  for (const file of ['.env.example', '.env.sample', '.env.template', '.env.dist', 'example.env']) {
    const text = readText(join(directory, file));
    if (text === undefined) continue;
    const names = [...text.matchAll(/^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=/gm)].map(([, name = '']) => name);
    return {file, names: [...new Set(names)].filter((name) => name !== 'PORT')};
  }
  return undefined;
}

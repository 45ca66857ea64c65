import {spawnSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {stripTypeScriptTypes} from 'node:module';
import {dirname, relative, resolve, sep} from 'node:path';
import {fileURLToPath} from 'node:url';

/** The place of a syntax error. */
export interface SourcePlace {
  readonly path: string;
  readonly line: number;
  /** `    ^^^` below the line, if it is known. */
  readonly mark: string | undefined;
}

/** The place of a syntax error that Node found while it loaded `path`; undefined when it cannot be found. */
export function syntaxPlace(error: SyntaxError, path: string): SourcePlace | undefined {
  return placeInStack(error.stack ?? '') ?? placeByParser(path) ?? placeByCheck(path);
}

// The stack of most syntax errors begins with the place, the source and a mark.
function placeInStack(stack: string): SourcePlace | undefined {
  const match = /^((?:file:\/\/)?\/.*):(\d+)\n/.exec(stack);
  if (match === null) return undefined;
  const path = match[1]?.startsWith('file:') ? fileURLToPath(match[1]) : (match[1] ?? '');
  return {path, line: Number(match[2]), mark: markOf(stack)};
}

const relativeImport = /(?:\bfrom|\bimport|\brequire|\bimport\s*\()\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g;

// V8 reveals the place of an error only when it prints it. Node's TypeScript parser reports it, and reads JavaScript too.
function placeByParser(path: string, seen: Set<string> = new Set()): SourcePlace | undefined {
  if (seen.has(path) || !/\.[cm]?[jt]s$/.test(path)) return undefined;
  seen.add(path);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    stripTypeScriptTypes(text);
  } catch (error) {
    const {stack = ''} = error as Error;
    const [, line] = /^[^\n]*:(\d+)\n/.exec(stack) ?? [];
    if (line !== undefined) return {path, line: Number(line), mark: markOf(stack)};
  }
  for (const [, name = ''] of text.matchAll(relativeImport)) {
    const place = placeByParser(resolve(dirname(path), name), seen);
    if (place !== undefined) return place;
  }
  return undefined;
}

function markOf(stack: string): string | undefined {
  return stack
    .split('\n\n')[0]
    ?.split('\n')
    .find((line) => /^\s*\^+\s*$/.test(line));
}

// V8 reports the place of its own early errors (`const` twice) only if the file is the program itself.
function placeByCheck(path: string): SourcePlace | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const source = path.endsWith('.ts') ? stripTypeScriptTypes(text) : text;
    const {stderr} = spawnSync(process.execPath, ['--check', '--input-type=module', '-'], {
      input: source,
      encoding: 'utf8',
    });
    const match = /^\[stdin\]:(\d+)\n.*\n([ ^]*)$/m.exec(stderr);
    return match === null ? undefined : {path, line: Number(match[1]), mark: match[2]};
  } catch {
    return undefined;
  }
}

/** The line, and the mark below it. */
export function sourceLines({path, line, mark}: SourcePlace): readonly string[] {
  try {
    const text = readFileSync(path, 'utf8').split('\n')[line - 1] ?? '';
    return mark === undefined ? [text] : [text, mark];
  } catch {
    return [];
  }
}

/** The innermost frame in the service's own source, as `tasks.ts:12:9`; undefined if the stack has none. */
export function serviceFrame(error: unknown, directory: string): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const message = String(error.message);
  const frames = (error.stack ?? '').replace(message, '').split('\n');
  for (const line of frames) {
    const match = /^\s+at (?:.*\()?((?:file:\/\/)?\/.*):(\d+):(\d+)\)?$/.exec(line);
    if (match === null) continue;
    const path = match[1]?.startsWith('file:') ? fileURLToPath(match[1]) : (match[1] ?? '');
    const name = relative(directory, path);
    if (!name.startsWith('..') && !name.split(sep).includes('node_modules')) return `${name}:${match[2]}:${match[3]}`;
  }
  return undefined;
}

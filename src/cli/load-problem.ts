import {spawnSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {stripTypeScriptTypes} from 'node:module';
import {join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {exitCode, messageOf, problem} from '../errors.ts';
import type {Problem} from '../errors.ts';
import {serviceFrame} from './frames.ts';

interface Place {
  readonly path: string;
  readonly line: number;
  /** `    ^^^` below the line, where it is known. */
  readonly mark: string | undefined;
}

/** What a user can do about a tasks.ts that Node could not load. */
export function loadProblem(error: unknown, folder: string, file: string): Problem {
  const facts = {exitCode: exitCode.badData, cause: error};
  const code = (error as {code?: unknown} | null | undefined)?.code;
  if (error instanceof SyntaxError) return syntaxProblem(error, folder, file);
  if (code === 'ERR_MODULE_NOT_FOUND') return problem({code: 'import_missing', ...missingImport(messageOf(error), folder), ...facts});
  const [first = '', ...lines] = (messageOf(error) || String(error)).split('\n');
  const frame = serviceFrame(error, folder);
  return problem({
    code: 'tasks_threw',
    what: `${file} could not be loaded: ${first}`,
    details: [...lines, ...(frame === undefined ? [] : [`at ${frame}`])],
    ...facts,
  });
}

function syntaxProblem(error: SyntaxError, folder: string, file: string): Problem {
  const place = placeInStack(error.stack ?? '') ?? placeByCheck(join(folder, file));
  const name = place === undefined ? file : relative(folder, place.path);
  const at = place === undefined ? '' : `${name}:${place.line}`;
  const isImport = error.message.includes('does not provide an export');
  const typeScriptOnly = (error as {code?: unknown}).code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX';
  const wrong = isImport ? 'imports something that is not there' : 'has a syntax error';
  return problem({
    code: 'syntax_error',
    what: `${name} ${place === undefined ? `or a file that it imports ${wrong}` : wrong}: ${error.message}`,
    details: place === undefined ? [] : [at, ...sourceLines(place)],
    fix: typeScriptOnly
      ? 'Node only removes types: write it without enum, namespace and parameter properties'
      : `correct ${at || name}`,
    exitCode: exitCode.badData,
    cause: error,
  });
}

// Node begins the stack of most syntax errors with the place, the source and a mark.
function placeInStack(stack: string): Place | undefined {
  const match = /^((?:file:\/\/)?\/.*):(\d+)\n/.exec(stack);
  if (match === null) return undefined;
  const path = match[1]?.startsWith('file:') ? fileURLToPath(match[1]) : match[1] ?? '';
  const head = stack.split('\n\n')[0]?.split('\n') ?? [];
  return {path, line: Number(match[2]), mark: head.find((line) => /^\s*\^+\s*$/.test(line))};
}

// V8 does not say where its own early errors are (`const` twice) unless the file is the program itself.
function placeByCheck(path: string): Place | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const source = path.endsWith('.ts') ? stripTypeScriptTypes(text) : text;
    const {stderr} = spawnSync(process.execPath, ['--check', '--input-type=module', '-'], {input: source, encoding: 'utf8'});
    const match = /^\[stdin\]:(\d+)\n.*\n([ ^]*)$/m.exec(stderr);
    return match === null ? undefined : {path, line: Number(match[1]), mark: match[2]};
  } catch {
    return undefined;
  }
}

function sourceLines({path, line, mark}: Place): readonly string[] {
  try {
    const text = readFileSync(path, 'utf8').split('\n')[line - 1] ?? '';
    return mark === undefined ? [text] : [text, mark];
  } catch {
    return [];
  }
}

function missingImport(message: string, folder: string): {what: string; fix: string} {
  const match = /^Cannot find (package|module) '(.+)' imported from (.+)$/.exec(message);
  if (match === null) return {what: message, fix: 'correct the import'};
  const [, kind, name = '', importer = ''] = match;
  const from = relative(folder, importer.startsWith('file:') ? fileURLToPath(importer) : importer);
  if (kind === 'package') return {what: `${from} imports the package ${name}, and it is not installed`, fix: `npm install ${name}`};
  const wanted = relative(folder, name);
  return {what: `${from} imports ${wanted}, and there is no such file`, fix: `create ${wanted}, or correct the import`};
}

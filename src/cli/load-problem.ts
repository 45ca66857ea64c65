import {join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {exitCode, messageOf, problem} from '../errors.ts';
import type {Problem} from '../errors.ts';
import {sourceLines, syntaxPlace} from '../text/syntax-place.ts';
import {serviceFrame} from '../text/frames.ts';

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
  const place = syntaxPlace(error, join(folder, file));
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

function missingImport(message: string, folder: string): {what: string; fix: string} {
  const match = /^Cannot find (package|module) '(.+)' imported from (.+)$/.exec(message);
  if (match === null) return {what: message, fix: 'correct the import'};
  const [, kind, name = '', importer = ''] = match;
  const from = relative(folder, importer.startsWith('file:') ? fileURLToPath(importer) : importer);
  if (kind === 'package') return {what: `${from} imports the package ${name}, and it is not installed`, fix: `npm install ${name}`};
  const wanted = relative(folder, name);
  return {what: `${from} imports ${wanted}, and there is no such file`, fix: `create ${wanted}, or correct the import`};
}

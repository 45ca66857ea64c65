import {join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {exitCode, isProblem, messageOf, problem, type Problem, problemText} from '../errors.ts';
import {missingPackageFix} from '../runtimes/node/package-manager.ts';
import {serviceFrame, sourceLines, syntaxPlace} from '../text/source-place.ts';

/** Anything thrown, as a problem: an error of the service's code keeps its message and its place. */
export function thrownProblem(error: unknown, directory: string, what: string): Problem {
  if (isProblem(error)) return error;
  const [first = '', ...lines] = (messageOf(error) || String(error)).split('\n');
  const frame = serviceFrame(error, directory);
  return problem({
    code: 'task_threw',
    what: `${what}: ${first}`,
    details: [...lines, ...(frame === undefined ? [] : [`at ${frame}`])],
    cause: error,
  });
}

export interface Style {
  readonly colour: boolean;
  readonly verbose: boolean;
}

/** A problem as text for the user, with the stack only if --verbose is on. */
export function reportText(error: Problem, {colour, verbose}: Style): string {
  const text = problemText(error);
  const end = text.indexOf('\n');
  const painted = colour ? `\u001b[31m${text.slice(0, end)}\u001b[39m${text.slice(end)}` : text;
  const origin = error.cause instanceof Error ? error.cause : error;
  return verbose ? `${painted}${origin.stack ?? ''}\n` : painted;
}

/** A problem as JSON, for programs. */
export function reportJson({code, message, details, fix, exitCode: exit}: Problem): string {
  return `${JSON.stringify({error: {code, message, details, fix: fix ?? null, exitCode: exit}}, undefined, 2)}\n`;
}

/** The problem of a tasks.ts that Node could not load, with its place and its fix. */
export function loadProblem(error: unknown, directory: string, file: string): Problem {
  const common = {exitCode: exitCode.badData, cause: error};
  const code = (error as {code?: unknown} | null | undefined)?.code;
  if (error instanceof SyntaxError) return syntaxProblem(error, directory, file);
  if (code === 'ERR_MODULE_NOT_FOUND')
    return problem({code: 'import_missing', ...missingImport(messageOf(error), directory), ...common});
  const [first = '', ...lines] = (messageOf(error) || String(error)).split('\n');
  const frame = serviceFrame(error, directory);
  return problem({
    code: 'tasks_threw',
    what: `cannot load ${file}: ${first}`,
    details: [...lines, ...(frame === undefined ? [] : [`at ${frame}`])],
    ...common,
  });
}

function syntaxProblem(error: SyntaxError, directory: string, file: string): Problem {
  const place = syntaxPlace(error, join(directory, file));
  const name = place === undefined ? file : relative(directory, place.path);
  const at = place === undefined ? '' : `${name}:${place.line}`;
  const isImport = error.message.includes('does not provide an export');
  const typeScriptOnly = (error as {code?: unknown}).code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX';
  const wrong = isImport ? 'imports a name that does not exist' : 'has a syntax error';
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

function missingImport(message: string, directory: string): {what: string; fix: string} {
  const match = /^Cannot find (package|module) '(.+)' imported from (.+)$/.exec(message);
  if (match === null) return {what: message, fix: 'correct the import'};
  const [, kind, name = '', importer = ''] = match;
  const from = relative(directory, importer.startsWith('file:') ? fileURLToPath(importer) : importer);
  if (kind === 'package')
    return {
      what: `${from} imports the package ${name}, which is not installed`,
      fix: missingPackageFix(directory, name),
    };
  const wanted = relative(directory, name);
  return {what: `${from} imports ${wanted}, which does not exist`, fix: `create ${wanted}, or correct the import`};
}

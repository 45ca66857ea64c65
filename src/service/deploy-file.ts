import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import * as v from 'valibot';
import {type Document, isMap, isPair, isScalar, LineCounter, type Node, parseDocument} from 'yaml';
import {exitCode, problem} from '../errors.ts';
import {nearest} from '../text/nearest.ts';
import {type DeployFile, deployFileSchema} from './schema.ts';

/**
 * Reads deploy.yaml from the service's directory; without one, the defaults: one replica on the local engine.
 * @throws Problem `bad_deploy_file` (exit code 65) with every error and its line
 */
export function readDeployFile(directory: string): DeployFile {
  let text: string;
  try {
    text = readFileSync(join(directory, 'deploy.yaml'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return v.parse(deployFileSchema, {});
    throw error;
  }
  return parseDeployFile(text);
}

/** The pure part of {@link readDeployFile}. */
export function parseDeployFile(text: string): DeployFile {
  const lines = new LineCounter();
  const document = parseDocument(text, {lineCounter: lines, prettyErrors: false});
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  if (document.errors.length > 0) {
    throw bad(document.errors.map(({pos, message}) => ({line: lineAt(pos[0]), text: message.split('\n')[0] ?? ''})));
  }
  const given: unknown = document.toJS() ?? {};
  const parsed = v.safeParse(deployFileSchema, given);
  const issues = [...((parsed.issues ?? []) as readonly v.BaseIssue<unknown>[]).map(toIssue), ...references(given)];
  if (parsed.success && issues.length === 0) return parsed.output;
  throw bad(
    issues.map(({path, message}) => ({
      line: lineOf(document, path, lineAt),
      text: `${path.join('.') || 'the file'} ${message}`,
    })),
  );
}

interface Issue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

const toIssue = ({path, message}: v.BaseIssue<unknown>): Issue => ({
  path: (path ?? []).map(({key}) => key as string | number),
  message,
});

/** References to backing services that the file does not declare: the schema cannot express that. */
function references(file: unknown): Issue[] {
  const known = keysOf(file, ['backing_services']);
  const paths = keysOf(file, ['environments']).map((name) => ['environments', name, 'backing_services']);
  return [['test_integration', 'backing_services'], ...paths].flatMap((path) =>
    keysOf(file, path)
      .filter((name) => !known.includes(name))
      .map((name) => {
        const near = nearest(name, known);
        return {
          path: [...path, name],
          message: `is not declared in the file's backing_services${near === undefined ? '' : `; did you mean ${near}?`}`,
        };
      }),
  );
}

function keysOf(value: unknown, [key, ...rest]: readonly string[]): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return key === undefined ? Object.keys(value) : keysOf((value as Record<string, unknown>)[key], rest);
}

// The line of the key if it exists, else of the nearest node around it.
function lineOf(document: Document, path: readonly (string | number)[], lineAt: (offset: number) => number): number {
  const key = path.at(-1);
  const parent = path.length === 0 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (key !== undefined && isMap(parent)) {
    const pair = parent.items.find(
      (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key),
    );
    const range = (pair?.key as Node | undefined)?.range;
    if (range) return lineAt(range[0]);
  }
  const node = document.getIn(path, true) as Node | undefined;
  if (node?.range) return lineAt(node.range[0]);
  return path.length === 0 ? 1 : lineOf(document, path.slice(0, -1), lineAt);
}

function bad(problems: readonly {line: number; text: string}[]): Error {
  return problem({
    code: 'bad_deploy_file',
    what: 'deploy.yaml is invalid',
    details: [...problems].sort((a, b) => a.line - b.line).map(({line, text}) => `deploy.yaml:${line}: ${text}`),
    fix: 'correct the lines above; docs/deploy.md lists every setting',
    exitCode: exitCode.badData,
  });
}

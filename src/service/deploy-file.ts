import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import * as v from 'valibot';
import {exitCode, problem} from '../errors.ts';
import {crossChecks, type Issue} from './cross-checks.ts';
import {type DeployFile, deployFileSchema} from './schema/schema.ts';
import {type FileProblem, parseYaml} from './yaml-text.ts';

const [usual, other] = ['deploy.yaml', 'deploy.yml'] as const;

/** The file that describes the service, with its name. */
export interface DeployFileText {
  readonly name: string;
  readonly text: string;
}

/**
 * Reads deploy.yaml (or deploy.yml) from the service's directory; without one, the defaults: one replica on the local
 * engine.
 * @throws Problem `bad_deploy_file` (exit code 65) with every error and its line, or if there are both files
 */
export function readDeployFile(directory: string): DeployFile {
  const {name, text} = findDeployFile(directory) ?? {name: usual, text: ''};
  return parseDeployFile(text, name);
}

/**
 * The file that describes the service: deploy.yaml, or deploy.yml if it has a key of ours. Another program's deploy.yml,
 * such as an Ansible playbook, is not ours to read.
 * @throws Problem `bad_deploy_file` (exit code 65) if both describe the service
 */
export function findDeployFile(directory: string): DeployFileText | undefined {
  const [first, second] = [readText(join(directory, usual)), readText(join(directory, other))];
  const ours = second !== undefined && isOurs(second);
  if (first !== undefined && ours)
    throw problem({
      code: 'bad_deploy_file',
      what: `both ${usual} and ${other} describe the service`,
      fix: `keep one of them; ${usual} is the usual name`,
      exitCode: exitCode.badData,
    });
  if (first !== undefined) return {name: usual, text: first};
  return ours ? {name: other, text: second} : undefined;
}

/** The line of a setting, or of the nearest one around it: `deploy.yaml:12`. The file is read again. */
export function placeInDeployFile(directory: string, path: readonly (string | number)[]): string {
  const file = findDeployFile(directory);
  return file === undefined ? usual : `${file.name}:${parseYaml(file.text).lineOf(path)}`;
}

function isOurs(text: string): boolean {
  const key = new RegExp(`^\\uFEFF?["']?(?:${Object.keys(deployFileSchema.entries).join('|')})["']?\\s*:`, 'm');
  return key.test(text);
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The pure part of {@link readDeployFile}; `name` is that of the file in messages. */
export function parseDeployFile(text: string, name: string = usual): DeployFile {
  const {value, problems, lineOf} = parseYaml(text);
  if (problems.length > 0) throw bad(name, problems);
  const given = value ?? {};
  const {output, issues: found} = validated(given);
  const issues = [...found, ...crossChecks(given, output)];
  if (output !== undefined && issues.length === 0) return output;
  throw bad(
    name,
    issues.map(({path, message}) => ({line: lineOf(path), text: `${path.join('.') || 'the file'} ${message}`})),
  );
}

/** Validates the file. valibot reports one unknown key of a map at a time: the rest is validated without it. */
function validated(given: unknown): {readonly output: DeployFile | undefined; readonly issues: readonly Issue[]} {
  const rest = structuredClone(given);
  const unknown: Issue[] = [];
  for (;;) {
    const parsed = v.safeParse(deployFileSchema, rest);
    const all = (parsed.issues ?? []).flatMap((issue) => reportable(issue));
    const keys = all.filter(({type, expected}) => type === 'strict_object' && expected === 'never').map(toIssue);
    const removed = keys.filter(({path}) => removeAt(rest, path));
    unknown.push(...removed);
    if (removed.length === 0)
      return {output: parsed.success ? parsed.output : undefined, issues: [...unknown, ...all.map(toIssue)]};
  }
}

function removeAt(value: unknown, path: readonly (string | number)[]): boolean {
  const parent = path.slice(0, -1).reduce<unknown>((node, key) => (node as Record<string, unknown>)?.[key], value);
  const key = path.at(-1);
  if (typeof parent !== 'object' || parent === null || key === undefined || !Object.hasOwn(parent, key)) return false;
  return Reflect.deleteProperty(parent, key);
}

/** A union without a message of its own is reported by the issues of its options. */
function reportable(issue: v.BaseIssue<unknown>): v.BaseIssue<unknown>[] {
  if (issue.message !== '') return [issue];
  const {path, issues = []} = issue;
  return issues
    .filter((one) => one.path !== undefined || one.type !== 'string')
    .map((one) => Object.assign(one, {path: [...(path ?? []), ...(one.path ?? [])]}));
}

const toIssue = ({path, message}: v.BaseIssue<unknown>): Issue => ({
  path: (path ?? []).map(({key}) => key as string | number),
  message,
});

function bad(name: string, problems: readonly FileProblem[]): Error {
  return problem({
    code: 'bad_deploy_file',
    what: `${name} is invalid`,
    details: [...problems].sort((a, b) => a.line - b.line).map(({line, text}) => `${name}:${line}: ${text}`),
    fix: 'correct the lines above; docs/deploy.md lists every setting',
    exitCode: exitCode.badData,
  });
}

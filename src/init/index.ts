import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, isProblem, problem} from '../errors.ts';
import type {Fact, Undecided} from '../runtimes/description.ts';
import {runtimes} from '../runtimes/index.ts';
import type {Runtime} from '../runtimes/runtime.ts';
import {exampleVariables} from '../runtimes/sources.ts';
import {quote} from '../shell/argv.ts';
import type {Context} from '../task.ts';
import {type Ci, type NewFile, propose, settingsOf} from './files.ts';
import type {Left, Taken} from './from/imported.ts';
import {isSecretName} from './from/secret-name.ts';
import {type Undone, undo, undoable, writeFiles} from './record.ts';
import {proposalText} from './text.ts';

/** What `init` is asked for. */
export interface InitOptions {
  /** A file of another tool to take settings from. */
  readonly from?: string | undefined;
  readonly ci?: Ci | undefined;
}

/** The result of `init`. */
export interface Initialized {
  readonly found: readonly Fact[];
  /** Paths of the files that were written, or in a dry run would be. */
  readonly files: readonly string[];
  readonly kept: readonly string[];
  readonly undecided: readonly Undecided[];
  /** With `--from`. */
  readonly taken: readonly Taken[];
  readonly left: readonly Left[];
}

/**
 * Looks at the service in the context's directory and writes the files with which it is built and deployed, without
 * touching one that is there.
 * @throws Problem `no_service`, `no_server_module`, `framework_missing`, `bad_import_file` (exit code 65) or `init_failed`
 */
export async function initService(context: Context, {from, ci}: InitOptions = {}): Promise<Initialized> {
  const {cwd, env, run, say} = context;
  const runtime = runtimeIn(cwd);
  const imported = from === undefined ? undefined : await (await import('./from/index.ts')).importFile(cwd, from);
  const description = await runtime.describe(cwd);
  const found = settingsOf(imported?.hasHealth === true ? {health: {path: '/readyz', from: ''}} : description);
  const proposal = propose({
    directory: cwd,
    runtime: runtime.name,
    dockerfile: runtime.dockerfile(cwd),
    settings: {top: [...(imported?.top ?? []), ...found.top], local: [...(imported?.local ?? []), ...found.local]},
    release: imported?.release ?? description.release?.text,
    ci,
  });
  if (imported !== undefined) await requireValid(imported.file, proposal.files);
  const lines = [...(imported?.top ?? []), ...(imported?.local ?? [])];
  const undecided = [
    ...description.undecided,
    ...proposal.undecided,
    ...unsetSecrets(lines, env),
    ...openVariables(cwd, lines),
  ];
  for (const block of proposalText(cwd, description, {...proposal, undecided}, imported).split('\n')) say(block);
  const {files} = proposal;
  if (files.length > 0) {
    const written = await run.act(writingText(files), async () => ({warning: writeFiles(cwd, files, env)}));
    if (written?.warning !== undefined) context.note(written.warning);
    if (written !== undefined)
      say(
        `\nwrote ${files.map(({path}) => path).join(', ')} (take back: entrypoint init --undo; next: entrypoint deploy local)`,
      );
  } else say('\nnothing to write: next: entrypoint deploy local');
  return {
    found: description.facts,
    files: files.map(({path}) => path),
    kept: proposal.kept,
    undecided,
    taken: imported?.taken ?? [],
    left: imported?.left ?? [],
  };
}

/** What another tool allows can be nothing for deploy.yaml: a port above 65535, a volume on /. */
async function requireValid(file: string, files: readonly NewFile[]): Promise<void> {
  const text = files.find(({path}) => path === 'deploy.yaml')?.text;
  if (text === undefined) return;
  const {parseDeployFile} = await import('../service/deploy-file.ts');
  try {
    parseDeployFile(text);
  } catch (error) {
    if (!isProblem(error)) throw error;
    throw problem({
      code: 'bad_import_file',
      what: `what ${file} says cannot be in deploy.yaml; nothing was written`,
      details: error.details.map(
        (line) => `${line}  (${text.split('\n')[Number(/:(\d+):/.exec(line)?.[1] ?? 0) - 1]?.trim()})`,
      ),
      fix: `correct ${file}, or write deploy.yaml by hand`,
      exitCode: exitCode.badData,
    });
  }
}

function runtimeIn(directory: string): Runtime {
  const found = runtimes.find(({matches}) => matches(directory));
  if (found !== undefined) return found;
  throw problem({
    code: 'no_service',
    what: `no service in ${directory}: neither package.json nor Python files`,
    fix: 'name its directory: entrypoint -C DIR init',
    exitCode: exitCode.badData,
  });
}

/** Secrets whose values were in the file, or in the shell that read it. */
function unsetSecrets(lines: readonly string[], env: Context['env']): readonly Undecided[] {
  const names = lines.flatMap((line) => [...line.matchAll(/\{env: (\w+)\}/g)].map(([, name = '']) => name));
  const unset = [...new Set(names)].filter((name) => env[name] === undefined);
  if (unset.length === 0) return [];
  return [
    {
      what: 'secrets are not copied: a deploy reads them from its environment',
      write: `export ${unset.map((name) => `${name}=VALUE`).join(' ')}`,
    },
  ];
}

/** Variables of an example file that nothing sets yet. */
function openVariables(directory: string, lines: readonly string[]): readonly Undecided[] {
  const example = exampleVariables(directory);
  const names = (example?.names ?? []).filter(
    (name) => !lines.some((line) => new RegExp(`(?<!\\w)${name}: `).test(line)),
  );
  if (example === undefined || names.length === 0 || existsSync(join(directory, 'deploy.yaml'))) return [];
  return [
    {
      what: `${example.file} names ${names.length === 1 ? 'a variable' : `${names.length} variables`}: those without which the service does not start go to deploy.yaml, environments, local`,
      write: names.slice(0, 8).map(settingLine).join(', ') + (names.length > 8 ? ', ...' : ''),
    },
  ];
}

/** Where a variable goes: a secret is a reference. */
const settingLine = (name: string): string =>
  isSecretName(name) ? `secrets: {${name}: {env: ${name}}}` : `environment: {${name}: VALUE}`;

/** The same as shell text. `set -C` overwrites nothing. */
function writingText(files: readonly NewFile[]): string {
  return files
    .map(({path, text}) => {
      const directory = path.includes('/') ? `mkdir -p ${quote(path.slice(0, path.lastIndexOf('/')))}\n` : '';
      return `${directory}(set -C; cat >${quote(path)}) <<'entrypoint_end'\n${text}entrypoint_end`;
    })
    .join('\n');
}

/**
 * Takes back what `init` wrote in the context's directory. Files that were edited since are left, and named.
 * @throws Problem `nothing_to_undo` (exit code 65)
 */
export async function undoInit({cwd, env, run, say}: Context): Promise<Undone> {
  const planned = undoable(cwd, env);
  const text = planned.removed.length === 0 ? ':' : `rm -- ${planned.removed.map((path) => quote(path)).join(' ')}`;
  const undone = (await run.act(text, async () => undo(cwd, env))) ?? planned;
  if (undone.removed.length > 0) say(`removed ${undone.removed.join(', ')}`);
  else if (undone.edited.length === 0) say('nothing to remove: the files are gone already');
  for (const path of undone.edited) say(`left ${path}: it was edited since`);
  return undone;
}

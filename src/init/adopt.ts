import {existsSync} from 'node:fs';
import {basename, join, normalize} from 'node:path';
import {exitCode, isProblem, problem} from '../errors.ts';
import type {Description, Fact, Undecided} from '../runtimes/description.ts';
import {runtimes} from '../runtimes/index.ts';
import type {Runtime} from '../runtimes/runtime.ts';
import {parseDeployFile} from '../service/deploy-file.ts';
import {quote} from '../shell/argv.ts';
import type {Context} from '../task.ts';
import {describeIn} from './describe.ts';
import {type Ci, healthLines, type NewFile, propose} from './files.ts';
import type {Imported, Left, Taken} from './from/imported.ts';
import {importFile} from './from/index.ts';
import {openQuestions} from './open.ts';
import {type Undone, undo, undoable, writeFiles} from './record.ts';
import {diffText, foundTexts, openTexts} from './text.ts';

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
  /** Of the file of another tool, and of a Procfile. */
  readonly taken: readonly Taken[];
  readonly left: readonly Left[];
}

/** @see initService */
export async function adopt(context: Context, {from, ci}: InitOptions): Promise<Initialized> {
  const {cwd, env, run, say} = context;
  const runtime = runtimeIn(cwd);
  const read = importedFiles(cwd, from);
  const description = describeIn(cwd, runtime);
  const imported = read.map((one) => withoutUnfollowed(one, description));
  const top = imported.flatMap((one) => one.top);
  const local = imported.flatMap((one) => one.local);
  const release = imported.map((one) => one.release).find((one) => one !== undefined);
  const hasHealth = top.some((line) => line.startsWith('health:'));
  const proposal = propose({
    directory: cwd,
    runtime: runtime.name,
    dockerfile: runtime.dockerfile(cwd),
    settings: {top: hasHealth ? top : [...top, ...healthLines(description.health)], local},
    release,
    ci,
  });
  if (from !== undefined) requireValid(from, proposal.files);
  const undecided = [
    ...description.undecided,
    ...proposal.undecided,
    ...openQuestions(context, {
      lines: [...top, ...local],
      hasRelease: release !== undefined,
      hasFrom: from !== undefined,
    }),
  ];
  const {files} = proposal;
  const names = files.map(({path}) => path).join(', ');
  const sayAll = (blocks: readonly string[]): void => {
    for (const line of blocks.flatMap((block) => (block === '' ? [] : [...block.split('\n'), '']))) say(line);
  };
  sayAll(foundTexts(cwd, description, imported));
  let written: {readonly warning: string | undefined} | undefined;
  if (files.length > 0)
    written = await run.act(
      writingText(files),
      async () => {
        // A dry run's script has them.
        sayAll([diffText({files})]);
        return {warning: writeFiles(cwd, files, env)};
      },
      `# writes ${names}`,
    );
  if (written?.warning !== undefined) context.note(written.warning);
  sayAll(openTexts(proposal.kept, undecided));
  if (files.length === 0) say('nothing to write: next: entrypoint deploy local');
  else if (written !== undefined)
    say(`wrote ${names} (take back: entrypoint init --undo; next: entrypoint deploy local)`);
  return {
    found: description.facts,
    files: files.map(({path}) => path),
    kept: proposal.kept,
    undecided,
    taken: imported.flatMap((one) => one.taken),
    left: imported.flatMap((one) => one.left),
  };
}

/** The file that `--from` names, and a Procfile: `run` follows one anyway. */
function importedFiles(directory: string, from: string | undefined): readonly Imported[] {
  const hasProcfile = existsSync(join(directory, 'Procfile'));
  const files = [...(from === undefined ? [] : [from]), ...(hasProcfile ? ['Procfile'] : [])];
  return [...new Set(files.map((file) => normalize(file)))].map((file) => importFile(directory, file));
}

/** The runtime knows which lines of a Procfile `run` follows. */
function withoutUnfollowed(imported: Imported, {undecided}: Pick<Description, 'undecided'>): Imported {
  const {file, taken, left} = imported;
  const isFollowed = ({key}: Taken): boolean =>
    !undecided.some(({unfollowed}) => unfollowed?.file === basename(file) && unfollowed.key === key);
  const others = taken
    .filter((one) => !isFollowed(one))
    .map(({line, key}) => ({line, key, reason: 'see "to decide" below'}));
  return {...imported, taken: taken.filter(isFollowed), left: [...others, ...left]};
}

/** What another tool allows can be nothing for deploy.yaml: a port above 65535, a volume on /. */
function requireValid(file: string, files: readonly NewFile[]): void {
  const text = files.find(({path}) => path === 'deploy.yaml')?.text;
  if (text === undefined) return;
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

/** The same as shell text. `set -C` overwrites nothing. */
function writingText(files: readonly NewFile[]): string {
  return files
    .map(({path, text}) => {
      const directory = path.includes('/') ? `mkdir -p ${quote(path.slice(0, path.lastIndexOf('/')))}\n` : '';
      return `${directory}(set -C; cat >${quote(path)}) <<'entrypoint_end'\n${text}entrypoint_end`;
    })
    .join('\n');
}

/** @see undoInit */
export async function takeBack({cwd, env, run, say}: Context): Promise<Undone> {
  const planned = undoable(cwd, env);
  const text = planned.removed.length === 0 ? ':' : `rm -- ${planned.removed.map((path) => quote(path)).join(' ')}`;
  const undone = (await run.act(text, async () => undo(cwd, env))) ?? planned;
  if (undone.removed.length > 0) say(`removed ${undone.removed.join(', ')}`);
  else if (undone.edited.length === 0) say('nothing to remove: the files are gone already');
  for (const path of undone.edited) say(`left ${path}: it was edited since`);
  return undone;
}

import {exitCode, isProblem, usageErrorsProblem, type Problem, type UsageError} from '../errors.ts';
import {execText, type Words} from '../shell/argv.ts';
import {become} from '../shell/become.ts';
import {executables} from '../shell/executable.ts';
import {kebab} from '../text/names.ts';
import {nearest} from '../text/nearest.ts';
import {completions} from './complete.ts';
import {type Core, defaultCore} from './flags.ts';
import {generalHelp, listJson, listText, taskHelp} from './help.ts';
import {loadTasks, type TaskSource, withInvokeTasks} from './load.ts';
import {parse, type Parsed} from './parse.ts';
import {reportJson, reportText, type Style, thrownProblem} from './report.ts';
import {runTasks} from './run-tasks.ts';
import {shownName, standardNames} from './tasks.ts';
import type {World} from './world.ts';

export interface ExitResult {
  readonly code: number;
  /** A task ignored the interrupt and still runs. */
  readonly gaveUp: boolean;
}

/** Reads the command line, acts on it and returns the exit code. Never throws. */
export async function main(world: World): Promise<ExitResult> {
  // An error before the command line is parsed is reported with the default flags.
  const known: {core: Core; directory: string} = {core: defaultCore(), directory: world.cwd};
  try {
    if (world.argv[0] === '--version') {
      world.stdout(`entrypoint ${world.version()}\n`);
      return {code: exitCode.ok, gaveUp: false};
    }
    if (world.argv[0] === '--' && world.argv.length > 1) return await becomeProgram(world, world.argv.slice(1));
    const {service, parsed} = await understand(world).catch((error: unknown) => {
      // A shell in the image is most needed where its tasks.ts is broken.
      if (isProgram(world, standardNames)) return {service: undefined, parsed: undefined};
      throw error;
    });
    const names = service?.tasks.map(({name}) => name) ?? standardNames;
    if (service === undefined || isProgram(world, names)) return await becomeProgram(world, world.argv);
    Object.assign(known, {core: parsed.core, directory: service.directory});
    return {code: await act(world, service, parsed), gaveUp: false};
  } catch (error) {
    const found = thrownProblem(error, known.directory, 'the command failed');
    world.stderr(reportText(found, styleOf(world, known.core)));
    if (known.core.json && !known.core.dryRun) world.stdout(reportJson(found));
    return {code: found.exitCode, gaveUp: found.code === 'gave_up'};
  }
}

/**
 * Whether the first word is a program on PATH, as the first word of `docker run IMAGE` is for most images. A task, and a
 * word that is one letter away from one, is none.
 */
function isProgram({argv: [word = ''], cwd, env}: World, tasks: readonly string[]): boolean {
  if (word === '' || word.startsWith('-') || tasks.includes(kebab(word))) return false;
  if (standardNames.includes(kebab(word)) || nearest(kebab(word), tasks) !== undefined) return false;
  return executables(word, {directory: cwd, path: env['PATH']}).length > 0;
}

/** Runs any program in place of the command: with its pid, under the same init and as the same user. */
async function becomeProgram({cwd, env}: World, words: Words): Promise<ExitResult> {
  await become({words}, {cwd, env});
  return {code: exitCode.ok, gaveUp: false};
}

/** The parser decides which directory is meant, but needs that directory's tasks to parse: hence two passes. */
async function understand(world: World): Promise<{service: TaskSource; parsed: Parsed}> {
  const {core} = parse(world.argv, [], {});
  const keepDefaults = needsNoConfiguration(world.argv, core);
  const load = (directory: string | undefined): Promise<TaskSource> =>
    loadTasks(world.cwd, directory, world.own, keepDefaults);
  const first = core.directory;
  const service = await load(first).catch((error: unknown) => broken(world, error));
  const parsed = parse(world.argv, service.tasks, world.env);
  if (parsed.core.directory === first) return complete(world, service, parsed);
  const other = await load(parsed.core.directory);
  return complete(world, other, parse(world.argv, other.tasks, world.env));
}

/** A list, a help text and a build work without the variables that a service needs. */
function needsNoConfiguration(argv: Words, {list, help, complete: completes, version}: Core): boolean {
  return list || help || completes || version || argv.every((word) => word.startsWith('-') || word === 'build');
}

/** Asks invoke, which takes 200 ms, for the tasks of tasks.py only if all tasks are needed. */
async function complete(
  world: World,
  service: TaskSource,
  parsed: Parsed,
): Promise<{service: TaskSource; parsed: Parsed}> {
  if (parsed.calls.length > 0 && parsed.unknownTasks.length === 0 && !parsed.core.list) return {service, parsed};
  const whole = await withInvokeTasks(service, world.env).catch((error: unknown) => broken(world, error, service));
  return whole === service ? {service, parsed} : {service: whole, parsed: parse(world.argv, whole.tasks, world.env)};
}

// An error in tasks.ts must not be printed into the line that the user is completing.
function broken(
  world: World,
  error: unknown,
  rest: TaskSource = {directory: world.cwd, file: undefined, tasks: []},
): TaskSource {
  if (!isProblem(error) || !world.argv.includes('--complete')) throw error;
  return rest;
}

async function act(world: World, service: TaskSource, parsed: Parsed): Promise<number> {
  const {core, calls, rest, unknownTasks} = parsed;
  if (core.complete) {
    world.stdout(
      completions(rest, service.tasks)
        .map((word) => `${word}\n`)
        .join(''),
    );
    return exitCode.ok;
  }
  const wrong = errorsOf(parsed);
  if (wrong.length > 0)
    throw usage(wrong, calls.length === 1 && unknownTasks.length === 0 ? calls[0]?.task.name : undefined);
  if (core.version) {
    world.stdout(`entrypoint ${world.version()}\n`);
  } else if (core.help) {
    world.stdout(
      calls.length === 0
        ? generalHelp(service.tasks, world.columns())
        : calls.map(({task}) => taskHelp(task)).join('\n'),
    );
  } else if (calls.length === 0 && rest.length > 0 && !core.list) {
    if (core.dryRun) world.stdout(`${execText(rest)}\n`);
    else await becomeProgram(world, rest);
  } else if (core.list || calls.length === 0) {
    world.stdout(
      core.json ? listJson(service.directory, service.file, service.tasks) : listText(service.tasks, world.columns()),
    );
  } else {
    const results = await runTasks(world, service, core, calls, styleOf(world, core));
    if (core.json && !core.dryRun)
      world.stdout(`${JSON.stringify(calls.length === 1 ? Object.values(results)[0] : results, undefined, 2)}\n`);
  }
  return exitCode.ok;
}

/** What stops this command line. --help works even if the rest of the line is wrong; only a run needs all options. */
function errorsOf({core, errors, missing, unknownTasks}: Parsed): readonly UsageError[] {
  if (core.help) return unknownTasks;
  return [...unknownTasks, ...errors, ...(core.list || core.version ? [] : missing)];
}

function usage(wrong: Parsed['errors'], task: string | undefined): Problem {
  return usageErrorsProblem(wrong, `entrypoint --help${task === undefined ? '' : ` ${shownName(task)}`}`);
}

function styleOf(world: World, core: Core): Style {
  return {colour: isColoured(world, core), verbose: core.verbose};
}

/** The flag, then the variables, as Node itself reads them, then the terminal. */
function isColoured({env, isTerminal}: World, {color}: Core): boolean {
  if (color !== undefined) return color;
  const forced = env['FORCE_COLOR'] ?? '';
  if (forced !== '') return forced !== '0' && forced !== 'false';
  return (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb' && isTerminal(2);
}

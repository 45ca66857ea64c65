import {exitCode, isProblem, usageErrorsProblem, type Problem} from '../errors.ts';
import {completions} from './complete.ts';
import {type Core, defaultCore, directoryOf} from './flags.ts';
import {generalHelp, listJson, listText, taskHelp} from './help.ts';
import {loadService, type Service, withInvokeTasks} from './load.ts';
import {parse, type Parsed} from './parse.ts';
import {reportJson, reportText, type Style, thrownProblem} from './report.ts';
import {runTasks} from './run-tasks.ts';
import {snake} from './tasks.ts';
import type {World} from './world.ts';

export interface Outcome {
  readonly code: number;
  /** A task did not heed the interrupt and goes on. */
  readonly gaveUp: boolean;
}

/** Reads the command line, does what it says, and returns the exit code. Throws nothing. */
export async function main(world: World): Promise<Outcome> {
  // Until the command line is understood, an error is told in the plainest way.
  const told: {core: Core; directory: string} = {core: defaultCore(), directory: world.cwd};
  try {
    if (world.argv[0] === '--version') {
      world.stdout(`entrypoint ${world.version()}\n`);
      return {code: exitCode.ok, gaveUp: false};
    }
    const {service, parsed} = await understand(world);
    Object.assign(told, {core: parsed.core, directory: service.directory});
    return {code: await act(world, service, parsed), gaveUp: false};
  } catch (error) {
    const found = thrownProblem(error, told.directory, 'the command');
    world.stderr(reportText(found, styleOf(world, told.core)));
    if (told.core.json && !told.core.dryRun) world.stdout(reportJson(found));
    return {code: found.exitCode, gaveUp: found.code === 'gave_up'};
  }
}

/** The last word on which directory is meant has the parser, and it needs the tasks of that directory. */
async function understand(world: World): Promise<{service: Service; parsed: Parsed}> {
  const load = (directory: string | undefined): Promise<Service> => loadService(world.cwd, directory, world.own);
  const first = directoryOf(world.argv);
  const service = await load(first).catch((error: unknown) => broken(world, error));
  const parsed = parse(world.argv, service.tasks, world.env);
  if (parsed.core.directory === first) return complete(world, service, parsed);
  const other = await load(parsed.core.directory);
  return complete(world, other, parse(world.argv, other.tasks, world.env));
}

/** Asks invoke for the tasks of tasks.py only when somebody wants to know them all: that takes 200 ms. */
async function complete(world: World, service: Service, parsed: Parsed): Promise<{service: Service; parsed: Parsed}> {
  if (parsed.calls.length > 0 && parsed.unknownTasks.length === 0 && !parsed.core.list) return {service, parsed};
  const whole = await withInvokeTasks(service, world.env).catch((error: unknown) => broken(world, error, service));
  return whole === service ? {service, parsed} : {service: whole, parsed: parse(world.argv, whole.tasks, world.env)};
}

// In the middle of a line that is being typed, nobody wants to read about an error in tasks.ts.
function broken(
  world: World,
  error: unknown,
  rest: Service = {directory: world.cwd, file: undefined, tasks: []},
): Service {
  if (!isProblem(error) || !world.argv.includes('--complete')) throw error;
  return rest;
}

async function act(world: World, service: Service, {core, calls, rest, errors, unknownTasks}: Parsed): Promise<number> {
  if (core.complete) {
    world.stdout(
      completions(rest, service.tasks)
        .map((word) => `${word}\n`)
        .join(''),
    );
    return exitCode.ok;
  }
  // Who asks for help needs it most when the rest of the line is wrong.
  const wrong = core.help ? unknownTasks : [...unknownTasks, ...errors];
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

function usage(wrong: Parsed['errors'], task: string | undefined): Problem {
  return usageErrorsProblem(wrong, `entrypoint --help${task === undefined ? '' : ` ${snake(task)}`}`);
}

function styleOf({env, isTerminal}: World, {color, verbose}: Core): Style {
  const wanted = color ?? ((env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb');
  return {colour: wanted && (color === true || isTerminal(2)), verbose};
}

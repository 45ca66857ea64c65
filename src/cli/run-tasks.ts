import {isProblem, problem, type Problem} from '../errors.ts';
import {quote} from '../shell/argv.ts';
import {type Echo, makeEcho, noEcho} from '../shell/echo.ts';
import {hasControllingTerminal} from '../shell/output.ts';
import {dryRunner} from '../shell/runners/dry.ts';
import {systemRunner} from '../shell/runners/system.ts';
import {signalExitCode} from '../shell/signals.ts';
import type {OpenTerminal} from '../shell/terminal/open.ts';
import type {Runner} from '../shell/types.ts';
import type {Context} from '../task.ts';
import {snake} from '../text/names.ts';
import type {Core} from './flags.ts';
import {type Interrupt, makeInterrupt} from './interrupt.ts';
import type {TaskSource} from './load.ts';
import type {Call} from './parse.ts';
import {type Style, thrownProblem} from './report.ts';
import {shownName} from './tasks.ts';
import type {World} from './world.ts';

/**
 * Runs the tasks in order and returns their results by name (a task that runs twice: `build`, `build_2`).
 * @throws Problem of the first task that fails; the tasks after it do not run
 */
export async function runTasks(
  given: World,
  service: TaskSource,
  core: Core,
  calls: readonly Call[],
  style: Style,
): Promise<Readonly<Record<string, unknown>>> {
  const interrupt = makeInterrupt(given.onSignal);
  const terminal = hasScreen(given, core) ? await openScreen(given, style) : undefined;
  const world: World = terminal === undefined ? given : {...given, stdout: terminal.stdout, stderr: terminal.stderr};
  const echo = echoOf(world, core, style, terminal);
  let failed = true;
  try {
    const runner = runnerOf(world, service, core, echo, interrupt);
    enterDirectory(world, service, core, echo);
    const results: Record<string, unknown> = {};
    for (const [index, call] of calls.entries()) {
      const name = snake(call.task.name);
      terminal?.task(shownName(call.task.name), index === calls.length - 1);
      if (calls.length > 1) echo.note(`task ${index + 1} of ${calls.length}: ${name}`);
      if (calls.length > 1 && core.dryRun) world.stdout(`# ${name}\n`);
      const context = contextOf(world, service, core, call, {runner, echo, interrupt, say: terminal?.say});
      results[resultName(results, name)] = (await settle(call, context, interrupt, service)) ?? null;
    }
    failed = false;
    return results;
  } finally {
    interrupt.close();
    terminal?.close(failed);
  }
}

function resultName(results: object, name: string, time = 2): string {
  if (!(name in results)) return name;
  return `${name}_${time}` in results ? resultName(results, name, time + 1) : `${name}_${time}`;
}

async function settle(
  {task, values, sources}: Call,
  context: Context,
  interrupt: Interrupt,
  service: TaskSource,
): Promise<unknown> {
  const gaveUp = interrupt.gaveUp.then((name) => {
    throw stopped('gave_up', name);
  });
  gaveUp.catch(() => {});
  try {
    return await Promise.race([task.call(context, values, sources), gaveUp]);
  } catch (error) {
    // Anything thrown after the interrupt is a consequence of it.
    if (interrupt.signal.aborted && !isProblem(error)) throw stopped('interrupted', String(interrupt.signal.reason));
    throw thrownProblem(error, service.directory, `${shownName(task.name)} failed`);
  }
}

function stopped(code: string, signal: string): Problem {
  return problem({code, what: `stopped by ${signal}`, exitCode: signalExitCode(signal)});
}

/** Loaded only where it is needed. */
async function openScreen(world: World, {colour}: Style): Promise<OpenTerminal> {
  const {openTerminal} = await import('../shell/terminal/open.ts');
  const {env, stdout, stderr, isTerminal} = world;
  // A run that starts another one keeps the terminal to itself.
  const isPart = !hasControllingTerminal();
  return openTerminal({env, colour, stdout, stderr, isOutputShown: isTerminal(1), isPart});
}

/** Whether the run is shown to a person at a terminal: not where all is asked for, less, or a script. */
function hasScreen({env, isTerminal}: World, {quiet, verbose, echo, dryRun}: Core): boolean {
  if (quiet || verbose || !echo || dryRun) return false;
  // Some build servers have a terminal, and keep what is printed there as a log.
  return ['', 'false', '0'].includes(env['CI'] ?? '') && env['TERM'] !== 'dumb' && isTerminal(2);
}

function echoOf(
  world: World,
  {quiet, json, echo: commands}: Core,
  {colour, verbose}: Style,
  terminal: OpenTerminal | undefined,
): Echo {
  // A program that reads a failure has nothing above it.
  if (terminal !== undefined) return json ? {...terminal.echo, brief: noEcho.brief} : terminal.echo;
  const level = quiet ? 'quiet' : verbose ? 'verbose' : 'normal';
  return makeEcho({write: world.stderr, level, colour, commands});
}

function runnerOf(world: World, service: TaskSource, {json, dryRun}: Core, echo: Echo, interrupt: Interrupt): Runner {
  const system = systemRunner({
    cwd: service.directory,
    env: world.env,
    echo,
    signal: interrupt.signal,
    kill: interrupt.kill,
    onBusy: interrupt.onBusy,
    childStdout: json || dryRun ? 2 : 1,
    stdout: json || dryRun ? world.stderr : world.stdout,
    stderr: world.stderr,
  });
  return dryRun ? dryRunner(world.stdout, system) : system;
}

// Commands run in the service's directory: a line pasted in another one needs the `cd`.
function enterDirectory(world: World, {directory}: TaskSource, {dryRun}: Core, echo: Echo): void {
  if (directory === world.cwd) return;
  if (dryRun) world.stdout(`cd ${quote(directory)}\n`);
  else echo.command(`cd ${quote(directory)}`, {kind: 'act'}).ended({state: 'done', seconds: 0});
  world.chdir(directory);
}

interface Running {
  readonly runner: Runner;
  readonly echo: Echo;
  readonly interrupt: Interrupt;
  /** Undefined without a screen. */
  readonly say: Context['say'] | undefined;
}

function contextOf(
  world: World,
  service: TaskSource,
  core: Core,
  {rest}: Call,
  {runner, echo, interrupt, say: sayOnScreen}: Running,
): Context {
  const note = (text: string): void => echo.note(text.replaceAll('\n', '\n# '));
  const say = (text: string): void => (core.json ? world.stderr : world.stdout)(`${text}\n`);
  const shown = core.json ? undefined : sayOnScreen;
  return {
    run: runner,
    cwd: service.directory,
    env: world.env,
    rest,
    // A dry run's standard output is the script and nothing else.
    say: core.dryRun ? note : (shown ?? say),
    note,
    signal: interrupt.signal,
  };
}

// What tasks do with a service's declaration. Loads it, and what reads it, only where a service has one.
// entrypoint/config, which services import, is beside this.
import type {Context} from '../../task.ts';
import type {CheckTarget} from './check.ts';
import {declarationFile} from './file.ts';
import type {DeclaredNames} from './required.ts';
import type {ConfigOptions, ConfigResult} from './show.ts';

export type {CheckTarget} from './check.ts';
export type {Difference} from './diff.ts';
export type {Format} from './formats/index.ts';
export type {DeclaredNames} from './required.ts';
export type {ConfigOptions, ConfigResult} from './show.ts';
export type {Row} from './table.ts';

/**
 * Shows, validates, writes, compares or explains the variables that the service in the context's directory declares.
 * @throws Problem `no_declaration`, `bad_declaration`; `deploy_lacks_configuration` with `check`; `usage` for options that
 * exclude each other
 * @example
 * const {text, problems} = await showConfiguration(context, {environment: 'prod'});
 * context.say(text);
 */
export async function showConfiguration(context: Context, options: ConfigOptions = {}): Promise<ConfigResult> {
  return (await import('./show.ts')).show(context, options);
}

/**
 * Validates the variables of the context, if pyproject.toml declares some. A Node service validates its own.
 * @param name the task that needs them
 * @throws Problem `bad_configuration` (exit code 3) with every problem, `bad_declaration`
 * @example
 * await requireConfiguration(context, 'run');
 */
export async function requireConfiguration(context: Context, name: string): Promise<void> {
  if (declarationFile(context.cwd)?.kind === 'toml') await (await import('./run.ts')).requireValidHere(context, name);
}

/** How to check before a deploy. */
export interface CheckConfigurationOptions {
  /** The image is not that of the source here, and can need other variables: problems are notes. Default false. */
  readonly isOtherSource?: boolean;
  /** Also note the paths of hosts that are mounted for configuration or logs. Default false. */
  readonly isPlan?: boolean;
}

/**
 * Validates what a deploy would pass to the service and its tasks, if the service declares its variables.
 * @throws Problem `deploy_lacks_configuration` with every problem, `bad_declaration`
 * @example
 * await checkConfiguration(context, await readTarget(context, 'prod'));
 */
export async function checkConfiguration(
  context: Context,
  target: CheckTarget,
  {isOtherSource = false, isPlan = false}: CheckConfigurationOptions = {},
): Promise<void> {
  if (isPlan) {
    const {hostPathWarnings} = await import('./host-paths.ts');
    for (const text of hostPathWarnings(target.settings)) context.note(text);
  }
  if (declarationFile(context.cwd) === undefined) return;
  await (await import('./check.ts')).checkBeforeDeploy(context, target, isOtherSource);
}

/**
 * The names of the variables that the service in the context's directory declares; undefined without a declaration.
 * @throws Problem `bad_declaration`
 * @example
 * const {required = []} = (await declaredVariables(context)) ?? {};
 */
export async function declaredVariables(context: Pick<Context, 'cwd'>): Promise<DeclaredNames | undefined> {
  if (declarationFile(context.cwd) === undefined) return undefined;
  return (await import('./required.ts')).declaredNames(context);
}

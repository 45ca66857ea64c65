import {usageProblem} from '../../errors.ts';
import {environmentOf, readService, readServiceName} from '../../service/service.ts';
import type {Context} from '../../task.ts';
import {type Checked, checkDeploy, entriesHere, requireValid} from './check.ts';
import {type Difference, differences, differencesText, type Side} from './diff.ts';
import {explanation, placesOf} from './explain.ts';
import {requireDeclaration} from './find.ts';
import {type Format, formatted} from './formats/index.ts';
import type {Declaration} from './model/declaration.ts';
import {passedBy} from './passed.ts';
import {type Row, rowOf, tableText} from './table.ts';

/** What to show of a service's variables; at most one of `check`, `format`, `diff` and `explain`. */
export interface ConfigOptions {
  /** An environment; with `diff`, the second one. Default: the variables of the context. */
  readonly environment?: string | undefined;
  /** Fail if a deploy to this environment would not start. */
  readonly check?: string | undefined;
  readonly format?: Format | undefined;
  readonly diff?: string | undefined;
  /** The name of a variable. */
  readonly explain?: string | undefined;
}

/** What was shown: rows of the table, differences, or the text of a format. */
export interface ConfigResult {
  readonly text: string;
  readonly variables?: readonly Row[];
  readonly problems?: readonly string[];
  readonly notes?: readonly string[];
  readonly differences?: readonly Difference[];
}

/** Shows a service's variables: docs/config.md. */
export async function show(context: Context, options: ConfigOptions): Promise<ConfigResult> {
  const {environment, check, format, diff, explain} = options;
  requireOne(options);
  const declaration = await requireDeclaration(context);
  if (format !== undefined) return {text: formatted(declaration, format, await readServiceName(context))};
  if (explain !== undefined) return explainOne(context, declaration, explain);
  if (diff !== undefined && environment !== undefined) return compare(context, declaration, diff, environment);
  const name = check ?? environment;
  if (name === undefined) return result(declaration, entriesHere(declaration, context.env), 'in this shell');
  const service = await readService(context);
  const target = {service, environment: name, settings: environmentOf(service, name)};
  const checked = checkDeploy(context, declaration, target);
  if (check === undefined) return result(declaration, checked, `in ${name}`);
  for (const note of [...checked.notes, ...checked.unvalidated]) context.note(note);
  requireValid(checked, target);
  return {
    ...result(declaration, checked, `in ${name}`),
    text: `${service.name} in ${name}: all ${checked.entries.length} variables are valid`,
  };
}

function requireOne({environment, check, format, diff, explain}: ConfigOptions): void {
  const others = [check, format, explain].filter((one) => one !== undefined);
  if (others.length + (diff === undefined ? 0 : 1) > 1)
    throw usageProblem('--check, --format, --diff and --explain exclude each other', 'pass only one of them');
  if (diff !== undefined && environment === undefined)
    throw usageProblem('--diff needs two environments', `for example entrypoint config --diff ${diff} prod`);
  if (environment !== undefined && others.length > 0)
    throw usageProblem(`${environment} is one word too many`, 'leave it out');
}

function result(declaration: Declaration, checked: Checked, where: string): ConfigResult {
  const {entries, problems} = checked;
  const notes = [...checked.notes, ...checked.unvalidated];
  return {text: tableText(declaration, entries, where, notes), variables: entries.map(rowOf), problems, notes};
}

async function compare(context: Context, declaration: Declaration, a: string, b: string): Promise<ConfigResult> {
  const service = await readService(context);
  const side = (name: string): Side => ({name, passed: passedBy(context, environmentOf(service, name))});
  const found = differences(declaration, [side(a), side(b)]);
  return {text: differencesText(found, [a, b]), differences: found};
}

async function explainOne(context: Context, declaration: Declaration, name: string): Promise<ConfigResult> {
  const service = await readService(context);
  const settings = Object.entries(service.deployFile.environments).map(([environment, its]) => ({
    environment,
    entry: checkDeploy(context, declaration, {service, environment, settings: its}).entries.find(
      ({field}) => field.name === name,
    ),
  }));
  const here = entriesHere(declaration, context.env).entries.find(({field}) => field.name === name);
  return {text: explanation(declaration, name, here, settings, placesOf(context.cwd, name))};
}

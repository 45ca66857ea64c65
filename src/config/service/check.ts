import {exitCode, problem} from '../../errors.ts';
import type {Environment as Settings} from '../../service/schema/schema.ts';
import type {Service} from '../../service/service.ts';
import type {Context} from '../../task.ts';
import {type Declared, type Entry, evaluate} from '../declaration/evaluate.ts';
import {faultText} from '../declaration/messages.ts';
import {faultsOf, warningsOf} from '../declaration/report.ts';
import type {Environment} from '../declaration/source.ts';
import {readDeclaration} from './find.ts';
import type {Declaration} from './model/declaration.ts';
import {type Passed, passedBy} from './passed.ts';

/** A service and one of its environments. */
export interface CheckTarget {
  readonly service: Pick<Service, 'name' | 'placeOf'>;
  readonly environment: string;
  readonly settings: Settings;
}

/** What a deploy would give the service. */
export interface Checked {
  readonly entries: readonly CheckedEntry[];
  /** One line each. */
  readonly problems: readonly string[];
  /** One line for each name that is probably misspelt. */
  readonly notes: readonly string[];
  /** One line for each variable whose value is not known on this machine. */
  readonly unvalidated: readonly string[];
}

/** A declared variable in an environment. */
export interface CheckedEntry extends Entry {
  /** Where it is set: `secrets`, `environment`, ...; undefined: nowhere. */
  readonly source: string | undefined;
  /** Why its value is not known here. */
  readonly unknown: string | undefined;
}

/** Validates what a deploy to an environment would pass to its service and its tasks. */
export function checkDeploy(
  context: Pick<Context, 'cwd' | 'env'>,
  declaration: Declaration,
  target: CheckTarget,
): Checked {
  const {names} = declaration;
  const passed = passedBy(context, target.settings);
  const tasks: ReadonlySet<string> = new Set(['run', ...target.settings.before, ...target.settings.after]);
  const isNeeded = ({tasks: its}: Declared): boolean => its === undefined || its.some((one) => tasks.has(one));
  const entries = declaration.fields.filter(isNeeded).map((field) => entryOf(field, names, passed));
  const set = Object.fromEntries([...passed.sources.keys()].map((name) => [name, 'set']));
  return {
    entries,
    problems: faultsOf(entries).map(faultText),
    notes: warningsOf(
      entries.filter(({source}) => source === undefined),
      names,
      set,
    ),
    // What the build sets is right whenever there is an image.
    unvalidated: entries.flatMap(({field: {name}, unknown, source}) =>
      unknown === undefined || source === 'the build' ? [] : [`${name} is not validated here: ${unknown}`],
    ),
  };
}

function entryOf(field: Declared, names: ReadonlySet<string>, {env, unknown, sources, open}: Passed): CheckedEntry {
  const {name} = field;
  const file = names.has(`${name}_FILE`) ? undefined : `${name}_FILE`;
  const byFile = file !== undefined && sources.has(file);
  const isSet = sources.has(name);
  const source = sources.get(name) ?? (byFile ? sources.get(file) : undefined);
  const nowhere = {field, origin: {from: 'nowhere'}, value: undefined} as const;
  if (byFile && isSet && env[name] !== '')
    return {...nowhere, source, unknown: undefined, fault: {field, kind: 'conflict', variable: name}};
  const why = byFile ? 'a file of the container has it' : unknown.get(name);
  if (why !== undefined) return {...nowhere, source, unknown: why};
  const [entry = {...nowhere}] = evaluate([field], names, env);
  const isOpen = open && entry.fault?.kind === 'unset';
  if (isOpen) return {...nowhere, source: 'docker_options', unknown: '--env-file on the hosts can set it'};
  return {...entry, source, unknown: undefined};
}

/**
 * Refuses to deploy what would not start.
 * @throws Problem `deploy_lacks_configuration` (exit code 65) with every problem at once
 */
export function requireValid({problems}: Pick<Checked, 'problems'>, {service, environment}: CheckTarget): void {
  if (problems.length === 0) return;
  const place = service.placeOf?.(['environments', environment]) ?? 'deploy.yaml';
  throw problem({
    code: 'deploy_lacks_configuration',
    what: `${service.name} would not start in ${environment}: ${problems.length === 1 ? '1 variable is' : `${problems.length} variables are`} not valid; nothing has changed`,
    details: problems,
    fix: `set them under \`environment\` and \`secrets\` (${place}); entrypoint config ${environment} shows all of them`,
    exitCode: exitCode.badData,
  });
}

/**
 * What a deploy does before anything else: it refuses a service that would not start. An image from another source can need
 * other variables than the declaration here says: then problems are only noted.
 * @throws Problem `deploy_lacks_configuration`, `bad_declaration` (exit code 65)
 */
export async function checkBeforeDeploy(
  context: Pick<Context, 'cwd' | 'env' | 'note'>,
  target: CheckTarget,
  isOtherSource: boolean,
): Promise<void> {
  const declaration = await readDeclaration(context);
  if (declaration === undefined) return;
  const checked = checkDeploy(context, declaration, target);
  for (const text of checked.notes) context.note(text);
  if (!isOtherSource) requireValid(checked, target);
  else for (const text of checked.problems) context.note(`the source here would not start: ${text}`);
}

/** What the fields have in an environment of this machine. */
export function entriesHere({fields, names}: Declaration, env: Environment): Checked {
  const entries = evaluate(fields, names, env).map((entry): CheckedEntry =>
    Object.assign(entry, {source: undefined, unknown: undefined}),
  );
  return {entries, problems: faultsOf(entries).map(faultText), notes: warningsOf(entries, names, env), unvalidated: []};
}

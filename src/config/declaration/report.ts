import type {Declared, Entry, Fault} from './evaluate.ts';
import {misspeltNames, misspeltText} from './misspelt.ts';
import type {Environment} from './source.ts';

/** The fields that a task needs; without a task, all. */
export function neededBy(fields: readonly Declared[], task: string | undefined): readonly Declared[] {
  return task === undefined ? fields : fields.filter(({tasks}) => tasks === undefined || tasks.includes(task));
}

/** What has no valid value. */
export const faultsOf = (entries: readonly Entry[]): readonly Fault[] =>
  entries.flatMap(({fault}) => (fault === undefined ? [] : [fault]));

/** One line for each variable that is set and probably misspelt. */
export function warningsOf(entries: readonly Entry[], names: ReadonlySet<string>, env: Environment): readonly string[] {
  const unset = entries.filter(({origin: {from}, fault}) =>
    fault === undefined ? from === 'default' || from === 'nowhere' : fault.kind === 'unset',
  );
  const files = [...names].map((name) => `${name}_FILE`);
  return misspeltNames(
    unset.map(({field: {name}}) => name),
    new Set([...names, ...files]),
    env,
  ).map(misspeltText);
}

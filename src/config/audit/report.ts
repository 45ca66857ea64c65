import {table} from '../../text/table.ts';
import type {Audit} from './audit.ts';
import type {KeyClass} from './model/types.ts';
import type {AuditReport} from './results.ts';

/** The classes in the order of the report, each with what to do about its keys. */
const sections: readonly (readonly [KeyClass, string])[] = [
  ['varies', 'an environment variable'],
  ['secret', 'a secret, by name in deploy.yaml; its value is never printed'],
  ['missing somewhere', 'an environment variable without a default, or a forgotten line'],
  ['ambiguous', 'to be decided: both readings are given'],
  ['derived', 'computed in code, from what varies'],
  ['not for a container', 'remove it: the image and the engine decide'],
  ['dead', 'remove it'],
  ['constant', 'a default in code'],
];
const configurationClasses: ReadonlySet<KeyClass> = new Set(['varies', 'secret', 'missing somewhere']);

/** The result of an audit without the values. */
export function auditReport({keys, configuration}: Audit): AuditReport {
  return {
    configuration: keys.filter((key) => configurationClasses.has(key.class)).length,
    total: keys.length,
    environments: configuration.environments,
    keys: keys.map(({key, class: found, file, line, why, notes}) => ({key, class: found, file, line, why, notes})),
  };
}

/** The report as text: the headline, the environments, and the keys of each class with file and line. */
export function auditText(audit: Audit): string {
  const report = auditReport(audit);
  const {filesOf} = audit.configuration;
  return [
    headline(report),
    '',
    ...table(
      report.environments.map((name) => [`${name}:`, (filesOf.get(name) ?? []).join(', ')]),
      {gap: 1},
    ),
    ...sections.flatMap(([name, advice]) => section(report, name, advice)),
    ...(audit.notes.length === 0
      ? []
      : ['', 'not read:', ...audit.notes.map(({file, line, text}) => `  ${file}:${line} ${text}`)]),
  ].join('\n');
}

function headline({configuration, total, environments, keys}: AuditReport): string {
  const count = (name: KeyClass): number => keys.filter((key) => key.class === name).length;
  if (environments.length > 1) return `${configuration} of ${total} keys are configuration`;
  return [
    `of ${total} keys, ${count('secret')} are secrets and ${count('not for a container')} are not for a container`,
    `one environment does not show which of the other ${count('ambiguous')} are configuration: add the files of another one`,
  ].join('\n');
}

function section({keys}: AuditReport, name: KeyClass, advice: string): readonly string[] {
  const found = keys.filter((key) => key.class === name);
  if (found.length === 0) return [];
  const rows = found.map(({key, file, line, why, notes}) => [key, `${file}:${line}`, [why, ...notes].join('; ')]);
  return ['', `${name} (${found.length}): ${advice}`, ...table(rows, {indent: 2, gap: 2})];
}

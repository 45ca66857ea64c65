import {table} from '../../text/table.ts';
import type {Declared, Entry} from '../declaration/evaluate.ts';
import {formOf} from '../declaration/form.ts';
import {faultText, usersOf} from '../declaration/messages.ts';
import {defaultText, isRequired} from './model/about.ts';
import type {Declaration} from './model/declaration.ts';

/** A row of the table: what the service needs, and what it has. */
export interface Row {
  readonly name: string;
  /** `a whole number from 1 to 100` */
  readonly expected: string;
  readonly required: boolean;
  readonly secret: boolean;
  /** Undefined: every task. */
  readonly tasks: readonly string[] | undefined;
  /** `environment`, `file /run/secrets/x`, `default`, `secrets`, ...; undefined: it has no value. */
  readonly origin: string | undefined;
  /** The value, of a harmless variable alone. */
  readonly value: string | undefined;
  readonly problem: string | undefined;
}

/** What is known about a variable besides its entry. */
export interface Known extends Entry {
  /** Where a deploy sets it. */
  readonly source?: string | undefined;
  readonly unknown?: string | undefined;
}

/** An entry as data, without a value that is not declared harmless. */
export function rowOf({field, origin, value, fault, source}: Known): Row {
  return {
    name: field.name,
    expected: formOf(field),
    required: isRequired(field),
    secret: field.isSecret,
    tasks: field.tasks,
    origin: source ?? originText(origin),
    value: shownValue(field, origin, value),
    problem: fault === undefined ? undefined : faultText(fault),
  };
}

function originText(origin: Entry['origin']): string | undefined {
  if (origin.from === 'file') return `file ${origin.path}`;
  return origin.from === 'nowhere' ? undefined : origin.from;
}

function shownValue(field: Declared, {from}: Entry['origin'], value: unknown): string | undefined {
  if (field.isSecret || value === undefined) return undefined;
  // A default is in the source.
  if (from === 'default') return defaultText(field);
  if (field.harmless !== true) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The table: a headline, a row for each variable, and what is wrong. */
export function tableText(
  {file}: Declaration,
  entries: readonly Known[],
  where: string,
  notes: readonly string[],
): string {
  const rows = entries.map(rowOf);
  const wrong = rows.filter(({problem}) => problem !== undefined);
  const lines = table(
    [
      ['variable', 'has', 'expected', 'used by'],
      ...rows.map((row, at) => {
        const field = entries[at]?.field;
        return [
          row.name,
          hasText(row),
          `${row.expected}${row.secret ? '; secret' : ''}`,
          field === undefined ? '' : usersOf(field),
        ];
      }),
    ],
    {gap: 2},
  );
  const state = wrong.length === 0 ? 'all are valid' : `${wrong.length} ${wrong.length === 1 ? 'is' : 'are'} not valid`;
  return [
    `${rows.length} variables, declared in ${file}; ${where}, ${state}`,
    '',
    ...lines,
    ...(wrong.length === 0 ? [] : ['', ...wrong.map(({problem}) => problem ?? '')]),
    ...(notes.length === 0 ? [] : ['', ...notes]),
  ].join('\n');
}

function hasText({origin, value, problem, required}: Row): string {
  if (problem !== undefined) return origin === undefined ? 'MISSING' : `INVALID (${origin})`;
  if (origin === undefined) return required ? 'MISSING' : '-';
  return value === undefined || value.length > 40 || [...value].some((one) => one < ' ')
    ? origin
    : `${value} (${origin})`;
}

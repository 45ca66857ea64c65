import {globSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {usageProblem} from '../../errors.ts';
import {nearest} from '../../text/nearest.ts';
import {table} from '../../text/table.ts';
import {faultText, usersOf} from '../declaration/messages.ts';
import {defaultText, formText, isRequired} from './model/about.ts';
import type {Declaration} from './model/declaration.ts';
import {type Known, rowOf} from './table.ts';

/** Where a variable is named, in the service's own source. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

const sources = '**/*.{ts,mts,cts,js,mjs,cjs,tsx,jsx,py,toml,yaml,yml,sh}';
const skipped = new Set(['node_modules', '.git', '.venv', 'dist', 'build', '__pycache__', 'coverage']);
const mostBytes = 1024 * 1024;

/** The lines of a service's source that name a variable. Python code can name it in lower case. */
export function placesOf(directory: string, name: string): readonly Place[] {
  const files = globSync(sources, {cwd: directory, exclude: (path) => skipped.has(path.split('/').at(-1) ?? '')});
  return files.toSorted().flatMap((file) => {
    const path = join(directory, file);
    const stat = statSync(path, {throwIfNoEntry: false});
    if (stat?.isFile() !== true || stat.size > mostBytes) return [];
    const pattern = new RegExp(
      `(?<![A-Za-z0-9_])(?:${name}|${name}_FILE${file.endsWith('.py') ? `|${name.toLowerCase()}` : ''})(?![A-Za-z0-9_])`,
    );
    return readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((text, index) => (pattern.test(text) ? [{file, line: index + 1}] : []));
  });
}

/** A variable in an environment of deploy.yaml. */
export interface Setting {
  readonly environment: string;
  readonly entry: Known | undefined;
}

/**
 * Everything about one variable.
 * @throws Problem `usage` (exit code 64) for a name that is not declared
 */
export function explanation(
  {fields, file}: Declaration,
  name: string,
  here: Known | undefined,
  settings: readonly Setting[],
  places: readonly Place[],
): string {
  const field = fields.find((one) => one.name === name);
  if (field === undefined) {
    const near = nearest(
      name,
      fields.map((one) => one.name),
    );
    throw usageProblem(
      `${name} is not declared in ${file}`,
      near === undefined ? 'entrypoint config lists all variables' : `did you mean ${near}?`,
    );
  }
  const usual = defaultText(field);
  return [
    `${name}${field.description === undefined ? '' : `: ${field.description}`}`,
    '',
    ...table(
      [
        ['declared in', file],
        ['expected', formText(field)],
        ...(field.example === undefined ? [] : [['example', field.example]]),
        ['default', usual ?? (isRequired(field) ? 'none: it is required' : 'none: it is optional')],
        ['used by', usersOf(field)],
        ['here', has(here)],
        ...settings.map(({environment, entry}) => [environment, has(entry)]),
        ...places.map((place, at) => [at === 0 ? 'named in' : '', `${place.file}:${place.line}`]),
      ],
      {gap: 2},
    ),
  ].join('\n');
}

function has(entry: Known | undefined): string {
  if (entry === undefined) return 'not needed';
  if (entry.fault !== undefined) return faultText(entry.fault);
  const {origin = 'not set', value} = rowOf(entry);
  const text = value === undefined ? origin : `${value} (${origin})`;
  return entry.unknown === undefined ? text : `${text}; not validated here: ${entry.unknown}`;
}

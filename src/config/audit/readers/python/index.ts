import type {Json, Part, Reading, ReadText, Setting} from '../../model/types.ts';
import {commonPart, isCommonName} from '../tree.ts';
import {loadModule, type Loaded} from './module.ts';
import type {Entry, Names, Value} from './values.ts';

/**
 * Reads a Python settings module without running it: literals, names, arithmetic, changes of lists and dicts, what
 * `from .base import *` brings. Where only running it would show the value, its source text stands for it.
 */
export function readPython(file: string, text: string, readText: ReadText): Reading {
  const loaded = loadModule(file, text, readText);
  const {imports, notes, problems} = loaded;
  const parts = problems.length > 0 ? [] : [...classParts(loaded), {settings: settingsOf(loaded.names)}];
  return {format: 'python', parts: parts.filter(({settings}) => settings.length > 0), problems, notes, imports};
}

function settingsOf(names: Names): readonly Setting[] {
  const hasCapitals = [...names.keys()].some((name) => /^[A-Z]/.test(name) && name === name.toUpperCase());
  return [...names].flatMap(([name, entry]) =>
    name.startsWith('_') || (hasCapitals && name !== name.toUpperCase()) || isModule(entry)
      ? []
      : flattened([name], entry),
  );
}

// `env = environ.Env()`: an object of the code, not a setting.
function isModule({value}: Entry): boolean {
  return (
    value.kind === 'code' &&
    /^[\w.]*\b(Env|Config|Path|getLogger)\(/.test(value.text) &&
    value.references.length === 0 &&
    !value.text.includes('__file__')
  );
}

function flattened(path: readonly string[], entry: Entry): readonly Setting[] {
  const {value, file, line, readings} = entry;
  if (value.kind === 'map' && value.entries.size > 0)
    return [...value.entries].flatMap(([key, inner]) => flattened([...path, key], inner));
  const json = jsonOf(value);
  const known = {
    path,
    file,
    line,
    references: referencesOf(value),
    readings: readings ?? (value.kind === 'code' ? value.readings : undefined),
  };
  if (json !== undefined) return [{...known, value: json}];
  return [
    {
      ...known,
      value: undefined,
      expression: codeOf(value),
      variable: value.kind === 'code' ? value.variable : undefined,
    },
  ];
}

function jsonOf(value: Value): Json | undefined {
  if (value.kind === 'literal') return value.value;
  if (value.kind === 'code') return undefined;
  if (value.kind === 'map') {
    const entries = [...value.entries].map(([key, entry]) => [key, jsonOf(entry.value)] as const);
    return entries.some(([, item]) => item === undefined) ? undefined : (Object.fromEntries(entries) as Json);
  }
  const items = value.items.map(jsonOf);
  return items.some((item) => item === undefined) ? undefined : (items as Json[]);
}

function referencesOf(value: Value): readonly string[] {
  if (value.kind === 'literal' || value.kind === 'code') return value.references;
  const inner = value.kind === 'list' ? value.items : [...value.entries.values()].map((entry) => entry.value);
  return inner.flatMap(referencesOf);
}

function codeOf(value: Value): string {
  if (value.kind === 'code') return value.text;
  if (value.kind === 'literal') return JSON.stringify(value.value);
  if (value.kind === 'list') return `[${value.items.map(codeOf).join(', ')}]`;
  return `{${[...value.entries].map(([key, entry]) => `${JSON.stringify(key)}: ${codeOf(entry.value)}`).join(', ')}}`;
}

/** `class ProductionConfig(Config)`: classes that others derive from apply to all, the others are environments. */
function classParts({classes}: Loaded): readonly Part[] {
  const bases = new Set([...classes.values()].flatMap((one) => one.bases));
  const settingClasses = [...classes].filter(([name]) => /(Config|Configuration|Settings)$/.test(name));
  if (settingClasses.length < 2) return [];
  return settingClasses.flatMap(([name, {names}]) => {
    const environment = name.replace(/(Config|Configuration|Settings)$/, '').toLowerCase();
    const isBase = bases.has(name) || environment === '' || isCommonName(environment);
    return [{environment: isBase ? commonPart : environment, settings: settingsOf(names)}];
  });
}

import {compareTexts} from '../../../text/compare.ts';
import type {Json, Key, Setting} from '../model/types.ts';

/** A value as a text that is equal for equal values. Never printed. */
export function identity({value, expression, variable}: Setting): string {
  if (value !== undefined) return `value ${canonical(value)}`;
  return variable !== undefined && expression === undefined
    ? `variable ${variable}`
    : `code ${(expression ?? '').replaceAll(/\s+/g, ' ')}`;
}

function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value as Record<string, Json>).toSorted(([a], [b]) => compareTexts(a, b));
  return `{${entries.map(([name, item]) => `${JSON.stringify(name)}:${canonical(item)}`).join()}}`;
}

const switches: Readonly<Record<string, string>> = {
  true: 'true',
  yes: 'true',
  on: 'true',
  false: 'false',
  no: 'false',
  off: 'false',
};

/** The same for two spellings of one value: `true` and `yes`, `30` and `30.0`, text and number. */
export function spelling({value}: Setting): string | undefined {
  if (value === undefined || (typeof value === 'object' && value !== null)) return undefined;
  const text = String(value).trim().toLowerCase();
  const number = /^[+-]?\d+(\.\d+)?$/.test(text) ? String(Number(text)) : undefined;
  return number ?? switches[text] ?? text;
}

/** How many different values a key has. */
export function distinct(key: Key): number {
  return new Set([...key.settings.values()].map(identity)).size;
}

/** The value as text, with `${other}` and `%(other)s` replaced by the values that they name in the same environment. */
export function effectiveText(
  key: Key,
  environment: string,
  find: (name: string) => Key | undefined,
  depth = 0,
): string | undefined {
  const setting = key.settings.get(environment);
  if (setting?.value === undefined || (typeof setting.value === 'object' && setting.value !== null)) return undefined;
  const text = String(setting.value);
  if (setting.references === undefined || depth > 8 || key.format === 'python') return text;
  return text.replaceAll(
    /\$\{([^}:\s]{1,200})(?::[^}]{0,500})?\}|%\(([^)\s]{1,200})\)s/g,
    (all, braced: string | undefined, percent: string | undefined) => {
      const other = find(braced ?? percent ?? '');
      return other === undefined || other === key ? all : (effectiveText(other, environment, find, depth + 1) ?? all);
    },
  );
}

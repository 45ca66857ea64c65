import type {Json, Key} from '../model/types.ts';
import {wordsOf} from '../model/words.ts';

/** The types that a declared variable can have. */
export type ValueType =
  | 'text'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'duration'
  | 'size'
  | 'URL'
  | 'port'
  | 'list'
  | 'JSON'
  | 'base64'
  | 'certificate/key';

const levels = /^(trace|debug|info|information|warn|warning|error|fatal|critical|notice)$/i;

function text(form: RegExp): (value: Json) => boolean {
  return (value) => typeof value === 'string' && form.test(value);
}

/** The narrowest type that every value of a key has; a log level is an enum with the usual levels. */
export function valueType(key: Key): {readonly type: ValueType | 'enum'; readonly choices?: readonly string[]} {
  const values = [...key.settings.values()].flatMap(({value}) =>
    value === undefined || value === null || value === '' ? [] : [value],
  );
  if (values.length === 0) return {type: 'text'};
  const every = (test: (value: Json) => boolean): boolean => values.every(test);
  if (every((value) => Array.isArray(value) && value.every((item) => typeof item === 'string'))) return {type: 'list'};
  if (every((value) => typeof value === 'object')) return {type: 'JSON'};
  if (every((value) => typeof value === 'boolean' || text(/^(true|false|yes|no|on|off)$/i)(value)))
    return {type: 'boolean'};
  const isInteger = every((value) => Number.isInteger(value) || text(/^-?(0|[1-9]\d*)$/)(value));
  if (isInteger && wordsOf(key.path.at(-1) ?? '').at(-1) === 'port') return {type: 'port'};
  if (isInteger) return {type: 'integer'};
  if (every((value) => typeof value === 'number' || text(/^-?\d+(\.\d+)?$/)(value))) return {type: 'number'};
  if (every(text(/-----BEGIN/))) return {type: 'certificate/key'};
  if (every(text(/^\d+(\.\d+)?\s?(ms|s|m|h|d)$/))) return {type: 'duration'};
  if (every(text(/^\d+(\.\d+)?\s?([KMGT]i?)?B$/i))) return {type: 'size'};
  if (every(text(/^[a-z][\w+.-]*:\/\/\S+$/i))) return {type: 'URL'};
  if (every(text(levels))) return {type: 'enum', choices: [...new Set(values.map(String))]};
  if (every(text(/^(base64:)?[A-Za-z0-9+/]{20,}={1,2}$/))) return {type: 'base64'};
  return {type: 'text'};
}

import type {Declared} from './evaluate.ts';
import type {SchemaField, TypedField} from './fields.ts';
import {parseText} from './parse.ts';
import {isStandardSchema} from './standard-schema.ts';

const common = ['type', 'description', 'example', 'secret', 'harmless', 'optional', 'tasks', 'default'];
const own: Readonly<Record<string, readonly string[]>> = {
  text: ['minLength'],
  integer: ['min', 'max'],
  number: ['min', 'max'],
  boolean: [],
  duration: ['min', 'max'],
  size: ['min', 'max'],
  URL: ['schemes'],
  port: [],
  list: ['separator'],
  enum: ['choices'],
  JSON: [],
  base64: [],
  certificate: [],
  key: [],
};

/** The names of the types. */
export const typeNames: readonly string[] = Object.keys(own);

/** Fields in their full form, and what is wrong with the declaration. */
export interface DeclaredFields {
  readonly fields: readonly Declared[];
  readonly errors: readonly string[];
}

/** Checks a declaration, which can come from JavaScript or a TOML file. */
export function declaredFields(given: Readonly<Record<string, unknown>>): DeclaredFields {
  const errors: string[] = [];
  const fields = Object.entries(given).flatMap(([name, raw]) => {
    const field = isStandardSchema(raw) ? {schema: raw} : raw;
    const wrong = wrongField(name, field);
    errors.push(...wrong.map((text) => `${name}: ${text}`));
    return wrong.length > 0 ? [] : [fullField(name, field as TypedField | SchemaField)];
  });
  return {fields, errors};
}

function fullField(name: string, field: TypedField | SchemaField): Declared {
  return {...field, name, isSecret: field.secret ?? field.type === 'key'};
}

function wrongField(name: string, raw: unknown): string[] {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return ['a name has letters, digits and underscores'];
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return ['a field is an object with a type'];
  const field = raw as Readonly<Record<string, unknown>>;
  const {type, schema} = field;
  if (schema !== undefined && type === undefined) return wrongSchemaField(field);
  const keys = typeof type === 'string' && Object.hasOwn(own, type) ? own[type] : undefined;
  if (keys === undefined) return [`type must be one of ${typeNames.join(', ')}`];
  const wrong = [...unknownKeys(field, [...common, ...keys]), ...wrongAbout(field), ...wrongRules(field)];
  return wrong.length > 0 ? wrong : wrongDefault(field);
}

function wrongSchemaField(field: Readonly<Record<string, unknown>>): string[] {
  return [
    ...(isStandardSchema(field['schema']) ? [] : ['schema must implement Standard Schema (zod, valibot, arktype)']),
    ...unknownKeys(field, [...common, 'schema', 'expected']),
    ...wrongAbout(field),
    ...(field['secret'] === true && field['default'] !== undefined ? [secretDefault] : []),
  ];
}

const secretDefault = 'a secret has no default: it would be in the source';

const unknownKeys = (field: object, known: readonly string[]): string[] =>
  Object.keys(field)
    .filter((key) => !known.includes(key))
    .map((key) => `unknown key ${key} (there are: ${known.join(', ')})`);

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string' && one !== '');

function wrongAbout(field: Readonly<Record<string, unknown>>): string[] {
  const flags = ['secret', 'harmless', 'optional'].filter(
    (key) => !['boolean', 'undefined'].includes(typeof field[key]),
  );
  const texts = ['description', 'example', 'expected'].filter((key) => !isLine(field[key]));
  const isSecret = field['secret'] ?? field['type'] === 'key';
  return [
    ...flags.map((key) => `${key} must be true or false`),
    ...texts.map((key) => `${key} must be one line of text`),
    ...(field['tasks'] === undefined || isTexts(field['tasks']) ? [] : ['tasks must be a list of task names']),
    ...(isSecret === true && field['harmless'] === true ? ['a secret is not harmless'] : []),
  ];
}

const isLine = (value: unknown): boolean =>
  value === undefined || (typeof value === 'string' && ![...value].some((one) => one < ' '));

function wrongRules(field: Readonly<Record<string, unknown>>): string[] {
  const {type, choices, schemes, separator, minLength, min, max} = field;
  const plain = {type, default: undefined} as unknown as TypedField;
  const bounds = [min, max].filter((one) => one !== undefined);
  const isBound = (one: unknown): boolean =>
    ['integer', 'number'].includes(String(type))
      ? typeof one === 'number' && (type === 'number' ? Number.isFinite(one) : Number.isSafeInteger(one))
      : typeof one === 'string' && 'value' in parseText(plain, one);
  return [
    ...(type === 'enum' && !isTexts(choices) ? ['choices must be a list of words'] : []),
    ...(schemes === undefined || isTexts(schemes) ? [] : ['schemes must be a list of words']),
    ...(separator === undefined || (typeof separator === 'string' && separator !== '')
      ? []
      : ['separator must be text']),
    ...(minLength === undefined || (Number.isSafeInteger(minLength) && Number(minLength) > 0)
      ? []
      : ['minLength must be a number of characters']),
    ...(bounds.every(isBound) ? [] : ['min and max must be values of the type']),
  ];
}

function wrongDefault(field: Readonly<Record<string, unknown>>): string[] {
  const {default: usual, type} = field;
  if (usual === undefined) return [];
  if ((field['secret'] ?? type === 'key') === true) return [secretDefault];
  return isValue(field, usual) ? [] : ['default must be a value of the type'];
}

function isValue(field: Readonly<Record<string, unknown>>, value: unknown): boolean {
  const typed = {...field} as unknown as TypedField;
  switch (field['type']) {
    case 'integer':
    case 'number':
    case 'port':
      return typeof value === 'number' && 'value' in parseText(typed, String(value));
    case 'boolean':
      return typeof value === 'boolean';
    case 'list':
      return Array.isArray(value) && value.every((one) => typeof one === 'string');
    case 'JSON':
      return true;
    default:
      return typeof value === 'string' && 'value' in parseText(typed, value);
  }
}

import type {SchemaField, TypedField} from './fields.ts';
import {type Parsed, parseBySchema, parseText} from './parse.ts';
import {rememberSecret, secret as makeSecret} from './secret.ts';
import {type Environment, findText, type Found, type Origin} from './source.ts';

/** A field in its full form, with what its default means. */
export type Declared = (TypedField | SchemaField) & {readonly name: string; readonly isSecret: boolean};

/** A variable that has no valid value. */
export interface Fault {
  readonly field: Declared;
  readonly kind: 'unset' | 'conflict' | 'unreadable' | 'form' | 'password';
  /** The variable at fault: `NAME` or `NAME_FILE`. */
  readonly variable: string;
  /** Why the file cannot be read. */
  readonly reason?: string | undefined;
  /** The value, of a harmless field alone. */
  readonly shown?: string | undefined;
  /** Messages of its schema, of a harmless field alone. */
  readonly issues?: readonly string[] | undefined;
}

/** What a field has. */
export interface Entry {
  readonly field: Declared;
  readonly origin: Origin;
  /** The value as the service gets it: undefined if there is none. */
  readonly value: unknown;
  readonly fault?: Fault | undefined;
}

/** Reads the fields from an environment. Never throws. */
export function evaluate(fields: readonly Declared[], names: ReadonlySet<string>, env: Environment): Entry[] {
  return fields.map((field) => {
    const {name} = field;
    const found = findText(name, env, !names.has(`${name}_FILE`));
    return 'text' in found ? withText(field, found) : without(field, found);
  });
}

function withText(field: Declared, {text, origin}: Extract<Found, {text: string}>): Entry {
  const parsed = parseText(field, text);
  if ('value' in parsed) return {field, origin, value: shield(field, parsed.value)};
  const {name} = field;
  const variable = origin.from === 'file' ? `${name}_FILE` : name;
  const isShown = field.harmless === true && !field.isSecret;
  const fault: Fault = {
    field,
    kind: parsed.invalid,
    variable,
    ...(isShown ? {shown: shortened(text), issues: parsed.issues} : {}),
  };
  return {field, origin, value: undefined, fault};
}

function without(field: Declared, found: Exclude<Found, {text: string}>): Entry {
  const {name} = field;
  const origin: Origin = {from: 'nowhere'};
  const failed = (fault: Omit<Fault, 'field'>): Entry => ({field, origin, value: undefined, fault: {field, ...fault}});
  if ('conflict' in found) return failed({kind: 'conflict', variable: name});
  if ('unreadable' in found) return failed({kind: 'unreadable', variable: `${name}_FILE`, reason: found.unreadable});
  const usual = defaultOf(field);
  if (usual !== undefined && 'value' in usual)
    return {field, origin: usual.value === undefined ? origin : {from: 'default'}, value: shield(field, usual.value)};
  return field.optional === true ? {field, origin, value: undefined} : failed({kind: 'unset', variable: name});
}

/** What a field is without its variable: its default, or what its schema makes of nothing. */
export function defaultOf(field: TypedField | SchemaField): Parsed | undefined {
  const {default: usual} = field;
  if (field.type === undefined) {
    if (usual !== undefined) return {value: usual};
    const parsed = parseBySchema(field, undefined);
    return 'value' in parsed ? parsed : undefined;
  }
  if (usual === undefined) return undefined;
  const isText = typeof usual === 'string' && field.type !== 'JSON';
  if (isText) return parseText(field, usual);
  if (field.type === 'list') return {value: Object.freeze([...(usual as readonly string[])])};
  return {value: usual};
}

function shield(field: Declared, value: unknown): unknown {
  if (!field.isSecret || value === undefined) return value;
  const shielded = makeSecret(value, field.name);
  rememberSecret(field.name, shielded);
  return shielded;
}

const mostShown = 60;

function shortened(text: string): string {
  const characters = [...text];
  return JSON.stringify(characters.length <= mostShown ? text : `${characters.slice(0, mostShown).join('')}...`);
}

import type {Declaration} from '../model/declaration.ts';
import {dotenvSchema} from './dotenv-schema.ts';
import {envFile} from './env.ts';
import {jsonSchema} from './json-schema.ts';
import {kubernetes} from './kubernetes.ts';
import {markdown} from './markdown.ts';

/** What a declaration can be written as: the names of `--format`. */
export const formats = ['env', 'markdown', 'json-schema', 'kubernetes', 'dotenv-schema'] as const;

/** A name of `--format`. */
export type Format = (typeof formats)[number];

const writers: Readonly<Record<Format, (declaration: Declaration, service: string) => string>> = {
  env: envFile,
  markdown,
  'json-schema': jsonSchema,
  kubernetes,
  'dotenv-schema': dotenvSchema,
};

/** A declaration in one of the formats, without a value of an environment: only defaults and examples. */
export const formatted = (declaration: Declaration, format: Format, service: string): string =>
  writers[format](declaration, service);

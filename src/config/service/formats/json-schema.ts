import type {Declared} from '../../declaration/evaluate.ts';
import {formOf} from '../../declaration/form.ts';
import {defaultText, isRequired} from '../model/about.ts';
import type {Declaration} from '../model/declaration.ts';

/**
 * A JSON Schema (2020-12) of the environment: variables are strings, so that rules are patterns where one can say them. A
 * secret can be `NAME_FILE` instead.
 */
export function jsonSchema({file, fields}: Declaration, service: string): string {
  const required = fields.filter(isRequired);
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `environment variables of ${service}`,
    $comment: `entrypoint config --format=json-schema, from ${file}`,
    type: 'object',
    properties: Object.fromEntries(
      fields.flatMap((field) => [
        [field.name, propertyOf(field)],
        ...(field.isSecret
          ? [[`${field.name}_FILE`, {type: 'string', description: `path of a file with ${field.name}`}]]
          : []),
      ]),
    ),
    required: required.filter(({isSecret}) => !isSecret).map(({name}) => name),
    allOf: required
      .filter(({isSecret}) => isSecret)
      .map(({name}) => ({oneOf: [{required: [name]}, {required: [`${name}_FILE`]}]})),
  };
  return JSON.stringify(schema, undefined, 2);
}

const patterns: Readonly<Record<string, string>> = {
  integer: '^[+-]?[0-9]+$',
  boolean: '^([Tt][Rr][Uu][Ee]|[Yy][Ee][Ss]|[Oo][Nn]|1|[Ff][Aa][Ll][Ss][Ee]|[Nn][Oo]|[Oo][Ff][Ff]|0)$',
  duration: '^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+$',
  size: '^[0-9]+(\\.[0-9]+)?([kKMGT]?B|[KMGT]iB)?$',
  port: '^[0-9]{1,5}$',
  base64: '^[A-Za-z0-9+/\\s]*={0,2}$',
};

function propertyOf(field: Declared): object {
  const {type, description, example, isSecret} = field;
  const usual = defaultText(field);
  return {
    type: 'string',
    description: description === undefined ? formOf(field) : `${description}: ${formOf(field)}`,
    ...(type !== undefined && type in patterns ? {pattern: patterns[type]} : {}),
    ...(type === 'enum' ? {enum: field.choices} : {}),
    ...(type === 'text' && field.minLength !== undefined ? {minLength: field.minLength} : {}),
    ...(type === 'URL' ? {format: 'uri'} : {}),
    ...(type === 'JSON' ? {contentMediaType: 'application/json'} : {}),
    ...(usual === undefined ? {} : {default: usual}),
    ...(example === undefined ? {} : {examples: [example]}),
    ...(isSecret ? {writeOnly: true} : {}),
  };
}

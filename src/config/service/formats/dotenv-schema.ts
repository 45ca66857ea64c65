import type {Declared} from '../../declaration/evaluate.ts';
import {defaultText, formText, isRequired} from '../model/about.ts';
import type {Declaration} from '../model/declaration.ts';

/** A `.env.schema` of varlock: `@env-spec`. @see https://varlock.dev/env-spec */
export function dotenvSchema({file, fields}: Declaration): string {
  return [
    `# entrypoint config --format=dotenv-schema, from ${file}\n# @defaultRequired=false @defaultSensitive=false\n# ---`,
    ...fields.map((field) => {
      const {name, description, example, isSecret} = field;
      const decorators = [
        typeOf(field),
        ...(isRequired(field) ? ['@required'] : []),
        ...(isSecret ? ['@sensitive'] : []),
        ...(example === undefined ? [] : [`@example=${JSON.stringify(example)}`]),
      ];
      return [
        `# ${description === undefined ? formText(field) : `${description}: ${formText(field)}`}`,
        `# ${decorators.join(' ')}`,
        `${name}=${valueText(defaultText(field) ?? '')}`,
      ].join('\n');
    }),
  ].join('\n\n');
}

const valueText = (text: string): string => (/^[\w.,:/@%+-]*$/.test(text) ? text : JSON.stringify(text));

/** What it has no type for is a string. */
function typeOf(field: Declared): string {
  switch (field.type) {
    case 'text':
      return field.minLength === undefined ? '@type=string' : `@type=string(minLength=${field.minLength})`;
    case 'integer':
      return `@type=number(${['isInt=true', ...bounds(field)].join(', ')})`;
    case 'number':
      return bounds(field).length === 0 ? '@type=number' : `@type=number(${bounds(field).join(', ')})`;
    case 'boolean':
    case 'port':
      return `@type=${field.type}`;
    case 'URL':
      return '@type=url';
    case 'enum':
      return `@type=enum(${field.choices.map((one) => (/^[\w-]+$/.test(one) ? one : JSON.stringify(one))).join(', ')})`;
    default:
      return '@type=string';
  }
}

const bounds = ({
  min,
  max,
}: {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}): readonly string[] => [...(min === undefined ? [] : [`min=${min}`]), ...(max === undefined ? [] : [`max=${max}`])];

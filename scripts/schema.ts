import {toJsonSchema} from '@valibot/to-json-schema';
import {deployFileSchema} from '../src/service/schema/schema.ts';

/**
 * docs/deploy.schema.json, by which editors complete and check deploy.yaml: the JSON Schema of the valibot schema that
 * reads the file. It describes the input (before transforms), and leaves out what JSON Schema cannot express, such as
 * checks across keys. Draft 7, which the YAML language server implements completely.
 */
export function schemaText(): string {
  const {$schema, ...schema} = toJsonSchema(deployFileSchema, {
    target: 'draft-07',
    typeMode: 'input',
    errorMode: 'ignore',
  });
  return `${JSON.stringify({$schema, title: 'deploy.yaml', ...withExtensions(schema)}, undefined, 2)}\n`;
}

/** Allows keys that begin with `x-` in every section, as parseYaml does. */
function withExtensions<T>(schema: T): T {
  return JSON.parse(JSON.stringify(schema), (_, value: unknown) =>
    typeof value === 'object' &&
    value !== null &&
    (value as {additionalProperties?: unknown}).additionalProperties === false
      ? {...value, patternProperties: {'^x-': {}}}
      : value,
  ) as T;
}

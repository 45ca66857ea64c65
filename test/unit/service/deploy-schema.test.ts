import assert from 'node:assert/strict';
import {test} from 'node:test';
import {schemaText} from '../../../scripts/schema.ts';

interface JsonSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
}

/** The paths of the keys without a description. */
function undescribed({properties = {}, additionalProperties}: JsonSchema, path: string): readonly string[] {
  const found = Object.entries(properties).flatMap(([name, one]) => {
    const below = undescribed(one, `${path}.${name}`);
    return one.description === undefined ? [`${path}.${name}`].concat(below) : below;
  });
  return typeof additionalProperties === 'object'
    ? found.concat(undescribed(additionalProperties, `${path}.*`))
    : found;
}

test('every key has a description, which editors show', () => {
  assert.deepEqual(undescribed(JSON.parse(schemaText()) as JsonSchema, 'deploy.yaml'), []);
});

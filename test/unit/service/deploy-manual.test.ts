import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {parse} from 'yaml';
import {schemaText} from '../../../scripts/schema.ts';
import {parseDeployFile} from '../../../src/service/deploy-file.ts';

/** The YAML examples of a page. */
function examples(page: string): string[] {
  const text = readFileSync(join(import.meta.dirname, '../../../docs', page), 'utf8');
  return [...text.matchAll(/```yaml\n([^]*?)```/g)].map(([, example = '']) => example);
}

const [shown = '', health = ''] = examples('deploy.md');
/** `load_balancer` has its own page. */
const balancers = examples('load-balancer.md');

interface JsonSchema {
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
}

/** `environments.*.log.driver`: every setting of the schema. A map of single values is one setting. */
function settings({anyOf, properties, additionalProperties}: JsonSchema, path: readonly string[] = []): string[] {
  // A path, or a map.
  if (path.join('.') === 'health')
    return ['health', ...(anyOf ?? []).flatMap((one) => settings(one, ['health as a map']))];
  if (properties !== undefined)
    return Object.entries(properties).flatMap(([name, one]) => settings(one, [...path, name]));
  if (typeof additionalProperties === 'object') return settings(additionalProperties, [...path, '*']);
  return [path.join('.')];
}

/** The same paths for the settings of an example. */
function given(value: unknown, known: readonly string[], path: readonly string[] = []): string[] {
  const text = path.join('.');
  if (known.includes(text) || typeof value !== 'object' || value === null) return [text];
  return Object.entries(value).flatMap(([name, one]) => {
    const exact = [...path, name];
    return given(
      one,
      known,
      known.some((setting) => `${setting}.`.startsWith(`${exact.join('.')}.`)) ? exact : [...path, '*'],
    );
  });
}

test('the manual of deploy.yaml shows exactly the settings of the schema', () => {
  const known = [...new Set(settings(JSON.parse(schemaText()) as JsonSchema))].filter(
    (name) => name !== 'health as a map',
  );
  assert.ok(known.includes('environments.*.log.driver'), known.join('\n'));
  const sections = balancers.map((text) => ({environments: {local: parse(text) as unknown}}));
  // tcp and command exclude all others.
  const map = {'health as a map': {...(parse(health) as {health: object}).health, tcp: true, command: ['true']}};
  assert.deepEqual(
    [...new Set([parse(shown) as unknown, map, ...sections].flatMap((file) => given(file, known)))].toSorted(),
    known.toSorted(),
  );
});

test('the examples of the manual are valid', () => {
  assert.equal(parseDeployFile(shown).service, 'buy-service');
  assert.equal(typeof parseDeployFile(health).health, 'object');
  assert.equal(balancers.length, 2);
  for (const text of balancers) parseDeployFile(`environments:\n  local:\n${text.replaceAll(/^/gm, '    ')}`);
});

test('the defaults in the manual are those of the schema', () => {
  const defaults = parseDeployFile('environments: {local: {}}\nbacking_services: {postgres: {image: i, ready: [r]}}');
  const {
    environments: {local, prod},
    backing_services: {postgres},
  } = parseDeployFile(shown);
  assert.equal(defaults.port, 3000);
  assert.equal(defaults.health, '/readyz');
  for (const name of [
    'replicas',
    'load_balancer',
    'ready_timeout_seconds',
    'drain_timeout_seconds',
    'stop_timeout_seconds',
    'hosts',
    'keep_releases',
  ] as const) {
    assert.deepEqual(local?.[name], defaults.environments['local']?.[name]);
  }
  for (const name of ['batch', 'parallel'] as const)
    assert.deepEqual(prod?.[name], defaults.environments['local']?.[name]);
  assert.equal(postgres?.ready_timeout_seconds, defaults.backing_services['postgres']?.ready_timeout_seconds);
});

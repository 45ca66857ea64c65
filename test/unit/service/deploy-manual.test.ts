import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {parse} from 'yaml';
import {parseDeployFile} from '../../../src/service/deploy-file.ts';
import {deployFileSchema} from '../../../src/service/schema.ts';

/** The YAML that a page shows. */
function examples(page: string): string[] {
  const text = readFileSync(join(import.meta.dirname, '../../../docs', page), 'utf8');
  return [...text.matchAll(/```yaml\n([^]*?)```/g)].map(([, example = '']) => example);
}

const [shown = ''] = examples('deploy.md');
/** A page of its own tells of this section. */
const balancers = examples('load-balancer.md');

interface Shape {
  readonly wrapped?: Shape;
  readonly pipe?: readonly Shape[];
  readonly entries?: Readonly<Record<string, Shape>>;
  readonly value?: Shape;
  readonly type: string;
}

/** `environments.*.log.driver`: every setting that the schema knows. */
function settings(shape: Shape, path = ''): string[] {
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
  if (shape.wrapped !== undefined) return settings(shape.wrapped, path);
  if (shape.entries !== undefined)
    return Object.entries(shape.entries).flatMap(([name, one]) => settings(one, at(name)));
  if (shape.type === 'record' && shape.value !== undefined) return settings(shape.value, at('*'));
  const [first] = shape.pipe ?? [];
  return first === undefined || first === shape ? [path] : settings(first, path);
}

/** The same paths of what the manual shows. */
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

test('the manual of deploy.yaml shows every setting of the schema, and no other', () => {
  const known = [...new Set(settings(deployFileSchema as unknown as Shape))];
  assert.ok(known.includes('environments.*.log.driver'), known.join('\n'));
  const sections = balancers.map((text) => ({environments: {local: parse(text) as unknown}}));
  assert.deepEqual(
    [...new Set([parse(shown) as unknown, ...sections].flatMap((file) => given(file, known)))].toSorted(),
    known.toSorted(),
  );
});

test('the files that the manual shows are valid', () => {
  assert.equal(parseDeployFile(shown).service, 'buy-service');
  assert.equal(balancers.length, 2);
  for (const text of balancers) parseDeployFile(`environments:\n  local:\n${text.replaceAll(/^/gm, '    ')}`);
});

test('what the manual calls a default is the default', () => {
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

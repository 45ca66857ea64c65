import assert from 'node:assert/strict';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {requestedRules, rules, skippedRules} from '../../../../src/contract/rules/index.ts';

const root = join(import.meta.dirname, '../../../..');
const manual = readFileSync(join(root, 'docs/contract.md'), 'utf8');

test('docs/contract.md has a paragraph for each rule, with its severity, in the order of the report', () => {
  const documented = [...manual.matchAll(/^### (\S+)\n(error|warning)\. \S/gm)].map(([, id, severity]) => ({
    id,
    severity,
  }));
  assert.deepEqual(
    documented,
    rules.map(({id, severity}) => ({id, severity})),
  );
});

test('every rule has a unique id, and says how it is checked and fixed', () => {
  assert.equal(new Set(rules.map(({id}) => id)).size, rules.length);
  for (const {id, summary, how, fix} of rules) {
    assert.match(id, /^[a-z]+(-[a-z]+)*$/);
    for (const text of [summary, how, fix]) assert.ok(text.length > 5 && !text.includes('\n'), id);
  }
});

test('every rule has a fixture that breaks it', () => {
  for (const {id} of rules) assert.ok(existsSync(join(root, 'test/contract/fixtures', id, 'Dockerfile')), id);
});

test('--rule selects rules by id, and rejects an unknown id with a suggestion', () => {
  assert.equal(requestedRules([]).length, rules.length);
  assert.deepEqual(
    requestedRules(['not-root']).map(({id}) => id),
    ['not-root'],
  );
  assert.throws(
    () => requestedRules(['not-roots']),
    /not-roots is not a rule of the contract; did you mean not-root\?/,
  );
});

test('check.skip in deploy.yaml accepts only existing rules', () => {
  assert.deepEqual(skippedRules({stateless: 'an index'}), {stateless: 'an index'});
  assert.throws(() => skippedRules({'state-less': 'an index'}), {
    code: 'bad_deploy_file',
    details: ['state-less is not a rule of the contract; did you mean stateless?'],
  });
});

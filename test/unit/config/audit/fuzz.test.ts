import assert from 'node:assert/strict';
import {test} from 'node:test';
import {inspect} from 'node:util';
import * as fc from 'fast-check';
import {audit} from '../../../../src/config/audit/audit.ts';
import {auditReport, auditText} from '../../../../src/config/audit/report.ts';
import {outputFiles} from '../../../../src/config/audit/write/files.ts';
import {planOf} from '../../../../src/config/audit/write/plan.ts';
import {differences} from '../../../../src/config/audit/write/put-back.ts';
import {all} from '../../../support/long.ts';

// A planted secret is recognised by this text, whatever surrounds it.
const mark = 'Pl4ntedS3cret';

const plain = fc.constantFrom(
  'host',
  'port',
  'level',
  'bucket',
  'a.b',
  'x-y',
  'Gr\u00fc\u00dfe',
  'log_file',
  'url',
  'a b',
);
const secretNames = fc.constantFrom(
  'password',
  'api_key',
  'clientSecret',
  'DB_PASSWORD',
  'auth-token',
  'smtp.pass',
  'private_key',
);
const texts = fc.oneof(
  fc.constantFrom(
    '',
    'true',
    '30',
    '30s',
    '/var/log/x.log',
    '0.0.0.0',
    'dev',
    'prod',
    '${host}',
    '%(host)s',
    '# x',
    'a;b',
    "it's",
    '"q"',
    'a\\nb',
    '`',
    '\u2028',
  ),
  fc.string({unit: 'grapheme', maxLength: 12}),
);
const planted = texts.map((text) => `${text.replaceAll(/[\r\n]/g, '')}${mark}`);
const pairs = fc.array(fc.oneof(fc.tuple(plain, texts), fc.tuple(secretNames, planted)), {maxLength: 12});

/** Writes pairs in a format, not always correctly: readers meet broken files as well. */
const forms: Readonly<Record<string, (pairs: readonly (readonly [string, string])[]) => string>> = {
  ini: (list) => `[main]\n${list.map(([name, value]) => `${name} = ${value}`).join('\n')}\n`,
  properties: (list) => list.map(([name, value]) => `${name}=${value}`).join('\n'),
  env: (list) => list.map(([name, value]) => `${name.toUpperCase().replaceAll(/\W/g, '_')}='${value}'`).join('\n'),
  yaml: (list) => list.map(([name, value], at) => `${name}${at}: ${JSON.stringify(value)}`).join('\n'),
  json: (list) => JSON.stringify({main: Object.fromEntries(list)}, undefined, 1),
  toml: (list) =>
    list.map(([name, value], at) => `${JSON.stringify(`${name}${at}`)} = ${JSON.stringify(value)}`).join('\n'),
  py: (list) =>
    list.map(([name, value]) => `${name.toUpperCase().replaceAll(/\W/g, '_')} = ${JSON.stringify(value)}`).join('\n'),
};

/** Damages a text: cuts it, doubles a part, or puts a character where it does not belong. */
const damage = fc.oneof(
  {weight: 3, arbitrary: fc.constant((text: string) => text)},
  {
    weight: 1,
    arbitrary: fc.nat().map(
      (at) =>
        (text: string): string =>
          text.slice(0, at % (text.length + 1)),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(), fc.constantFrom('"', "'", '{', '}', '[', ':', '\t', '=', '\\', '\0', '<<', '&a *a', '\uD800'))
      .map(
        ([at, part]) =>
          (text: string): string =>
            `${text.slice(0, at % (text.length + 1))}${part}${text.slice(at % (text.length + 1))}`,
      ),
  },
);

const configuration = fc.record({
  format: fc.constantFrom(...Object.keys(forms)),
  one: pairs,
  other: pairs,
  damage,
  hasSource: fc.boolean(),
});

test('no planted secret is shown and nothing throws, however broken the files are', () => {
  const seen = {secrets: 0, broken: 0};
  fc.assert(
    fc.property(configuration, ({format, one, other, damage: damaged, hasSource}) => {
      const write = forms[format] ?? String;
      const both = [write(one), write(other)] as const;
      const files = new Map([
        [`dev/app.${format}`, damaged(both[0])],
        [`prod/app.${format}`, both[1]],
      ]);
      const source = hasSource ? [{file: 'app.js', text: "config.get('host')"}] : undefined;
      const names = [...files.keys()].map((file) => ({file}));
      const found = audit(names, source, (file) => files.get(file));
      const isBroken = found.problems.length > 0;
      const report = auditReport(found);
      const shown = [
        auditText(found),
        JSON.stringify(report),
        inspect(report, {depth: 9}),
        inspect([found.problems, found.notes]),
      ];
      // Damage can make a key of a value.
      const isKey = found.keys.some(({key}) => key.includes(mark));
      assert.ok(isKey || !shown.join('\n').includes(mark));
      seen.broken += isBroken ? 1 : 0;
      seen.secrets += both.join('').includes(mark) ? 1 : 0;
      if (isBroken) return;
      const written = outputFiles(planOf(found.keys, found.configuration.environments));
      assert.deepEqual(differences(found.configuration, written), []);
      // Damage can separate a secret from its name: only then can it be taken for a default.
      if (files.get(`dev/app.${format}`) !== both[0]) return;
      const open = written.filter(({secret}) => !secret).map(({text}) => text);
      assert.ok(!open.join('\n').includes(mark));
    }),
    {seed: 17, numRuns: all ? 100_000 : 400},
  );
  assert.ok(seen.secrets > 100 && seen.broken > 10, inspect(seen));
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {parseEnv} from 'node:util';
import * as fc from 'fast-check';
import {audit} from '../../../../src/config/audit/audit.ts';
import type {Reading} from '../../../../src/config/audit/model/types.ts';
import {readFile} from '../../../../src/config/audit/readers/index.ts';

const read = (file: string, text: string, others: Readonly<Record<string, string>> = {}): Reading => {
  const reading = readFile(file, text, (name) => others[name]);
  assert.ok(reading);
  return reading;
};

/** Each key with its value and line; a value that only running the code would show is its text. */
const values = (file: string, text: string, others?: Readonly<Record<string, string>>): Record<string, unknown> =>
  Object.fromEntries(
    read(file, text, others).parts.flatMap(({environment, settings}) =>
      settings.map(({path, value, expression, line}) => [
        `${environment === undefined ? '' : `${environment}/`}${path.join('.')}`,
        [value ?? expression, line],
      ]),
    ),
  );

test('ini: sections, both separators, comments, continuation lines; every value is text', () => {
  const text =
    '\uFEFFtop = 1\n; x = y\n[a b]\nk: v\nlist =\n  one\n  # no\n  two\ncolour = #fff\nn = 3 ; three\nalone\n[p.q]\nr = true\n';
  assert.deepEqual(values('x.ini', text), {
    top: ['1', 1],
    'a b.k': ['v', 4],
    'a b.list': ['one\ntwo', 5],
    'a b.colour': ['#fff', 9],
    'a b.n': ['3', 10],
    'a b.alone': [undefined, 11],
    'p.q.r': ['true', 13],
  });
});

test('properties: escapes, continuation lines, a key that is set twice has two readings', () => {
  const text = 'a.b=1\nc\\ d : x\\\n  y\n! no\ne=\\u00fc\na.b=2\n';
  assert.deepEqual(values('x.properties', text), {'a.b': ['2', 1], 'c d': ['xy', 2], e: ['\u00fc', 5]});
  assert.deepEqual(read('x.properties', text).parts[0]?.settings[0]?.readings, [
    'line 1 counts',
    'line 6 counts, as the last one does for most programs',
  ]);
});

test('yaml: merge keys, anchors, YAML 1.2 scalars; aliases cannot blow it up', () => {
  const text = 'base: &b\n  on: yes\n  n: 010\nuse:\n  <<: *b\n  n: 1\nlist: [a, {b: c}]\nempty: {}\n';
  assert.deepEqual(values('x.yaml', text), {
    'base.on': ['yes', 2],
    'base.n': [10, 3],
    'use.on': ['yes', 5],
    'use.n': [1, 6],
    list: [['a', {b: 'c'}], 7],
    empty: [{}, 8],
  });
  const bomb = `a0: &a0 {x: 1, y: 2}\n${Array.from({length: 40}, (_, at) => `a${at + 1}: &a${at + 1} {x: *a${at}, y: *a${at}}`).join('\n')}\n`;
  for (const broken of [bomb, 'a: &a {b: *a, c: *a}\n', `${'['.repeat(100_000)}`]) {
    const {problems, keys} = audit([{file: 'x.yaml'}], undefined, () => broken);
    assert.deepEqual([problems.length, keys.length], [1, 0]);
  }
});

test('yaml: documents with a Spring profile are environments, dotted and nested keys are one', () => {
  const text =
    'a.b: 1\nspring: {x: 1}\n---\nspring.config.activate.on-profile: prod\na: {b: 2}\n---\nspring.config.activate.on-profile: tls\nc: 3\n';
  assert.deepEqual(values('x.yml', text), {'*/a.b': [1, 1], '*/spring.x': [1, 2], 'prod/a.b': [2, 5]});
  assert.deepEqual(read('x.yml', text).notes, [
    {file: 'x.yml', line: 7, text: 'applies to a profile that is no environment by its name: left out'},
  ]);
});

test('json: comments and trailing commas; toml: tables, inline tables, arrays of tables, dates', () => {
  assert.deepEqual(values('x.json', '{\n// c\n"a": {"b": [1],\n"c": null,},\n}'), {
    'a.b': [[1], 3],
    'a.c': [undefined, 4],
  });
  const toml = 'a.b = 1\n[t."x.y"]\nd = 2021-03-01\ni = {j = 1, k = "l"}\n[[r]]\nq = 1\n[r.s]\nz = 2\n[[r]]\nq = 2\n';
  assert.deepEqual(values('x.toml', toml), {
    'a.b': [1, 1],
    't.x.y.d': ['2021-03-01T00:00:00.000Z', 3],
    't.x.y.i.j': [1, 4],
    't.x.y.i.k': ['l', 4],
    r: [[{q: 1, s: {z: 2}}, {q: 2}], 5],
  });
});

const names = (file: string, text: string): readonly (string | undefined)[] =>
  read(file, text).parts.map((part) => part.environment);

test('one file can hold all environments', () => {
  assert.deepEqual(names('x.json', '{"development": {"a": 1}, "production": {"a": 2}}'), ['development', 'production']);
  assert.deepEqual(names('x.toml', '[default]\na = 1\n[prod-eu]\na = 2\n'), ['*', 'prod-eu']);
  assert.deepEqual(names('x.yaml', 'test: {a: 1}\nserver: {b: 2}\n'), [undefined]);
});

test('.env: the values are those of Node, in the order of the lines', () => {
  assert.deepEqual(values('.env.prod', 'B="x # y"\nexport A = \'1\'\n# C=2\nD=multi\n'), {
    B: ['x # y', 1],
    A: ['1', 2],
    D: ['multi', 4],
  });
  fc.assert(
    fc.property(fc.string({maxLength: 60}), (text) => {
      const found = read('.env', text).parts.flatMap(({settings}) => settings.map(({path, value}) => [path[0], value]));
      assert.deepEqual(Object.fromEntries(found), {...parseEnv(text)});
    }),
    {seed: 3},
  );
});

test('python: literals, arithmetic, strings, changes of lists and dicts', () => {
  const text = `import os
A = 60 * 60
B = "a" 'b'
C = f"{B}-{A}"
D = {"x": {"y": 1, **{"z": 2}}, 'l': ["p"]}
D["x"]["y"] = 3
D["x"].update(w=4)
D['l'].append("q")
L = ("m", -1)
L += ("n",)
L2 = [*L]
N = None
R = r"\\d"
T: int = 5
(U) = 1
def f():
    V = 1
`;
  assert.deepEqual(values('x.py', text), {
    A: [3600, 2],
    B: ['ab', 3],
    C: ['ab-3600', 4],
    'D.x.y': [3, 6],
    'D.x.z': [2, 5],
    'D.x.w': [4, 7],
    'D.l': [['p', 'q'], 5],
    L: [['m', -1, 'n'], 10],
    L2: [['m', -1, 'n'], 11],
    N: [undefined, 12],
    R: ['\\d', 13],
    T: [5, 14],
  });
});

test('python: what is read from the environment, with the variable', () => {
  const text = `A = os.environ["A1"]
B = int(os.getenv("B1", "2"))
C = env.bool("C1", default=False)
D = config("D1", cast=int)
E = os.environ.get("E1") or "x"
F = os.path.join(BASE, "y")
`;
  const found = read('x.py', text).parts[0]?.settings.map(({path, variable}) => [path[0], variable]);
  assert.deepEqual(found, [
    ['A', 'A1'],
    ['B', 'B1'],
    ['C', 'C1'],
    ['D', 'D1'],
    ['E', 'E1'],
    ['F', undefined],
  ]);
});

test('python: imports by every form, conditionals with both readings, and what is not read is named', () => {
  const others = {
    'app/settings/base.py': 'A = 1\nB = {"c": 1}\n_D = 2\n',
    'app/other.py': 'E = 5\nF = 6\n',
  };
  const text = `from .base import *
from app.other import E as G, F
try:
    from .local import *
except ImportError:
    pass
B["c"] = 2
if A:
    H = 1
else:
    H = 2
for x in y:
    I = 1
globals()["J"] = 1
`;
  assert.deepEqual(values('app/settings/prod.py', text, others), {
    A: [1, 1],
    'B.c': [2, 7],
    G: [5, 1],
    F: [6, 2],
    H: ['if A:\n    H = 1\nelse:\n    H = 2\n', 9],
  });
  const {parts, imports, notes} = read('app/settings/prod.py', text, others);
  assert.deepEqual(imports, ['app/settings/base.py', 'app/other.py']);
  assert.deepEqual(parts[0]?.settings.find(({path}) => path[0] === 'H')?.readings, [
    'line 9 counts, given the condition of line 8',
    'line 11 counts otherwise',
  ]);
  assert.deepEqual(
    notes?.map(({line, text: what}) => [line, what]),
    [
      [4, 'imports everything of .local, which is not there, if it exists'],
      [12, 'sets names in a loop or a block that is not read'],
    ],
  );
});

test('python: classes of settings are environments, those that others derive from apply to all', () => {
  const text = `class Config:
    A = 1
    B = 2
class DevelopmentConfig(Config):
    B = 3
class ProductionConfig(Config):
    C = 4
`;
  const found = read('config.py', text).parts.map(({environment, settings}) => [
    environment,
    settings.map(({path}) => path[0]),
  ]);
  assert.deepEqual(found, [
    ['*', ['A', 'B']],
    ['development', ['A', 'B']],
    ['production', ['A', 'B', 'C']],
  ]);
});

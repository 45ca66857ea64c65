import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {parse, type Parsed} from '../../../src/cli/parse.ts';
import type {KnownTask} from '../../../src/cli/tasks.ts';
import {option, type Options} from '../../../src/option.ts';
import {task, taskDescription} from '../../../src/task.ts';
import {camel, kebab, snake} from '../../../src/text/names.ts';

function known(name: string, options: Options): KnownTask {
  const call = task(`The task ${name}`, options, async () => undefined);
  const description = taskDescription(call);
  assert.ok(description !== undefined);
  return {name, group: 'tasks.ts', description, call: call as KnownTask['call']};
}

const tasks = [
  known('seed', {
    text: option.string('a text'),
    count: option.number('a number', {default: 1}),
    isOn: option.boolean('a switch'),
    isOff: option.boolean('a switch', {default: true}),
    many: option.list('some texts'),
    level: option.choice('a choice', {choices: ['low', 'high'], default: 'low'}),
  }),
  known('deploy', {
    where: option.string('a place', {default: 'local', positional: true}),
    quiet: option.boolean('shadows'),
    note: option.string('x', {default: ''}),
  }),
  known('cat', {files: option.list('files', {positional: true})}),
];

const read = (...words: string[]): Parsed => parse(words, tasks, {});
const values = ({calls, errors, unknownTasks}: Parsed): unknown => {
  assert.deepEqual([...errors, ...unknownTasks], []);
  return calls.map((call) => [call.task.name, {...call.values}]);
};

const anyText = fc.string({unit: 'binary', maxLength: 12});
const anyValues = fc.record(
  {
    text: anyText,
    count: fc.double({noNaN: true, noDefaultInfinity: true}).map((value) => (value === 0 ? 0 : value)),
    isOn: fc.boolean(),
    isOff: fc.boolean(),
    many: fc.array(anyText, {minLength: 1, maxLength: 4}),
    level: fc.constantFrom('low', 'high'),
  },
  {requiredKeys: [], noNullPrototype: true},
);

function flags(given: Readonly<Record<string, unknown>>, spelling: (name: string) => string): string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const flag = spelling(name);
    if (typeof value === 'boolean') return [value ? `--${flag}` : `--no-${flag}`];
    return (Array.isArray(value) ? value : [value]).map((one) => `--${flag}=${String(one)}`);
  });
}

test('any values, printed as flags, are read back', () => {
  fc.assert(
    fc.property(
      anyValues,
      fc.constantFrom(kebab, snake),
      fc.array(fc.constantFrom('-q', '--json', '--verbose')),
      (given, spelling, core) => {
        const words = ['seed', ...flags(given, spelling)];
        assert.deepEqual(values(read(...core, ...words)), [['seed', given]]);
        assert.deepEqual(values(read(...words, ...core, ...words)), [
          ['seed', given],
          ['seed', given],
        ]);
      },
    ),
    {numRuns: 500},
  );
});

test('any words are read without an exception, and those after -- stay unchanged', () => {
  const word = fc.oneof(
    anyText,
    fc.constantFrom(
      'seed',
      'deploy',
      'cat',
      '--text',
      '--no-is-on',
      '-q',
      '-C',
      '--',
      '-',
      '--=',
      '--count=x',
      '-5',
      '--help',
    ),
  );
  fc.assert(
    fc.property(fc.array(word, {maxLength: 8}), fc.array(anyText, {maxLength: 4}), (words, rest) => {
      const before = words.filter((one) => one !== '--');
      const {calls, rest: found} = read(...before, '--', ...rest);
      assert.deepEqual(found, rest);
      assert.deepEqual(calls.at(-1)?.rest ?? rest, rest);
      assert.deepEqual(
        calls.slice(0, -1).flatMap((call) => call.rest),
        [],
      );
    }),
    {numRuns: 1000},
  );
});

test('any values in the environment are read as from flags', () => {
  const word = anyText.filter((text) => text !== '' && !text.includes(','));
  fc.assert(
    fc.property(
      word,
      fc.integer(),
      fc.boolean(),
      fc.array(word, {minLength: 1, maxLength: 3}),
      (text, count, isOn, many) => {
        const env = {
          ENTRYPOINT_SEED_TEXT: text,
          ENTRYPOINT_SEED_COUNT: String(count),
          ENTRYPOINT_SEED_IS_ON: String(isOn),
          ENTRYPOINT_SEED_MANY: many.join(','),
        };
        assert.deepEqual(values(parse(['seed'], tasks, env)), [['seed', {text, count, isOn, many}]]);
      },
    ),
  );
});

test('a value can be the next word, unless that is a flag', () => {
  assert.deepEqual(values(read('seed', '--text', 'seed', '--count', '-5', '--many', '-')), [
    ['seed', {text: 'seed', count: -5, many: ['-']}],
  ]);
  assert.equal(read('seed', '--text', '--is-on').errors.length, 1);
  assert.equal(read('seed', '--text').errors.length, 1);
});

test('the last of two values wins, but a list takes both', () => {
  assert.deepEqual(values(read('seed', '--count=1', '--count=2', '--many=a', '--many=b', '--is-on', '--no-is-on')), [
    ['seed', {count: 2, many: ['a', 'b'], isOn: false}],
  ]);
});

test('a bare word fills the positional option unless it names a task', () => {
  assert.deepEqual(values(read('deploy', 'prod', 'seed')), [
    ['deploy', {where: 'prod'}],
    ['seed', {}],
  ]);
  assert.deepEqual(values(read('deploy', 'seed')), [
    ['deploy', {}],
    ['seed', {}],
  ]);
  assert.deepEqual(values(read('cat', 'a', 'b', '-1', 'deploy', 'c')), [
    ['cat', {files: ['a', 'b', '-1']}],
    ['deploy', {where: 'c'}],
  ]);
  assert.equal(read('deploy', '--where=a', 'b').unknownTasks.length, 1);
});

test('a task that has an option of the same name shadows a core flag, after its name', () => {
  const before = read('--quiet', 'deploy');
  assert.deepEqual([before.core.quiet, values(before)], [true, [['deploy', {}]]]);
  const after = read('deploy', '--quiet');
  assert.deepEqual([after.core.quiet, values(after)], [false, [['deploy', {quiet: true}]]]);
  assert.equal(read('deploy', '-q').core.quiet, true);
});

test('core flags: negated, with a value, short ones together', () => {
  assert.equal(read('--no-echo').core.echo, false);
  assert.equal(read('--json=false').core.json, false);
  assert.equal(read('--no-color').core.color, false);
  assert.equal(read('-nqC', '/x').core.directory, '/x');
  assert.equal(read('-C/x').core.directory, '/x');
  assert.deepEqual([read('-nq').core.dryRun, read('-nq').core.quiet], [true, true]);
  assert.deepEqual(read('--echo=perhaps').errors, [{what: '--echo must be true or false, not perhaps'}]);
});

test('names: one task, three spellings', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z][a-z0-9]{1,6}$/), {minLength: 1, maxLength: 4}), (parts) => {
      const dashed = parts.join('-');
      for (const name of [dashed, snake(dashed), camel(dashed)]) assert.equal(kebab(name), dashed);
    }),
  );
});

test('each value comes with its source', () => {
  const [call] = parse(['deploy', 'prod', '--note', 'x'], tasks, {}).calls;
  assert.deepEqual(call?.sources, {where: {from: 'flag', flag: 'WHERE'}, note: {from: 'flag', flag: '--note'}});
  const [seed] = parse(['seed', '--no-is-on'], tasks, {ENTRYPOINT_SEED_COUNT: '3'}).calls;
  assert.deepEqual(seed?.sources, {
    count: {from: 'variable', name: 'ENTRYPOINT_SEED_COUNT'},
    isOn: {from: 'flag', flag: '--no-is-on'},
  });
});

test('required options are checked with all other errors, and a variable can set them', () => {
  const strict = [
    known('promote', {to: option.string('a stage', {required: true, valueName: 'STAGE'})}),
    known('maintain', {state: option.choice('a choice', {choices: ['on', 'off'], required: true, positional: true})}),
  ];
  const errors = (words: readonly string[], env: Record<string, string> = {}): readonly string[] => {
    const parsed = parse(words, strict, env);
    return [...parsed.errors, ...parsed.missing].map(({what}) => what);
  };
  assert.deepEqual(errors(['promote', 'maintain']), [
    'promote needs --to=STAGE',
    'maintain needs STATE (--state=on|off)',
  ]);
  assert.deepEqual(errors(['promote', '--to', 'rc', 'maintain', 'on']), []);
  assert.deepEqual(
    errors(['promote', 'maintain'], {ENTRYPOINT_PROMOTE_TO: 'rc', ENTRYPOINT_MAINTAIN_STATE: 'off'}),
    [],
  );
  assert.deepEqual(errors(['maintain', 'of']), ['--state must be one of on, off, not of']);
});

test('a task of two words: the second word makes it another task than the first one', () => {
  const both = [
    known('config', {}),
    known('config-audit', {file: option.list('files', {positional: true})}),
    known('build', {}),
  ];
  const names = (...words: readonly string[]): readonly string[] =>
    parse(words, both, {}).calls.map((call) => call.task.name);
  assert.deepEqual(names('config', 'audit', 'x.ini', 'build'), ['config-audit', 'build']);
  assert.deepEqual(names('config', 'build'), ['config', 'build']);
  assert.deepEqual(names('config', '--json', 'audit'), ['config-audit']);
  assert.deepEqual(names('config_audit'), ['config-audit']);
  // Without a task `config`, the first word is none by itself.
  const {calls, unknownTasks} = parse(['build', 'config', 'x'], both.slice(1), {});
  assert.deepEqual(
    calls.map((call) => call.task.name),
    ['build'],
  );
  assert.deepEqual(unknownTasks, [{what: 'config is not a task', meant: 'config audit'}]);
});

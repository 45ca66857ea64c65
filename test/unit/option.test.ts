import assert from 'node:assert/strict';
import {test} from 'node:test';
import {isProblem} from '../../src/errors.ts';
import {option, type Values} from '../../src/option.ts';
import {type Context, task} from '../../src/task.ts';

const options = {
  tag: option.string('a text'),
  name: option.string('a text', {default: 'shop', positional: true}),
  to: option.string('a text', {required: true, valueName: 'STAGE'}),
  tail: option.number('a number', {default: 100}),
  port: option.number('a number', {defaultText: 'from deploy.yaml'}),
  plan: option.boolean('a switch'),
  cache: option.boolean('a switch', {default: true}),
  rule: option.list('some texts'),
  format: option.choice('a choice', {choices: ['table', 'json'], default: 'table'}),
  level: option.choice('a choice', {choices: ['low', 'high']}),
  state: option.choice('a choice', {choices: ['on', 'off'], required: true, positional: true}),
};

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const inferred: Same<
  Values<typeof options>,
  {
    readonly tag: string | undefined;
    readonly name: string;
    readonly to: string;
    readonly tail: number;
    readonly port: number | undefined;
    readonly plan: boolean;
    readonly cache: boolean;
    readonly rule: readonly string[];
    readonly format: 'table' | 'json';
    readonly level: 'low' | 'high' | undefined;
    readonly state: 'on' | 'off';
  }
> = true;

test('the types of values follow from defaults, `required` and choices', () => {
  assert.equal(inferred, true);
  // @ts-expect-error A default is one of the choices.
  option.choice('a choice', {choices: ['a', 'b'], default: 'c'});
  // @ts-expect-error An option with a default is never missing.
  option.string('a text', {default: 'a', required: true});
  // @ts-expect-error The default has the type of the option.
  option.number('a number', {default: 'a'});
});

test('options that are not given have their defaults', () => {
  const defaults = Object.entries(options).map(([name, {defaultValue}]) => [name, defaultValue]);
  assert.deepEqual(Object.fromEntries(defaults), {
    tag: undefined,
    name: 'shop',
    to: undefined,
    tail: 100,
    port: undefined,
    plan: false,
    cache: true,
    rule: [],
    format: 'table',
    level: undefined,
    state: undefined,
  });
});

const context = {} as Context;
const show = task('Show it', options, async (_, values, sources) => ({values, sources}));

test("a task's body gets each value with its source", async () => {
  const {values, sources} = await show(
    context,
    {to: 'rc', state: 'on', tail: 5},
    {to: {from: 'flag', flag: '--to'}, tail: {from: 'variable', name: 'TAIL'}, tag: {from: 'call'}},
  );
  assert.partialDeepStrictEqual(values, {to: 'rc', state: 'on', tail: 5, name: 'shop', tag: undefined});
  assert.partialDeepStrictEqual(sources, {
    to: {from: 'flag', flag: '--to'},
    tail: {from: 'variable', name: 'TAIL'},
    state: {from: 'call'},
    name: {from: 'default'},
    tag: {from: 'default'},
  });
});

test('a call without a required option is a usage error with all that is missing', async () => {
  await assert.rejects(show(context, {to: undefined as never}), (error) => {
    assert.ok(isProblem(error));
    assert.deepEqual(
      [error.code, error.exitCode, error.details],
      ['usage', 64, ['the task "Show it" needs --to=STAGE', 'the task "Show it" needs STATE (--state=on|off)']],
    );
    return true;
  });
});

// What the compiler must infer, and what it must refuse. `tsc --noEmit` is the test: nothing here runs.
import {
  type Command,
  type Context,
  type Deployed,
  deployImage,
  type Environment,
  type Executed,
  type History,
  imageToDeploy,
  type ImageReference,
  option,
  type Option,
  type Plan,
  type Problem,
  isProblem,
  problem,
  readHistory,
  readService,
  readStatus,
  readTarget,
  recordingRunner,
  type Removed,
  removeDeployment,
  type Report,
  type Result,
  retry,
  rollBackRelease,
  type Runner,
  type Service,
  type Source,
  type Sources,
  type Status,
  type Target,
  task,
  type Task,
  testCommand,
  testContext,
  type Values,
} from '../../src/index.ts';
import {serve, type RunningServer} from '../../src/server/index.ts';
import * as tasks from '../../src/tasks/index.ts';
import type {Built, Promoted, Published} from '../../src/tasks/index.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function expect<_T extends true>(): void {}
declare const context: Context;

// Options: the type of a value follows from the kind, the default and `required`.

const text = option.string('text');
expect<Equal<typeof text, Option<string | undefined>>>();
const textWithName = option.string('text', {valueName: 'TEXT', env: ['TEXT'], positional: true, defaultText: 'x'});
expect<Equal<typeof textWithName, Option<string | undefined>>>();
const textWithDefault = option.string('text', {default: 'a'});
expect<Equal<typeof textWithDefault, Option<string>>>();
const requiredText = option.string('text', {required: true});
expect<Equal<typeof requiredText, Option<string>>>();
const optionalText = option.string('text', {required: false});
expect<Equal<typeof optionalText, Option<string | undefined>>>();

const number = option.number('number');
expect<Equal<typeof number, Option<number | undefined>>>();
const numberWithDefault = option.number('number', {default: 100});
expect<Equal<typeof numberWithDefault, Option<number>>>();
const requiredNumber = option.number('number', {required: true});
expect<Equal<typeof requiredNumber, Option<number>>>();

const boolean = option.boolean('switch');
expect<Equal<typeof boolean, Option<boolean>>>();
const switchedOn = option.boolean('switch', {default: true});
expect<Equal<typeof switchedOn, Option<boolean>>>();

const list = option.list('list');
expect<Equal<typeof list, Option<readonly string[]>>>();
const listWithDefault = option.list('list', {default: ['a']});
expect<Equal<typeof listWithDefault, Option<readonly string[]>>>();

const choice = option.choice('choice', {choices: ['a', 'b']});
expect<Equal<typeof choice, Option<'a' | 'b' | undefined>>>();
const choiceWithDefault = option.choice('choice', {choices: ['a', 'b'], default: 'a'});
expect<Equal<typeof choiceWithDefault, Option<'a' | 'b'>>>();
const requiredChoice = option.choice('choice', {choices: ['a', 'b'], required: true});
expect<Equal<typeof requiredChoice, Option<'a' | 'b'>>>();

// @ts-expect-error A number is no default of a string.
option.string('text', {default: 1});
// @ts-expect-error Nor a string of a number.
option.number('number', {default: '1'});
// @ts-expect-error The default must be one of the choices.
option.choice('choice', {choices: ['a', 'b'], default: 'c'});
// @ts-expect-error A choice needs its choices.
option.choice('choice', {default: 'a'});
// @ts-expect-error A default and `required` contradict each other.
option.string('text', {default: 'a', required: true});
// @ts-expect-error The help comes first.
option.string({default: 'a'});

// Tasks: values, sources and the result.

const options = {
  name: option.string('name'),
  to: option.string('stage', {required: true}),
  rows: option.number('rows', {default: 100}),
  format: option.choice('format', {choices: ['table', 'json'], default: 'table'}),
  files: option.list('files'),
  force: option.boolean('force'),
};
interface Expected {
  readonly name: string | undefined;
  readonly to: string;
  readonly rows: number;
  readonly format: 'table' | 'json';
  readonly files: readonly string[];
  readonly force: boolean;
}
expect<Equal<Values<typeof options>, {readonly [K in keyof Expected]: Expected[K]}>>();
expect<Equal<Sources<typeof options>['rows'], Source>>();

const load = task('Load', options, async (inner, values, sources) => {
  expect<Equal<typeof inner, Context>>();
  expect<Equal<typeof values, Values<typeof options>>>();
  expect<Equal<typeof sources, Sources<typeof options>>>();
  expect<Equal<keyof typeof sources, keyof typeof options>>();
  // @ts-expect-error There is no such option.
  void values.unknown;
  // @ts-expect-error Values cannot be changed.
  values.rows = 1;
  return {loaded: values.rows};
});
expect<Equal<Awaited<ReturnType<typeof load>>, {loaded: number}>>();
const nothing = task('Do nothing', {}, async () => {});
expect<Equal<Awaited<ReturnType<typeof nothing>>, void>>();
const assignable: Task = nothing;
void assignable;

void load(context, {to: 'rc'});
void load(context, {to: 'rc', rows: 5, format: 'json', files: ['a']}, {rows: {from: 'variable', name: 'ROWS'}});
// @ts-expect-error A number is no string.
void load(context, {to: 1});
// @ts-expect-error Only the choices.
void load(context, {to: 'rc', format: 'xml'});
// @ts-expect-error There is no such option.
void load(context, {to: 'rc', colour: 'red'});
// @ts-expect-error A source is a flag, a variable, a call or the default.
void load(context, {to: 'rc'}, {rows: {from: 'file'}});
// @ts-expect-error A task needs its context.
void load();
// @ts-expect-error A body returns a promise.
task('Do nothing', {}, () => 1);

// The standard tasks: each result can be named.

expect<Equal<Awaited<ReturnType<typeof tasks.build>>, Built>>();
expect<Equal<Awaited<ReturnType<typeof tasks.publish>>, Published>>();
expect<Equal<Awaited<ReturnType<typeof tasks.promote>>, Promoted>>();
expect<Equal<Awaited<ReturnType<typeof tasks.deploy>>, Deployed | Plan>>();
expect<Equal<Awaited<ReturnType<typeof tasks.rollback>>, Deployed | Plan>>();
expect<Equal<Awaited<ReturnType<typeof tasks.check>>, Report | undefined>>();
expect<Equal<Awaited<ReturnType<typeof tasks.status>>, Status>>();
expect<Equal<Awaited<ReturnType<typeof tasks.history>>, History>>();
expect<Equal<Awaited<ReturnType<typeof tasks.remove>>, Removed>>();
void tasks.deploy(context, {environment: 'prod', canary: '10%'});
void tasks.maintenance(context, {state: 'on'});
// @ts-expect-error Only on and off.
void tasks.maintenance(context, {state: 'maybe'});

// The functions of which they are made.

async function deploy(): Promise<void> {
  const target = await readTarget(context, 'prod');
  expect<Equal<typeof target, Target>>();
  expect<Equal<typeof target.settings, Environment>>();
  expect<Equal<typeof target.settings.replicas, number>>();
  expect<Equal<typeof target.settings.stage, string | undefined>>();
  const service = await readService(context);
  expect<Equal<typeof service, Service>>();
  expect<Equal<typeof service.deployFile.port, number>>();
  const image = await imageToDeploy(context, target);
  expect<Equal<typeof image, ImageReference>>();
  const executed = await deployImage(context, target, image, {batch: 1});
  expect<Equal<typeof executed, Executed>>();
  expect<Equal<typeof executed.deployed, Deployed | undefined>>();
  expect<Equal<typeof executed.plan, Plan>>();
  await deployImage(context, target, {reference: 'r:5000/shop@sha256:0'});
  // @ts-expect-error A deploy needs an image.
  await deployImage(context, target);
  // @ts-expect-error A name is no image: it must be found first.
  await deployImage(context, target, 'shop:1');
  // @ts-expect-error A target is read, not named.
  await rollBackRelease(context, 'prod');
  expect<Equal<Awaited<ReturnType<typeof readStatus>>, Status>>();
  expect<Equal<Awaited<ReturnType<typeof readHistory>>, History>>();
  expect<Equal<Awaited<ReturnType<typeof removeDeployment>>, Removed>>();
}
void deploy;

// Commands, errors and tests.

expect<Equal<Awaited<ReturnType<Runner>>, Result>>();
expect<Equal<ReturnType<typeof testCommand>, Command>>();
void context.run(['docker', 'ps'], {capture: true});
// @ts-expect-error A command is a list of words, never shell text.
void context.run('docker ps');
// @ts-expect-error A runner has no such option.
void context.run(['docker', 'ps'], {quiet: true});
// @ts-expect-error A context cannot be changed.
context.cwd = '/';
const answer = retry(async () => 1);
expect<Equal<typeof answer, Promise<number>>>();
expect<Equal<ReturnType<typeof problem>, Problem>>();
// @ts-expect-error A problem has a code.
problem({what: 'no licence key found'});
const caught: unknown = new Error('x');
if (isProblem(caught)) expect<Equal<typeof caught, Problem>>();
const under = testContext({
  respond: (command, words) => (words === 'date' ? {stdout: command.words[0] ?? ''} : undefined),
});
expect<Equal<typeof under.context, Context>>();
expect<Equal<typeof under.commands, readonly string[]>>();
expect<Equal<ReturnType<typeof recordingRunner>['run'], Runner>>();

// The app server.

expect<Equal<ReturnType<typeof serve>, Promise<RunningServer>>>();
void serve({module: 'app.js', workers: 2, workerClass: 'threads'});
// @ts-expect-error The server has no such setting.
void serve({module: 'app.js', wrokers: 2});
// @ts-expect-error A number of workers is a number.
void serve({module: 'app.js', workers: 'two'});

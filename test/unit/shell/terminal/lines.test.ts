import assert from 'node:assert/strict';
import {test} from 'node:test';
import {live, printed} from '../../../../src/shell/terminal/lines.ts';
import {type Look, widthOf} from '../../../../src/shell/terminal/look.ts';
import {type Event, reduce, startState, type State} from '../../../../src/shell/terminal/state.ts';

const usual: Look = {columns: 80, rows: 24, colour: false, unicode: true};

/** What a stream of events leaves on the screen, and the state after it. */
function play(
  events: readonly Event[],
  look: Look = usual,
): {readonly lines: readonly string[]; readonly state: State} {
  let state: State = {...startState(0), explained: true};
  const lines: string[] = [];
  for (const event of events) {
    lines.push(...printed(state, event, look).lines);
    state = reduce(state, event);
  }
  return {lines, state};
}

const step = (id: number, title: string, host?: string, at = 0): Event => ({type: 'step', id, at, title, host});
const command = (id: number, text: string, what: Partial<(Event & {type: 'command'})['what']> = {}, at = 0): Event => ({
  type: 'command',
  id,
  at,
  text,
  what,
});
const ended = (id: number, at: number, state: 'done' | 'failed' | 'stopped' = 'done', code = 0): Event => ({
  type: 'ended',
  id,
  at,
  outcome: {state, code, seconds: at / 1000},
});
const pulls = [
  step(1, 'pull shop', 'h1'),
  command(2, 'docker pull shop', {prefix: 'h1', step: 1}),
  step(3, 'pull shop', 'host2'),
  command(4, 'docker pull shop', {prefix: 'host2', step: 3}, 300),
];

test('a step is one line with its state, duration and host, and its command below', () => {
  const {lines} = play([
    ...pulls,
    ended(2, 1200),
    ended(1, 1200),
    ended(4, 75_000, 'stopped'),
    ended(3, 125_000, 'stopped'),
  ]);
  assert.deepEqual(lines, [
    '✓   1.2 s  h1     pull shop',
    '  $ docker pull shop',
    '-  2m 05s  host2  pull shop  stopped',
    '  $ docker pull shop',
  ]);
});

test('a failed step is shown whole: every command, the output that was folded, and the exit code', () => {
  const long = `sh -c '${'x'.repeat(100)}' <<'END'\n1\n2\n3\nEND`;
  const {lines} = play([
    step(1, 'build the image', 'h1'),
    command(2, 'docker tag a b', {prefix: 'h1', step: 1}),
    ended(2, 100),
    command(3, long, {prefix: 'h1', step: 1, output: 'folded'}),
    {type: 'output', id: 3, line: 'it cannot', read: undefined},
    ended(3, 2000, 'failed', 3),
    ended(1, 2000, 'failed'),
  ]);
  assert.deepEqual(lines, [
    '✗   2.0 s  h1  build the image  failed',
    'h1 | $ docker tag a b',
    'h1 | # exit 0, 0.1 s',
    ...`$ ${long}`.split('\n').map((line) => `h1 | ${line}`),
    'it cannot',
    'h1 | # exit 3, 2.0 s',
  ]);
});

test('a failed step has the errors of its commands, and of its read-only commands the one that failed', () => {
  const {lines} = play([
    step(1, 'take the lock'),
    command(2, 'docker ps', {kind: 'read', step: 1}),
    ended(2, 100),
    command(3, 'docker inspect lock', {kind: 'read', step: 1}),
    {type: 'ended', id: 3, at: 300, outcome: {state: 'failed', code: 1, seconds: 0.2, stderr: 'no such\nobject\n'}},
    ended(1, 300, 'failed'),
  ]);
  assert.deepEqual(lines, [
    '✗   0.3 s  take the lock  failed',
    '$ docker inspect lock',
    'no such',
    'object',
    '# exit 1, 0.2 s',
  ]);
  const done = play([
    step(1, 'compare'),
    command(2, 'docker ps', {kind: 'read', step: 1}),
    ended(2, 100),
    ended(1, 200),
  ]);
  assert.deepEqual(done.lines, ['✓   0.2 s  compare']);
});

test('a command without a title is its own line; one that is tried again has its number of tries', () => {
  const {lines} = play([
    command(1, 'docker tag a b'),
    ended(1, 100),
    step(2, 'push shop'),
    command(3, 'docker push shop', {step: 2}),
    ended(3, 200, 'failed', 1),
    command(4, 'docker push shop', {step: 2}),
    ended(4, 300),
    ended(2, 300),
  ]);
  assert.deepEqual(lines, ['✓   0.1 s  $ docker tag a b', '✓   0.3 s  push shop', '  $ docker push shop  (2 times)']);
});

test('a read-only command leaves nothing, and is shown while it runs for long', () => {
  const {lines, state} = play([command(1, 'docker ps', {kind: 'read', title: 'read the state', host: 'h1'})]);
  assert.deepEqual(live(state, {now: 500, task: 'status'}, usual), []);
  assert.deepEqual(live(state, {now: 1000, task: 'status'}, usual), ['⠋   1.0 s  read the state', '  $ docker ps']);
  assert.deepEqual([lines, play([command(1, 'docker ps', {kind: 'read'}), ended(1, 5000)]).lines], [[], []]);
});

test('what is repeated beside the work leaves nothing, and is shown while it takes very long', () => {
  const renewal = command(1, 'docker update lock', {kind: 'background', title: 'renew the lock', host: 'h1'});
  const {state} = play([step(2, 'pull shop', 'h1'), renewal]);
  const shown = (now: number): (string | undefined)[] =>
    live(state, {now, task: 'deploy'}, usual).map((line) => /pull|renew/.exec(line)?.[0]);
  assert.deepEqual([shown(1900), shown(2000)], [['pull'], ['pull', 'renew', undefined]]);
  assert.deepEqual(play([renewal, ended(1, 9000, 'failed', 1)]).lines, []);
});

test('what runs changes at the bottom: the command below, or what its output says', () => {
  const {state} = play([
    ...pulls,
    step(5, 'build the image'),
    command(6, 'docker build .', {step: 5, output: 'folded'}),
    {type: 'output', id: 6, line: '#5 1.0 added', read: '[2/3] RUN npm ci: added'},
  ]);
  assert.deepEqual(live(state, {now: 1500, task: 'deploy'}, usual), [
    '⠴   1.5 s  h1     pull shop',
    '  $ docker pull shop',
    '⠴   1.5 s  host2  pull shop',
    '  $ docker pull shop',
    '⠴   1.5 s         build the image',
    '  [2/3] RUN npm ci: added',
  ]);
  assert.deepEqual(live(state, {now: 1500, task: 'deploy'}, {...usual, rows: 4}), [
    '⠴   1.5 s  h1     pull shop',
    '  and 2 more',
  ]);
});

test('while no command runs, the task does', () => {
  assert.deepEqual(live(startState(0), {now: 900, task: 'check'}, usual), []);
  assert.deepEqual(live(startState(0), {now: 1900, task: 'check'}, usual), ['⠏   1.9 s  check']);
});

test('the output of a program whose output is the point comes below its command, and nothing changes meanwhile', () => {
  const begun = play([command(1, 'npm test', {output: 'direct'})]);
  assert.deepEqual(begun.lines, ['$ npm test']);
  assert.deepEqual(live(begun.state, {now: 9000, task: 'test_unit'}, usual), []);
  assert.deepEqual(
    play([command(1, 'npm test', {output: 'direct'}), ended(1, 9000)]).lines.at(-1),
    '✓   9.0 s  $ npm test',
  );
});

test('the steps of a build are lines of their own', () => {
  const build = [step(1, 'build the image'), command(2, 'docker build .', {step: 1, output: 'folded'})];
  const {lines} = play([
    ...build,
    {type: 'output', id: 2, line: '#5 CACHED', read: {title: '[1/2] FROM node', state: 'cached', seconds: 0}},
    {type: 'output', id: 2, line: '#6 DONE', read: {title: '[2/2] RUN npm ci', state: 'done', seconds: 12.34}},
  ]);
  assert.deepEqual(lines, ['✓  cached  [1/2] FROM node', '✓  12.3 s  [2/2] RUN npm ci']);
});

test('a warning in the output of a build stays, whole', () => {
  const warning = `entrypoint: warning: ${'of many words '.repeat(9)}`;
  const {lines} = play([
    command(1, 'docker build .', {output: 'folded'}),
    {type: 'output', id: 1, line: '', read: {title: '[2/2] RUN a', state: 'done', seconds: 1, warnings: [warning]}},
    {type: 'output', id: 1, line: '', read: {warning: '1 warning found'}},
  ]);
  assert.deepEqual(lines, ['✓   1.0 s  [2/2] RUN a', `  ${warning}`, '  1 warning found']);
});

test('no line that changes is wider than the terminal, however narrow; one that stays is cut as well', () => {
  for (const columns of [20, 40, 80, 200]) {
    const look = {...usual, columns};
    const events = [
      step(1, `start ${'shop.prod.7.1, '.repeat(9)}`, 'a-host-with-a-long-name.example.com'),
      command(2, `docker run ${'--label a=b '.repeat(40)}shop`, {step: 1}),
    ];
    const {state} = play(events, look);
    const shown = [
      ...live(state, {now: 5000, task: 'deploy'}, look),
      ...play([...events, ended(2, 9), ended(1, 9)], look).lines,
    ];
    for (const line of shown) assert.ok(widthOf(line) < columns, `${columns}: ${line}`);
  }
});

test('colours mark states, and are left out where they are not allowed; so is what is not ASCII', () => {
  const events = [
    step(1, 'take the lock'),
    command(2, `docker run ${'x'.repeat(90)}`, {step: 1}),
    ended(2, 100),
    ended(1, 100),
  ];
  assert.deepEqual(play(events, {...usual, colour: true}).lines, [
    '\u001b[32m✓\u001b[0m \u001b[2m  0.1 s\u001b[0m  take the lock',
    '\u001b[2m  $ docker run xxxxxxxxxxxxxxxx…90 B\u001b[0m',
  ]);
  assert.deepEqual(play(events, {...usual, unicode: false}).lines, [
    '+   0.1 s  take the lock',
    '  $ docker run xxxxxxxxxxxxxxxx...90 B',
  ]);
});

test('the first time that something is left out, it is said how to see it', () => {
  const event = command(2, `docker run ${'x'.repeat(90)}`);
  const state = reduce(startState(0), event);
  const {lines, folded} = printed(state, ended(2, 100), usual);
  assert.deepEqual([lines.at(-1), folded], ['# … marks what is left out: --verbose shows all of it', true]);
  assert.equal(printed({...state, explained: true}, ended(2, 100), usual).lines.length, 1);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {carryOut, type Crew} from '../../../../../src/deploy/hosts/execute/carry-out.ts';
import type {Step} from '../../../../../src/deploy/hosts/plan/steps/step.ts';
import {problem} from '../../../../../src/errors.ts';
import {type Command, commandText, type Words} from '../../../../../src/shell/argv.ts';
import type {Result, Runner} from '../../../../../src/shell/index.ts';
import {record} from '../stack.ts';

const done: Result = {exitCode: 0, stdout: '', stderr: '', seconds: 0};

/** On every host, `wait` ends when `off` has been run there, and then fails; `break` fails, `stop` as Ctrl-C ends it. */
function crewOf(): {crew: Crew; seen: string[]} {
  const seen: string[] = [];
  const off = new Map<string, PromiseWithResolvers<void>>();
  const gate = (host: string): PromiseWithResolvers<void> => {
    const one = off.get(host) ?? Promise.withResolvers<void>();
    off.set(host, one);
    return one;
  };
  const runOf =
    (host: string) =>
    async (command: Words | Command): Promise<Result> => {
      const text = commandText(command);
      seen.push(`${host}: ${text}`);
      if (text === 'off') gate(host).resolve();
      if (text === 'wait') await gate(host).promise;
      if (text !== 'off')
        throw problem({code: text === 'stop' ? 'interrupted' : 'command_failed', what: `${text} failed on ${host}`});
      return done;
    };
  const {context} = record(() => undefined);
  const siteOf = (host: string) => ({
    host,
    context: {...context, run: Object.assign(runOf(host), {read: runOf(host)}) as unknown as Runner},
  });
  return {crew: {context, siteOf, parallel: 100, prefix: 'shop.prod', patience: 1}, seen};
}

const step = (host: string, word: string, also: Partial<Step> = {}): Step => ({
  phase: 'start',
  host,
  what: `${word} on ${host}`,
  commands: [[word]],
  purpose: 'it failed',
  ...also,
});
const waiting = (host: string): Step => step(host, 'wait', {cut: [['off']], logs: [{host: 'h1', container: 'app'}]});

test('what only waits is cut off where another step of its round fails, and that failure is the one that is told', async () => {
  const {crew, seen} = crewOf();
  const carried = crew.context.run.scope((scope) =>
    carryOut(crew, scope, [[waiting('lb1'), waiting('lb2'), step('h1', 'break')]]),
  );
  await assert.rejects(carried, /break failed on h1/);
  assert.deepEqual(
    seen.toSorted(),
    ['h1: break', 'lb1: off', 'lb1: wait', 'lb2: off', 'lb2: wait'],
    'nobody asks for the logs of what was cut off',
  );
});

test('where several fail, what waits is cut off once', async () => {
  const {crew, seen} = crewOf();
  const carried = crew.context.run.scope((scope) =>
    carryOut(crew, scope, [[step('h1', 'break'), step('h2', 'break'), waiting('lb1')]]),
  );
  await assert.rejects(carried, /break failed on h1/);
  assert.deepEqual(seen, ['h1: break', 'h2: break', 'lb1: wait', 'lb1: off']);
});

test('Ctrl-C is told as what it is, and nobody is cut off but by what puts the hosts back', async () => {
  const {crew, seen} = crewOf();
  const carried = crew.context.run.scope((scope) =>
    carryOut(crew, scope, [[step('lb1', 'stop', {cut: [['off']]}), step('h1', 'stop')]]),
  );
  await assert.rejects(carried, /stop failed on lb1/);
  assert.deepEqual(seen, ['lb1: stop', 'h1: stop']);
});

test('whoever puts a host back first cuts off what waits there, and then waits for what was begun', async () => {
  const {context, commands} = record(() => undefined);
  const {crew} = crewOf();
  const carried = context.run.scope((scope) =>
    carryOut(crew, scope, [[step('h1', 'break', {undo: [['mend']]}), {...waiting('lb1'), undo: [['out']]}]]),
  );
  await assert.rejects(carried);
  const [h1 = '', lb1 = ''] = ['h1', 'lb1'].map((host) => commands().find((text) => text.includes(` ${host} --`)));
  assert.match(h1, /-- 'r=0; \{ n=0; while [^]*\{ mend; \} \|\| r=/);
  assert.match(lb1, /-- 'r=0; \{ off; \} \|\| r=\$\?; \{ n=0; while [^]*\{ out; \} \|\| r=/);
});

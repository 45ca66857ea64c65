import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {Executor} from '../../../../../src/deploy/hosts/execute/executor.ts';
import {runRounds} from '../../../../../src/deploy/hosts/execute/rounds.ts';
import type {Step} from '../../../../../src/deploy/hosts/plan/steps/step.ts';
import {problem} from '../../../../../src/errors.ts';
import {type Command, commandText, type Words} from '../../../../../src/shell/argv.ts';
import type {Result, Runner} from '../../../../../src/shell/index.ts';
import {record} from '../stack.ts';

const done: Result = {exitCode: 0, stdout: '', stderr: '', seconds: 0};

/** As much of a runner as rounds need. */
function runnerOf(run: (command: Words | Command) => Promise<Result>): Runner {
  const made = Object.assign((command: Words | Command) => run(command), {
    read: run,
    step: <T>(_title: string, body: (inner: Runner) => Promise<T>) => body(made),
  }) as unknown as Runner;
  return made;
}

/** On every host, `wait` fails once `off` has run there; `break` fails at once, `stop` as by Ctrl-C. */
function executorOf(): {executor: Executor; seen: string[]} {
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
  const connectionTo = (host: string) => ({
    host,
    sockets: 'none',
    context: {...context, run: runnerOf(runOf(host))},
  });
  return {executor: {context, connectionTo, parallel: 100, prefix: 'shop.prod', graceSeconds: 1}, seen};
}

const step = (host: string, word: string, also: Partial<Step> = {}): Step => ({
  phase: 'start',
  host,
  what: `${word} on ${host}`,
  commands: [[word]],
  purpose: 'it failed',
  ...also,
});
const waiting = (host: string): Step => step(host, 'wait', {cancel: [['off']], logs: [{host: 'h1', container: 'app'}]});

test('a waiting step is cancelled when another step of its round fails, and that failure is the one reported', async () => {
  const {executor, seen} = executorOf();
  const carried = executor.context.run.scope((scope) =>
    runRounds(executor, scope, [[waiting('lb1'), waiting('lb2'), step('h1', 'break')]]),
  );
  await assert.rejects(carried, /break failed on h1/);
  assert.deepEqual(
    seen.toSorted(),
    ['h1: break', 'lb1: off', 'lb1: wait', 'lb2: off', 'lb2: wait'],
    'the logs of a cancelled step are not read',
  );
});

const gone = `No such container: ${'0a'.repeat(32)}`;
const pruned = (exit: number, said: string) =>
  problem({
    code: 'command_failed',
    what: 'it failed',
    exitCode: exit,
    details: [`docker: Error response from daemon: ${said}`],
  });

const executorFailing = (times: number, exit: number, said = gone): {executor: Executor; seen: string[]} => {
  const {executor, seen} = executorOf();
  let left = times;
  const run = async (command: Words | Command): Promise<Result> => {
    const text = commandText(command);
    seen.push(text);
    if (text === 'start' && left-- > 0) throw pruned(exit, said);
    return done;
  };
  const connectionTo = (host: string) => ({
    host,
    sockets: 'none',
    context: {...executor.context, run: runnerOf(run)},
  });
  return {executor: {...executor, connectionTo}, seen};
};

test('what a prune removed before it ran is undone and done again; what has run is not', async () => {
  const starting = step('h1', 'start', {cancel: [['off']], undo: [['remove']]});
  const undone = 'sh -c \'r=0; { off; } || r=$?; { remove; } || r=$?; exit "$r"\'';
  for (const said of [gone, 'container is marked for removal and cannot be started', 'network shop.prod not found']) {
    const twice = executorFailing(2, 125, said);
    await twice.executor.context.run.scope((scope) => runRounds(twice.executor, scope, [[starting]]));
    assert.deepEqual(twice.seen, ['start', undone, 'start', undone, 'start']);
  }
  const ran = executorFailing(1, 1);
  await assert.rejects(ran.executor.context.run.scope((scope) => runRounds(ran.executor, scope, [[starting]])));
  assert.deepEqual(ran.seen, ['start']);
});

test('when several steps fail, a waiting one is cancelled once', async () => {
  const {executor, seen} = executorOf();
  const carried = executor.context.run.scope((scope) =>
    runRounds(executor, scope, [[step('h1', 'break'), step('h2', 'break'), waiting('lb1')]]),
  );
  await assert.rejects(carried, /break failed on h1/);
  assert.deepEqual(seen, ['h1: break', 'h2: break', 'lb1: wait', 'lb1: off']);
});

test('Ctrl-C is reported as such, and only the undo cancels waiting steps', async () => {
  const {executor, seen} = executorOf();
  const carried = executor.context.run.scope((scope) =>
    runRounds(executor, scope, [[step('lb1', 'stop', {cancel: [['off']]}), step('h1', 'stop')]]),
  );
  await assert.rejects(carried, /stop failed on lb1/);
  assert.deepEqual(seen, ['lb1: stop', 'h1: stop']);
});

test('the undo of a host first cancels a waiting step, then waits for running commands', async () => {
  const {context, commands} = record(() => undefined);
  const {executor} = executorOf();
  const carried = context.run.scope((scope) =>
    runRounds(executor, scope, [[step('h1', 'break', {undo: [['mend']]}), {...waiting('lb1'), undo: [['out']]}]]),
  );
  await assert.rejects(carried);
  const [h1 = '', lb1 = ''] = ['h1', 'lb1'].map((host) => commands().find((text) => text.includes(` ${host} --`)));
  assert.match(h1, /-- 'sh -c [^]*r=0; \{ n=0; while [^]*\{ mend; \} \|\| r=/);
  assert.match(lb1, /-- 'sh -c [^]*r=0; \{ off; \} \|\| r=\$\?; \{ n=0; while [^]*\{ out; \} \|\| r=/);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {driverOf, elsewhere} from '../../../../src/deploy/hosts/logs/driver.ts';
import {filterOf, type LogFilter} from '../../../../src/deploy/hosts/logs/filter.ts';
import {fieldsOf, type LogLine, parseLine} from '../../../../src/deploy/hosts/logs/line.ts';
import {merger} from '../../../../src/deploy/hosts/logs/merge.ts';
import {readReplica} from '../../../../src/deploy/hosts/logs/replica.ts';
import {resumableReader} from '../../../../src/deploy/hosts/logs/resume.ts';
import {isProblem, problem} from '../../../../src/errors.ts';
import {testContext} from '../../../../src/task.ts';

const at = (nanosecond: number): string => `2026-11-29T09:46:29.${String(nanosecond).padStart(9, '0')}Z`;
const line = (nanosecond: number, text = `line ${nanosecond}`): LogLine => ({at: at(nanosecond), text});
const printed = (...nanoseconds: readonly number[]): string =>
  nanoseconds.map((one, index) => `${at(one)} line ${one}.${index}\n`).join('');

test('a printed line is a time and a text; what the client says itself is no line', () => {
  assert.deepEqual(parseLine(`${at(5)} {"a": 1} `), {at: at(5), text: '{"a": 1} '});
  assert.deepEqual(parseLine(`${at(5)} `), {at: at(5), text: ''});
  assert.equal(parseLine('Error response from daemon: x'), undefined);
});

test('lines of several replicas come in the order of their times, each as soon as no earlier one can follow', () => {
  const shown: string[] = [];
  const merged = merger(3, ({text}) => void shown.push(text));
  for (let one = 1; one <= 3000; one += 1) merged.add(one % 2, line(one));
  assert.deepEqual(shown, []);
  merged.end(2);
  assert.equal(shown.length, 2999);
  merged.add(1, line(2));
  merged.flush();
  assert.deepEqual(shown.slice(-2), ['line 2', 'line 3000']);
  assert.deepEqual(
    shown.slice(0, 2999),
    Array.from({length: 2999}, (_, index) => `line ${index + 1}`),
  );
});

const passes = (text: string, filter: LogFilter): boolean => filterOf(filter)?.(fieldsOf(line(1, text)) ?? {}) ?? true;

test('a filter by level, request and fields takes lines of every format, and compares numbers as numbers', () => {
  const own = '{"level":"warning","status":99,"request_id":"r1","err":{"type":"Timeout"},"a.b":0,"path":"/orders/7"}';
  const ecs =
    '{"@timestamp":"2026-11-29T09:46:29.583Z","log.level":"error","http.response.status_code":500,"trace.id":"t1"}';
  const pino = '{"level":30,"time":1795945589583,"msg":"ready"}';
  for (const [text, filter, expected] of [
    [own, {}, true],
    [own, {level: 'warn'}, true],
    [own, {level: 'error'}, false],
    [ecs, {level: 'error'}, true],
    [pino, {level: 'info'}, true],
    [pino, {level: 'warn'}, false],
    [own, {request: 'r1'}, true],
    [ecs, {request: 't1'}, true],
    [ecs, {request: 'r1'}, false],
    [own, {where: ['status<500']}, true],
    [own, {where: ['status>=100']}, false],
    [ecs, {where: ['status = 500', 'level=error']}, true],
    [own, {where: ['err.type=Timeout', 'a.b=0']}, true],
    [own, {where: ['err.type!=Timeout']}, false],
    [own, {where: ['nothing!=x']}, true],
    [own, {where: ['nothing']}, false],
    [own, {where: ['err']}, true],
    [own, {where: ['path~/orders']}, true],
    [pino, {where: ['message=ready']}, true],
    ['plain text', {level: 'trace'}, false],
  ] as const)
    assert.equal(passes(text, filter), expected, `${text} ${JSON.stringify(filter)}`);
  assert.throws(
    () => filterOf({where: ['=5']}),
    (error) => isProblem(error) && error.exitCode === 64 && error.message.startsWith('--where==5 is no condition'),
  );
});

test('a log that is read again continues in each stream: no line twice, none left out, also where times are the same', () => {
  const all = [1, 2, 2, 2, 3, 5, 5, 8].flatMap((time, index) =>
    (['stdout', 'stderr'] as const).map((stream) => ({stream, text: `${at(time)} ${stream} ${index}`, time: at(time)})),
  );
  for (let first = 0; first <= all.length; first += 1)
    for (let second = 0; second <= all.length - first; second += 1) {
      const reader = resumableReader();
      const read: string[] = [];
      for (const most of [first, first + second, all.length]) {
        const since = reader.begin() ?? '';
        // A stream can lag behind the other where the connection breaks.
        for (const {stream, text, time} of all.slice(0, most))
          if (time >= since) {
            const taken = reader.take(text, stream);
            if (taken !== undefined) read.push(taken.text);
          }
      }
      assert.deepEqual(read.toSorted(), all.map(({stream}, index) => `${stream} ${Math.floor(index / 2)}`).toSorted());
    }
});

interface Attempt {
  readonly stdout?: string;
  readonly fails?: 'ssh' | 'engine' | 'driver';
}

/** Reads a log in attempts that end as these do. */
async function readIn(attempts: readonly Attempt[], {follow = true, states = ['exited']} = {}) {
  const [lines, notes]: [string[], string[]] = [[], []];
  let count = 0;
  let inspected = 0;
  const failure = (fails: Attempt['fails']): Error =>
    problem({
      code: fails === 'ssh' ? 'host_unreachable' : 'command_failed',
      what: 'failed',
      details: [fails === 'driver' ? 'configured logging driver does not support reading' : 'unexpected EOF'],
      exitCode: 1,
    });
  const {context, commands} = testContext({
    respond: (_, text) => {
      if (text.startsWith('docker inspect')) {
        inspected += 1;
        return {stdout: `${states[inspected - 1] ?? states.at(-1)}\n`};
      }
      return {stdout: attempts[count]?.stdout ?? ''};
    },
  });
  // The recording runner hands out what there is before it throws.
  const run = Object.assign(async (...words: Parameters<typeof context.run>) => {
    const result = await context.run(...words);
    const {fails} = attempts[count] ?? {};
    count += 1;
    if (fails !== undefined) throw failure(fails);
    return result;
  }, context.run) as typeof context.run;
  await readReplica({
    connection: {host: 'localhost', context: {...context, run}, sockets: 'none'} as never,
    container: 'shop.1a',
    follow,
    since: '10m',
    tail: 5,
    take: ({text}) => void lines.push(text),
    caughtUp: undefined,
    note: (text) => void notes.push(text),
  });
  return {lines, notes, commands};
}

test('following survives lost connections and a restart of the engine, and ends with the container', async () => {
  const {lines, notes, commands} = await readIn(
    [
      {stdout: printed(1, 2), fails: 'ssh'},
      {stdout: '', fails: 'engine'},
      {stdout: `${at(2)} line 2.1\n${at(2)} line 2.2\n`},
      {stdout: `${at(2)} line 2.1\n${at(2)} line 2.2\n${at(3)} line 3\n`},
    ],
    {states: ['running', 'exited']},
  );
  assert.deepEqual(lines, ['line 1.0', 'line 2.1', 'line 2.2', 'line 3']);
  assert.deepEqual(notes, ['shop.1a: lost the connection; trying again', 'shop.1a: reading on']);
  assert.deepEqual(
    commands.filter((text) => text.includes('logs')),
    [
      'docker logs --follow --timestamps --since 10m --tail 5 shop.1a',
      ...Array.from({length: 3}, () => `docker logs --follow --timestamps --since ${at(2)} shop.1a`),
    ],
  );
});

test('without --follow, a failure is reported at once, and so is what no new attempt can change', async () => {
  await assert.rejects(readIn([{stdout: printed(1), fails: 'ssh'}], {follow: false}), /failed/);
  await assert.rejects(readIn([{fails: 'driver'}], {follow: false}), /failed/);
});

test('where the host keeps nothing, or only the last lines, it says where to look, without a login', async () => {
  const {context} = testContext({
    respond: () => ({
      stdout: '{"Type":"syslog","Config":{"syslog-address":"tcp://jo:pw@logs.example:6514","syslog-tls-key":"k"}}\n',
    }),
  });
  const driver = await driverOf({host: 'localhost', context, sockets: 'none'} as never, 'shop.1a');
  const said = 'the host has only its last lines; all are here: syslog, syslog-address tcp://logs.example:6514';
  assert.equal(elsewhere(driver), said);
  assert.equal(
    elsewhere({
      type: 'splunk',
      options: {'splunk-url': 'https://s:8088', 'splunk-token': 't', 'cache-disabled': 'true'},
    }),
    'its lines are not on the host; look there: splunk, splunk-url https://s:8088',
  );
  assert.equal(elsewhere({type: 'none', options: {}}), 'its log driver is none: no line is kept anywhere');
  for (const type of ['json-file', 'local', 'journald', '']) assert.equal(elsewhere({type, options: {}}), undefined);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createLog, withContext} from '../../../src/log/index.ts';
import {recordedLog} from '../../support/log/lines.ts';

/** The fields of the one line that `write` makes. */
function fieldsOf(write: (log: ReturnType<typeof recordedLog>['log']) => void): Readonly<Record<string, unknown>> {
  const {log, fields} = recordedLog();
  write(log);
  assert.equal(fields().length, 1);
  return fields()[0] ?? {};
}

test('a line has the time, the level in two vocabularies, the process, and a number', () => {
  const {log, texts, lines} = recordedLog();
  log.warn({order: 7}, 'not paid');
  const {time, instance, ...rest} = lines()[0] ?? {};
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.match(String(instance), /^[0-9a-z]{10}$/);
  const expected = {level: 'warning', severity_text: 'WARN', message: 'not paid', order: 7, pid: process.pid, seq: 1};
  assert.deepEqual(rest, expected);
  assert.equal(
    texts[0],
    `{"time":"${time}","level":"warning","severity_text":"WARN","message":"not paid","order":7,"pid":${process.pid},"instance":"${instance}","seq":1}\n`,
  );
});

test('the level of each method, in a line', () => {
  const {log, lines} = recordedLog();
  for (const name of ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const) log[name]('x');
  assert.deepEqual(
    lines().map(({level, severity_text: severity, seq}) => [level, severity, seq]),
    [
      ['trace', 'TRACE', 1],
      ['debug', 'DEBUG', 2],
      ['info', 'INFO', 3],
      ['warning', 'WARN', 4],
      ['error', 'ERROR', 5],
      ['fatal', 'FATAL', 6],
    ],
  );
});

test('fields and message in the forms of pino, and in the order of other loggers: nothing is dropped', () => {
  const error = Object.assign(new RangeError('too many'), {stack: 'RangeError: too many\n    at shop'});
  const err = {type: 'RangeError', message: 'too many', stack: 'RangeError: too many\n    at shop'};
  const {log, fields} = recordedLog();
  log.info('ready');
  log.info({a: 1});
  log.info({a: 1}, 'with %s of %d %j', 'two', 3, {b: 4});
  log.info('%s left', 5);
  log.info('placed', {a: 1});
  log.info('not placed', error);
  log.error(error);
  log.error(error, 'own words');
  log.error({err: error, a: 1});
  log.info({message: 'as a field', msg: 'a field'});
  log.info({message: 'of the field'}, 'of the call');
  log.info('more', 1, 'words');
  log.info([1], 'a list');
  log.info(new Map([['a', 1]]));
  log.info(new URL('http://shop.example'));
  assert.deepEqual(fields(), [
    {message: 'ready'},
    {a: 1},
    {message: 'with two of 3 {"b":4}', a: 1},
    {message: '5 left'},
    {message: 'placed', a: 1},
    {message: 'not placed', err},
    {message: 'too many', err},
    {message: 'own words', err},
    {message: 'too many', err, a: 1},
    {message: 'as a field', msg: 'a field'},
    {message: 'of the call', message_: 'of the field'},
    {message: 'more 1 words'},
    {message: 'a list', value: [1]},
    {a: 1},
    {value: 'http://shop.example/'},
  ]);
});

test('values that JSON has no form for', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = [circle];
  const value = {
    big: 2n ** 70n,
    nothing: undefined,
    not: null,
    nan: Number.NaN,
    symbol: Symbol('s'),
    call: () => 1,
    map: new Map<unknown, unknown>([['a', new Set([1])]]),
    date: new Date(0),
    never: new Date(Number.NaN),
    bytes: Buffer.from('abc'),
    url: new URL('https://shop.example/a'),
    pattern: /a+/g,
    sparse: [undefined, () => 1],
    circle,
  };
  assert.deepEqual(
    fieldsOf((log) => log.info(value)),
    {
      big: '1180591620717411303424',
      not: null,
      nan: null,
      symbol: 'Symbol(s)',
      map: {a: [1]},
      date: '1970-01-01T00:00:00.000Z',
      never: null,
      bytes: '[Buffer, 3 bytes]',
      url: 'https://shop.example/a',
      pattern: '/a+/g',
      sparse: [null, null],
      circle: {self: ['[circular]']},
    },
  );
});

const thrower = (): never => {
  throw new Error('no');
};

test('what throws costs its own value alone', () => {
  const value = {
    ok: 1,
    get getter() {
      return thrower();
    },
    json: {toJSON: thrower},
    keys: new Proxy({}, {ownKeys: thrower}),
    inner: [new Proxy({a: 1}, {get: thrower}), 2],
    error: Object.defineProperty(new Error('x'), 'stack', {get: thrower}),
  };
  const unreadable = '[unreadable]';
  assert.deepEqual(
    fieldsOf((log) => log.info(value, 'm')),
    {
      message: 'm',
      ok: 1,
      getter: unreadable,
      json: unreadable,
      keys: unreadable,
      inner: [{a: unreadable}, 2],
      error: {type: 'Error', message: 'x', stack: unreadable},
    },
  );
  assert.deepEqual(
    fieldsOf((log) => log.info(new Proxy({}, {ownKeys: thrower, get: thrower}), 'm')),
    {message: 'm', fields: unreadable},
  );
});

test('controls, separators and lone surrogates are escaped: a line is one line for every reader', () => {
  const {log, texts, fields} = recordedLog();
  const text = 'a\n\r\0\u001b[31m\u007f\u009b\u0085\u2028\u2029\ud800b\udc00 é😀';
  log.info({[text]: text}, text);
  assert.match(texts[0] ?? '', /^[^\p{Cc}\u2028\u2029\p{Cs}]*\n$/u);
  assert.deepEqual(fields(), [{message: text, [text]: text}]);
});

test('an error is one event: its stack, its own fields, its causes and the errors that it collects', () => {
  const cause = Object.assign(new Error('refused'), {stack: 'S1', code: 'ECONNREFUSED'});
  const error = Object.assign(new AggregateError([cause], 'all failed', {cause}), {stack: 'S2\n at', status: 502});
  const inner = {type: 'Error', message: 'refused', stack: 'S1', code: 'ECONNREFUSED'};
  assert.deepEqual(fieldsOf((log) => log.error(error))['err'], {
    type: 'AggregateError',
    message: 'all failed',
    stack: 'S2\n at',
    status: 502,
    cause: inner,
    errors: [inner],
  });
});

test('a child has its fields as they were; those of an event win; no name is in a line twice', () => {
  const {log, texts, fields} = recordedLog();
  const order = {id: 1};
  const child = log.child({order, a: 1, level: 'x'}).child({a: 2, request_id: 'r1'});
  order.id = 2;
  withContext({request_id: 'r2', a: 3, job: 4}, () => {
    child.info({b: 5});
    child.info({a: 6, job: 7});
  });
  assert.deepEqual(fields(), [
    {job: 4, order: {id: 1}, level_: 'x', a: 2, request_id: 'r1', b: 5},
    {order: {id: 1}, level_: 'x', request_id: 'r1', a: 6, job: 7},
  ]);
  for (const text of texts) {
    const names = [...text.matchAll(/[{,]"(\w+)":/g)].map(([, name]) => name);
    assert.equal(new Set(names).size, names.length, text);
  }
});

test('serializers of a child, as fastify passes them', () => {
  const {log, fields} = recordedLog();
  const serializers = {
    req: ({method}: {method: string}) => ({method}),
    bad: () => {
      throw new Error('no');
    },
  };
  log.child({}, {serializers}).info({req: {method: 'GET', socket: {}}, bad: 1}, 'incoming');
  assert.deepEqual(fields(), [{message: 'incoming', req: {method: 'GET'}, bad: '[unreadable]'}]);
});

test('levels: of the root for all without one of their own, at once; a wrong one is refused', () => {
  const {log, lines} = recordedLog('json', 'warn');
  const child = log.child({});
  const own = log.child({}, {level: 'ERROR'});
  const count = (write: () => void): number => {
    const before = lines().length;
    write();
    return lines().length - before;
  };
  assert.equal(
    count(() => child.info('x')),
    0,
  );
  log.level = 'debug';
  assert.deepEqual([child.level, own.level], ['debug', 'error']);
  assert.equal(
    count(() => child.debug('x')),
    1,
  );
  assert.equal(
    count(() => own.warn('x')),
    0,
  );
  log.level = 'silent';
  assert.equal(
    count(() => child.fatal('x')),
    0,
  );
  assert.deepEqual([own.isLevelEnabled('error'), child.isLevelEnabled('fatal')], [true, false]);
  assert.throws(() => (log.level = 'loud'), {
    code: 'bad_log_level',
    fix: 'use trace, debug, info, warn, error, fatal or silent',
  });
  assert.throws(() => createLog({level: 'loud'}), {code: 'bad_log_level'});
});

test('ECS names', () => {
  const {log, lines} = recordedLog('ecs');
  const error = Object.assign(new Error('x'), {stack: 'S'});
  withContext({request_id: 'r', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`}, () =>
    log.warn({err: error, event: 'order_lost', order: 1}),
  );
  const {'@timestamp': time, 'process.entity_id': instance, ...rest} = lines()[0] ?? {};
  assert.equal(typeof time, 'string');
  assert.equal(typeof instance, 'string');
  assert.deepEqual(rest, {
    'log.level': 'warning',
    message: 'x',
    'http.request.id': 'r',
    'trace.id': 'a'.repeat(32),
    'span.id': 'b'.repeat(16),
    error: {type: 'Error', message: 'x', stack_trace: 'S'},
    'event.action': 'order_lost',
    order: 1,
    'process.pid': process.pid,
    'event.sequence': 1,
    'ecs.version': '8.11.0',
  });
});

test('readable lines: what a reader needs, with stacks below; a value cannot write to the terminal', () => {
  const {log, texts} = recordedLog('text');
  const cause = Object.assign(new Error('refused'), {stack: 'Error: refused\n    at db'});
  const error = Object.assign(new Error('not paid', {cause}), {stack: 'Error: not paid\n    at shop', code: 'E1'});
  log.info({order: 7, note: 'two words', evil: '\u001b[2Jx'}, 'placed\n\u001b[31m');
  log.error({err: error, order: 8});
  assert.deepEqual(
    texts.map((text) => text.replaceAll(/^\d\d:\d\d:\d\d/g, 'TIME')),
    [
      'TIME info placed\\u000a\\u001b[31m order=7 note="two words" evil=\\u001b[2Jx\n',
      [
        'TIME error not paid err="Error: not paid" {"code":"E1"} order=8',
        '         Error: not paid',
        '             at shop',
        '         caused by Error: refused',
        '             at db',
        '',
      ].join('\n'),
    ],
  );
});

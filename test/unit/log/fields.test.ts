import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import type {IncomingMessage} from 'node:http';
import type {Socket} from 'node:net';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {test} from 'node:test';
import {withContext} from '../../../src/log/index.ts';
import {type Log, serverLog} from '../../../src/server/process/log.ts';
import {accessLog} from '../../../src/server/records/access-log.ts';
import {recordedLog} from '../../support/log/lines.ts';

const manual = readFileSync(join(import.meta.dirname, '../../../docs/logs.md'), 'utf8');

/** The rows of the table of fields: names, and the columns by their headings. */
const rows = manual
  .split('\n')
  .filter((line) => line.startsWith('| `') && line.split('|').length === 8)
  .flatMap((line) => {
    const [, names = '', , own = '', server = '', access = '', ecs = ''] = line.split('|').map((cell) => cell.trim());
    return [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => ({name, own, server, access, ecs}));
  });

type Column = 'own' | 'server' | 'access';
const namesOf = (column: Column, always = false): readonly string[] =>
  rows
    .filter((row) => (always ? row[column] === 'yes' : row[column] !== ''))
    .map(({name}) => name)
    .toSorted();

/** A line in a request, with an error, and too long: it has every field. */
function fullLine(format: 'json' | 'ecs'): Readonly<Record<string, unknown>> {
  const {log, lines} = recordedLog(format);
  const context = {request_id: 'r1', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`};
  const err = Object.assign(new Error('x'), {note: 'y'.repeat(9000)});
  withContext(context, () => log.error({event: 'order_lost', logger: 'orders', err}, 'm'));
  return lines()[0] ?? {};
}

type Form = 'json' | 'ecs';

function serverLine(fields: Readonly<Record<string, unknown>>, form: Form = 'json'): Readonly<Record<string, unknown>> {
  let text = '';
  const log: Log = serverLog({write: (line) => (text = line), form, colour: false, now: () => new Date()});
  log('warning', 'worker_exited', fields);
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}

const shape = (value: unknown): unknown =>
  typeof value === 'string' ? value.replaceAll(/[\da-z]/g, '0') : typeof value;

test('the table has exactly the fields of a line of entrypoint/log', () => {
  assert.deepEqual(Object.keys(fullLine('json')).toSorted(), namesOf('own'));
  const {log, lines} = recordedLog();
  log.info({});
  assert.deepEqual(Object.keys(lines()[0] ?? {}).toSorted(), namesOf('own', true));
});

/** An event of the server with every field. */
const long = {message: 'm', stack: '    at x (y:1:1)\n'.repeat(1000)};

function accessLine(form: Form): Readonly<Record<string, unknown>> {
  const written: string[] = [];
  const headers = ['x-request-id', 'r1', 'traceparent', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`];
  const request = {method: 'GET', url: '/quotes?a=1', headers: {}, rawHeaders: headers} as unknown as IncomingMessage;
  const socket = {remoteAddress: '10.0.0.7', bytesWritten: 0} as unknown as Socket;
  const log = accessLog('json', form, {add: (line) => void written.push(line), flush: () => {}, dropped: () => 0});
  log.onRequestEnd({socket, request, response: undefined, status: 200, milliseconds: 3.93, bytes: 17});
  log.onRequestEnd({socket, request, response: undefined, status: 200, milliseconds: 1, bytes: 17});
  const [first, second] = written.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  const seq = form === 'ecs' ? 'event.sequence' : 'seq';
  assert.deepEqual([first?.[seq], second?.[seq]], [1, 2]);
  return first ?? {};
}

test('the table has the names in ECS, of every column', () => {
  const columns = {own: fullLine('ecs'), server: serverLine(long, 'ecs'), access: accessLine('ecs')};
  for (const [column, line] of Object.entries(columns)) {
    const expected = rows.flatMap((row) =>
      row[column as Column] === '' ? [] : (/`([^`]+)`/.exec(row.ecs)?.[1] ?? []),
    );
    assert.deepEqual(Object.keys(line).toSorted(), [...expected, 'ecs.version'].toSorted(), column);
  }
  assert.equal(columns.access['event.duration'], 3_930_000);
});

test('the table has the fields of the lines of the app server, which mean the same', () => {
  const access = accessLine('json');
  assert.deepEqual(Object.keys(access).toSorted(), namesOf('access'));
  assert.equal(access['ms'], 3.93);
  assert.deepEqual(Object.keys(serverLine(long)).toSorted(), namesOf('server'));
  const own = fullLine('json');
  for (const other of [access, serverLine({})])
    assert.deepEqual(
      ['time', 'instance', 'seq', 'pid'].map((name) => shape(other[name])),
      ['time', 'instance', 'seq', 'pid'].map((name) => shape(own[name])),
    );
  for (const name of ['request_id', 'trace_id', 'span_id']) assert.deepEqual(access[name], own[name]);
});

test('the levels of the app server are those of entrypoint/log', () => {
  const {log, lines} = recordedLog();
  log.warn('x');
  assert.equal(lines()[0]?.['level'], serverLine({})['level']);
});

test('the query of the manual finds each gap, and no other', () => {
  const query = /```sql\n([^`]+)```/.exec(manual)?.[1] ?? '';
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE lines (instance TEXT, seq INTEGER)');
  const insert = database.prepare('INSERT INTO lines VALUES (?, ?)');
  const logs = [recordedLog(), recordedLog(), recordedLog()];
  for (const [at, {log, lines}] of logs.entries()) {
    for (let count = 0; count < 100; count += 1) log.info('x');
    for (const {instance, seq} of lines())
      // Of the first, two lines are lost, of the second, the very first one.
      if (!(at === 0 && [40, 41].includes(Number(seq))) && !(at === 1 && seq === 1))
        insert.run(String(instance), Number(seq));
  }
  const instances = logs.map(({lines}) => lines()[0]?.['instance']);
  const found = database.prepare(query).all() as {instance: string; lost: number}[];
  assert.deepEqual(
    new Map(found.map(({instance, lost}) => [instance, lost])),
    new Map([
      [instances[0], 2],
      [instances[1], 1],
    ]),
  );
});

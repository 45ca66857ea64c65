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

function serverLine(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  let text = '';
  const log: Log = serverLog({write: (line) => (text = line), readable: false, colour: false, now: () => new Date()});
  log('warning', 'worker_exited', fields);
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}

const form = (value: unknown): unknown => (typeof value === 'string' ? value.replaceAll(/\d/g, '0') : typeof value);

test('the table has exactly the fields of a line of entrypoint/log', () => {
  assert.deepEqual(Object.keys(fullLine('json')).toSorted(), namesOf('own'));
  const {log, lines} = recordedLog();
  log.info({});
  assert.deepEqual(Object.keys(lines()[0] ?? {}).toSorted(), namesOf('own', true));
});

test('the table has the names in ECS', () => {
  const expected = rows.flatMap(({ecs}) => /`([^`]+)`/.exec(ecs)?.[1] ?? []);
  assert.deepEqual(Object.keys(fullLine('ecs')).toSorted(), [...expected, 'ecs.version'].toSorted());
});

test('the table has the fields of the lines of the app server, which mean the same', () => {
  const written: string[] = [];
  const headers = ['x-request-id', 'r1', 'traceparent', `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`];
  const request = {method: 'GET', url: '/quotes?a=1', headers: {}, rawHeaders: headers} as unknown as IncomingMessage;
  const socket = {remoteAddress: '10.0.0.7', bytesWritten: 0} as unknown as Socket;
  const log = accessLog('json', false, {add: (line) => void written.push(line), flush: () => {}, dropped: () => 0});
  log.onRequestEnd({socket, request, response: undefined, status: 200, milliseconds: 1, bytes: 17});
  const access = JSON.parse(written[0] ?? '') as Readonly<Record<string, unknown>>;
  assert.deepEqual(Object.keys(access).toSorted(), namesOf('access'));
  assert.deepEqual(Object.keys(serverLine({message: 'm', stack: 's'})).toSorted(), namesOf('server'));
  const own = fullLine('json');
  for (const other of [access, serverLine({})])
    assert.deepEqual([form(other['time']), other['pid']], [form(own['time']), own['pid']]);
  assert.deepEqual([access['request_id'], access['trace_id']], [own['request_id'], own['trace_id']]);
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

import assert from 'node:assert/strict';
import {createServer, type IncomingMessage, request as send, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {withContext} from '../../../src/log/index.ts';
import {identifyRequests} from '../../../src/server/records/request-id.ts';
import {recordedLog} from '../../support/log/lines.ts';
import {until} from '../../support/until.ts';

const trace = (at: number): string => `00-${String(at).padStart(32, '4')}-${String(at).padStart(16, '7')}-01`;

test('lines of a request have its id and trace: in the handler, after a wait, in events of its body and its end', async (t) => {
  const {log, lines} = recordedLog();
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const of = request.headers['x-expected'];
    const say = (where: string): void => log.info({of}, where);
    say('handler');
    // As body parsers do, from whose events frameworks call the handler.
    request.on('data', () => say('data')).on('end', () => say('end'));
    response.on('finish', () => say('finish')).on('close', () => say('close'));
    await sleep(2);
    say('waited');
    response.end('done');
  };
  const server = createServer((request, response) => void handle(request, response));
  identifyRequests(server, {trace: true});
  t.after(() => server.close());
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  // More requests than connections, which are kept alive: an id must not stay with a connection.
  const {Agent} = await import('node:http');
  const agent = new Agent({keepAlive: true, maxSockets: 3});
  t.after(() => agent.destroy());
  const post = (at: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = {'x-request-id': `r${at}`, 'x-expected': `r${at}`, traceparent: trace(at)};
      const request = send(
        {port, agent, method: 'POST', headers},
        (response) => void response.resume().on('end', resolve),
      );
      request.on('error', reject).write('one');
      setTimeout(() => request.end('two'), at % 3);
    });
  await Promise.all(Array.from({length: 30}, (_, at) => post(at)));
  const where = ['handler', 'data', 'end', 'waited', 'finish', 'close'];
  await until('all lines', () => lines().filter(({message}) => message === 'close').length === 30, 5);
  for (const {of, request_id: id, trace_id: traceId, span_id: spanId, message} of lines()) {
    const [, expectedTrace, expectedSpan] = trace(Number(String(of).slice(1))).split('-');
    assert.deepEqual([id, traceId, spanId], [of, expectedTrace, expectedSpan], String(message));
  }
  assert.deepEqual([...new Set(lines().map(({message}) => message))].toSorted(), where.toSorted());
  log.info('outside');
  assert.equal(lines().at(-1)?.['request_id'], undefined);
});

test('an id and a trace that the app server added, and none from a header that is not valid', async (t) => {
  const {log, lines} = recordedLog();
  const server = createServer((request, response) => {
    log.info({seen: request.headers['x-request-id']});
    response.end();
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await fetch(url, {headers: {'x-request-id': 'two "words"', traceparent: 'nonsense'}});
  identifyRequests(server, {trace: true});
  await fetch(url);
  const [without, added] = lines();
  assert.deepEqual(
    [without?.['request_id'], without?.['trace_id'], without?.['span_id']],
    [undefined, undefined, undefined],
  );
  assert.match(String(added?.['request_id']), /^[0-9a-f]{32}$/);
  assert.deepEqual([added?.['request_id'], added?.['trace_id']], [added?.['seen'], added?.['request_id']]);
});

test('a context of the service itself: nested, kept after a wait, without what is not valid', async () => {
  const {log, fields} = recordedLog();
  const result = await withContext({request_id: 'job-1', traceparent: trace(1), queue: 'orders'}, async () => {
    await sleep(1);
    log.info('outer');
    withContext({attempt: 2, queue: 'retries', traceparent: 'nonsense'}, () => log.info({attempt: 3}, 'inner'));
    return 4;
  });
  const [, trace_id, span_id] = trace(1).split('-');
  assert.equal(result, 4);
  assert.deepEqual(fields(), [
    {message: 'outer', request_id: 'job-1', trace_id, span_id, queue: 'orders'},
    {message: 'inner', request_id: 'job-1', trace_id, span_id, queue: 'retries', attempt: 3},
  ]);
});

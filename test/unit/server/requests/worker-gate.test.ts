import assert from 'node:assert/strict';
import {EventEmitter} from 'node:events';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {test} from 'node:test';
import {workerGate} from '../../../../src/server/requests/gate.ts';
import {examiner} from '../../../../src/server/requests/strictness.ts';

function requestAndResponse(
  url = '/',
  rawHeaders: string[] = [],
): {request: IncomingMessage; response: ServerResponse & {status?: number}} {
  const response = Object.assign(new EventEmitter(), {
    shouldKeepAlive: true,
    destroyed: false,
    writeHead(status: number) {
      return Object.assign(this, {status});
    },
    end: () => {},
  });
  return {
    request: {url, method: 'GET', httpVersion: '1.1', rawHeaders, socket: {}} as unknown as IncomingMessage,
    response: response as unknown as ServerResponse,
  };
}

const settings = {
  readyPath: '/readyz',
  maxBodySize: 100,
  maxRequests: 0,
  maxRequestsJitter: 0,
  strictHttp: true,
  strictContentLength: false,
};
const none = {examine: examiner(true), unread: () => {}, draining: () => false, full: () => false, recycle: () => {}};

test("readiness is the service's own until the worker drains, then 503", () => {
  let draining = false;
  const served: string[] = [];
  const gate = workerGate({
    ...none,
    settings,
    draining: () => draining,
    serve: (request) => void served.push(request.url ?? ''),
  });
  const ask = (url: string): number | undefined => {
    const {request, response} = requestAndResponse(url);
    gate(request, response, () => {});
    return response.status;
  };
  assert.deepEqual(['/readyz', '/other'].map(ask), [undefined, undefined]);
  draining = true;
  assert.deepEqual(['/readyz', '/readyz?x', '/readyzz', '/other'].map(ask), [503, 503, undefined, undefined]);
  assert.deepEqual(served, ['/readyz', '/other', '/readyzz', '/other']);
});

test('a worker asks to be recycled once, between max-requests and the jitter above it', () => {
  for (let round = 0; round < 50; round += 1) {
    const at: number[] = [];
    let count = 0;
    const gate = workerGate({
      ...none,
      settings: {...settings, maxRequests: 10, maxRequestsJitter: 5},
      recycle: () => at.push(count),
      serve: () => {},
    });
    for (count = 1; count <= 40; count += 1) {
      const {request, response} = requestAndResponse();
      gate(request, response, () => {});
    }
    assert.equal(at.length, 1);
    assert.ok((at[0] ?? 0) >= 10 && (at[0] ?? 0) <= 15, String(at));
  }
});

test('at the connection limit, every response says close', () => {
  const gate = workerGate({...none, settings, full: () => true, serve: () => {}});
  const {request, response} = requestAndResponse();
  gate(request, response, () => {});
  assert.equal(response.shouldKeepAlive, false);
});

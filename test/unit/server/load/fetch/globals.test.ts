import assert from 'node:assert/strict';
import {createServer, type RequestListener, request as httpRequest} from 'node:http';
import type {AddressInfo} from 'node:net';
import {test, type TestContext} from 'node:test';
import {fetchListener, type FetchHandler} from '../../../../../src/server/load/fetch/listener.ts';

const Native = globalThis.Response;
const NativeRequest = globalThis.Request;
fetchListener(() => new Response());

async function listen(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.after(() => void server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Serves one handler for one POST of `text`; what it returned. */
async function post<T>(t: TestContext, text: string, handler: (request: Request) => T | Promise<T>): Promise<T> {
  const result = Promise.withResolvers<T>();
  const serve: FetchHandler = async (request) => {
    try {
      result.resolve(await handler(request));
    } catch (error) {
      result.reject(error);
    }
    return new Response();
  };
  const origin = await listen(t, fetchListener(serve));
  const sent = httpRequest(`${origin}/path`, {method: 'POST', headers: {'content-type': 'application/json'}});
  sent.on('response', (response) => response.resume()).end(text);
  return result.promise;
}

test('a Response with text is one of undici: instanceof, headers, status, body and methods', async () => {
  const response = new Response('grüß', {status: 201, statusText: 'Made', headers: {'x-own': '1'}});
  assert.ok(response instanceof Response && response instanceof Native);
  assert.deepEqual([response.status, response.statusText, response.ok], [201, 'Made', true]);
  assert.equal(response.headers.get('content-type'), 'text/plain;charset=UTF-8');
  assert.equal(response.bodyUsed, false);
  const copy = response.clone();
  assert.equal(await response.text(), 'grüß');
  assert.equal(response.bodyUsed, true);
  await assert.rejects(response.text(), TypeError);
  assert.throws(() => response.clone(), TypeError);
  assert.equal(copy.headers.get('x-own'), '1');
  assert.equal(await new Response(copy.body, copy).text(), 'grüß');
  assert.equal(copy.bodyUsed, true);
  assert.deepEqual(await Response.json({a: 1}).json(), {a: 1});
  assert.equal(Response.json(1, {headers: {'content-type': 'x/y'}}).headers.get('content-type'), 'x/y');
  assert.equal((await new Response('x', {headers: {'content-type': 'a/b'}}).blob()).type, 'a/b');
});

test('headers of a Response are the same from an object, from Headers and from pairs', async () => {
  const pairs: [string, string][] = [
    ['Content-Type', 'text/html'],
    ['x-own', ' padded '],
    ['x-latin', '\u00e9'],
  ];
  for (const headers of [pairs, new Headers(pairs), Object.fromEntries(pairs)]) {
    for (const body of ['text', new Uint8Array([116])]) {
      const expected = [...new Native(body, {headers}).headers];
      assert.deepEqual([...new Response(body, {headers}).headers], expected);
      assert.deepEqual(
        [...new Response(body, {headers: Object.fromEntries(expected.slice(0, 1))}).headers],
        [['content-type', 'text/html']],
      );
    }
  }
  const joined = {A: '1', a: '2'};
  assert.equal(
    new Response('x', {headers: joined}).headers.get('a'),
    new Native('x', {headers: joined}).headers.get('a'),
  );
  const response = new Response('x');
  response.headers.set('x-own', '1');
  assert.deepEqual([...response.clone().headers.keys()], ['content-type', 'x-own']);
  assert.equal(Response.json(1, {headers: [['x-own', '1']]}).headers.get('content-type'), 'application/json');
});

test('what undici refuses is refused', () => {
  assert.throws(() => new Response('x', {status: 204}), TypeError);
  assert.throws(() => new Response('x', {status: 99}), RangeError);
  assert.throws(() => new Response('x', {headers: {'x-own': 'a\nb'}}), TypeError);
  assert.throws(() => Response.json(undefined), TypeError);
  assert.throws(() => Reflect.apply(Response as unknown as () => void, undefined, []), TypeError);
});

test('bytes of a Response are those at the time it was made', async () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const response = new Response(bytes);
  bytes.fill(0);
  assert.deepEqual([...(await response.bytes())], [1, 2, 3]);
  assert.equal(response.headers.get('content-type'), null);
});

test('classes that extend Response and Request, redirects, errors and responses of fetch are of the same kind', async (t) => {
  class Own extends Response {}
  class OwnRequest extends Request {}
  assert.ok(new Own('x') instanceof Own && !(new Response('x') instanceof Own));
  assert.equal(await new Own('x').text(), 'x');
  assert.ok(new OwnRequest('http://a/') instanceof OwnRequest);
  assert.ok(Response.redirect('http://a/') instanceof Response);
  assert.equal(Response.error().type, 'error');
  assert.ok((await fetch(await listen(t, (_, response) => void response.end()))) instanceof Response);
});

test('the request of a handler is a Request: properties, headers, copies, and the body by every method', async (t) => {
  const seen = await post(t, '{"a": 1}', async (request) => {
    assert.ok(request instanceof Request && request instanceof NativeRequest);
    assert.equal(request.method, 'POST');
    assert.equal(new URL(request.url).pathname, '/path');
    assert.equal(request.headers.get('content-type'), 'application/json');
    assert.equal(request.redirect, 'follow');
    assert.equal(request.signal.aborted, false);
    const copy = request.clone();
    const other = new Request(copy, {headers: {'x-own': '1'}});
    assert.equal(other.headers.get('x-own'), '1');
    return [await request.json(), await other.text(), request.bodyUsed];
  });
  assert.deepEqual(seen, [{a: 1}, '{"a": 1}', true]);
  assert.equal(await post(t, '\ufeffabc', (request) => request.text()), 'abc');
  assert.equal((await post(t, 'abc', (request) => request.bytes())).length, 3);
  assert.equal((await post(t, 'abc', (request) => request.arrayBuffer())).byteLength, 3);
  assert.equal((await post(t, 'abc', (request) => request.blob())).type, 'application/json');
  await assert.rejects(
    post(t, 'abc', (request) => request.json()),
    SyntaxError,
  );
});

test('a body is read once: by a method, by its stream, or by another request', async (t) => {
  await assert.rejects(
    post(t, 'abc', async (request) => [await request.text(), await request.text()]),
    /already been read/,
  );
  await post(t, 'abc', async (request) => {
    await request.text();
    assert.ok(request.bodyUsed && request.body?.locked);
    assert.throws(() => new Request(request), TypeError);
    assert.throws(() => request.clone(), TypeError);
  });
  await post(t, 'abc', async (request) => {
    assert.equal(await new Response(request.body).text(), 'abc');
    assert.equal(request.bodyUsed, true);
    await assert.rejects(request.text(), TypeError);
  });
  const byob = await post(t, 'abc', async (request) => {
    const reader = request.body?.getReader({mode: 'byob'});
    return (await reader?.read(new Uint8Array(10)))?.value;
  });
  assert.deepEqual(Buffer.from(byob ?? []).toString(), 'abc');
});

test('a request without a body has none, also a POST with Content-Length: 0', async (t) => {
  const seen = await post(t, '', async (request) => [request.body, request.bodyUsed, await request.text()]);
  assert.deepEqual(seen, [null, false, '']);
});

test('a request is passed on with fetch, with its body', async (t) => {
  const upstream = await listen(t, (request, response) => {
    response.writeHead(200, {'x-method': request.method ?? '', 'x-type': request.headers['content-type'] ?? ''});
    request.pipe(response);
  });
  const got = await post(t, '{"a": 1}', async (request) => {
    const response = await fetch(new Request(upstream, request));
    return [response.headers.get('x-method'), response.headers.get('x-type'), await response.text()];
  });
  assert.deepEqual(got, ['POST', 'application/json', '{"a": 1}']);
});

test('fetch takes the request itself', async (t) => {
  let calls = 0;
  const origin = await listen(
    t,
    fetchListener(async (request) => {
      calls += 1;
      return calls === 1 ? fetch(request) : new Response(`${request.method} ${await request.text()}`);
    }),
  );
  const response = await fetch(origin, {method: 'PUT', body: 'abc'});
  assert.deepEqual([await response.text(), calls], ['PUT abc', 2]);
});

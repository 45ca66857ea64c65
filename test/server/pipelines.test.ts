import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {until} from '../support/until.ts';
import {rawConnection, startServer} from './support.ts';

// When a client disconnects, the requests that it had pipelined end with its connection.

const service = `
  export default async (request, response) => {
    const {url} = request;
    if (url.startsWith('/slow')) await new Promise((resolve) => setTimeout(resolve, 300));
    if (url.startsWith('/body')) {
      request.once('error', () => console.log('no body ' + url));
      // Without the rest of the body there is no response.
      try { for await (const _ of request); } catch { return; }
    }
    response.end('answer to ' + url);
  };
`;
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: service\r\n\r\n`;

for (const kind of ['async', 'sync', 'threads'] as const) {
  test(`${kind}: a client that disconnects in the middle of its pipeline does not block others`, async (t) => {
    const server = await startServer(t, {module: service, flags: ['--workers=1', `--worker-class=${kind}`]});
    for (let count = 0; count < 3; count += 1) {
      const client = await rawConnection(t, server.port);
      client.write(
        `${get('/slow1')}${get('/slow2')}POST /body HTTP/1.1\r\nHost: service\r\nContent-Length: 10\r\n\r\nhalf`,
      );
      await sleep(100);
      client.destroy();
    }
    assert.equal((await server.get('/other', {seconds: 5})).body, 'answer to /other');
  });
}

test('sync: a pipeline that is rejected or aborted while it waits for the worker does not block others', async (t) => {
  const server = await startServer(t, {module: service, flags: ['--workers=1', '--worker-class=sync']});
  for (const more of ['', get('/second'), `${get('/second')}nonsense\r\n\r\n`, 'nonsense\r\n\r\n']) {
    const busy = server.get('/slow');
    await sleep(50);
    const client = await rawConnection(t, server.port);
    client.write(get('/first') + more);
    await sleep(50);
    client.destroy();
    assert.equal((await busy).body, 'answer to /slow');
    assert.equal((await server.get('/other', {seconds: 5})).body, 'answer to /other');
  }
});

test('threads: a handler gets an error when the body of a pipelined request never arrives', async (t) => {
  const server = await startServer(t, {
    module: service,
    flags: ['--workers=1', '--worker-class=threads', '--threads=1'],
  });
  const client = await rawConnection(t, server.port);
  client.write(`${get('/slow')}POST /body HTTP/1.1\r\nHost: service\r\nContent-Length: 10\r\n\r\nhalf`);
  await sleep(100);
  client.destroy();
  await until('the handler gets the error', () => server.output().includes('no body /body'));
  assert.equal((await server.get('/other', {seconds: 5})).body, 'answer to /other');
});

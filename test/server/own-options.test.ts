import assert from 'node:assert/strict';
import {test} from 'node:test';
import {rawConnection, startServer} from './support.ts';

// What a service sets on its own http.Server.

const service = `
import {createServer} from 'node:http';
const options = {requireHostHeader: false, insecureHTTPParser: true, requestTimeout: 5000, maxHeaderSize: 4096};
const server = createServer(options, (request, response) =>
  response.end(JSON.stringify([request.headers.x ?? '', Object.keys(request.headers).length])));
server.maxHeadersCount = 5;
server.maxRequestsPerSocket = 2;
export default server;`;

test("options of the service's own server count with async and threads, and the limits that the settings replace are named", async (t) => {
  const check = async (workerClass: string): Promise<readonly string[]> => {
    const server = await startServer(t, {
      module: service,
      flags: ['--workers=1', `--worker-class=${workerClass}`, '--no-request-id'],
    });
    const event = await server.event('own_limits');
    assert.deepEqual(
      [event.level, event['message'], event['fix']],
      [
        'warning',
        "limits set on the service's own http.Server are ignored: maxHeaderSize 4096 (here 16384), requestTimeout 5000 (here 300000)",
        'set --max-header-size=4096 --request-timeout=5, or remove them from the service',
      ],
    );
    const client = await rawConnection(t, server.port);
    // Without Host, and with a control character.
    client.write('GET / HTTP/1.1\r\nX: a\x01b\r\n\r\n');
    await client.until(/\]$/);
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.closed;
    const large = await rawConnection(t, server.port);
    large.write(`GET / HTTP/1.1\r\nHost: x\r\n${[1, 2, 3, 4, 5].map((n) => `F${n}: x\r\n`).join('')}\r\n`);
    await large.closed;
    const lines = `${client.received()}\r\n${large.received()}`.split(/\r\n|(?=HTTP)/);
    return lines.filter((line) => /^(?:HTTP|Connection|Keep-Alive|\[)/.test(line));
  };
  const expected = [
    'HTTP/1.1 200 OK',
    'Connection: keep-alive',
    'Keep-Alive: timeout=75, max=2',
    '["a\\u0001b",1]',
    'HTTP/1.1 200 OK',
    'Connection: close',
    '["",1]',
    'HTTP/1.1 431 Request Header Fields Too Large',
    'Connection: close',
  ];
  const [async, threads] = await Promise.all(['async', 'threads'].map(check));
  assert.deepEqual(async, expected);
  assert.deepEqual(threads, expected);
});

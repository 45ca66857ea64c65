import assert from 'node:assert/strict';
import {connect as connectHttp2} from 'node:http2';
import {test, type TestContext} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {connect as connectTls} from 'node:tls';
import {makeCertificate} from '../../support/certificate.ts';
import {directoryWith} from '../../support/directory.ts';
import {until} from '../../support/until.ts';
import {type RawConnection, rawConnection, startServer} from '../support.ts';

const listeners = `
function serve(request, response) {
  if (request.url === "/events") {
    response.writeHead(200, {"content-type": "text/event-stream"});
    const timer = setInterval(() => response.write("data: more\\n\\n"), 100);
    response.on("close", () => clearInterval(timer));
  } else setTimeout(() => response.end("ok"), request.url === "/slow" ? 600 : 0);
}
function upgrade(request, socket) {
  socket.on("error", () => {});
  socket.on("data", (data) => { if (data[0] === 0x88) socket.end(); });
  setTimeout(() => {
    if (request.url === "/refused") return socket.end("HTTP/1.1 401 Unauthorized\\r\\nConnection: close\\r\\nContent-Length: 0\\r\\n\\r\\n");
    socket.write("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n\\r\\n");
  }, request.url === "/at-once" ? 0 : 500);
}`;
const service = `import {createServer} from "node:http"; ${listeners} export default createServer(serve).on("upgrade", upgrade);`;
const secure = `import {createServer} from "node:https"; import {readFileSync} from "node:fs"; ${listeners}
export default createServer({key: readFileSync("key.pem"), cert: readFileSync("crt.pem")}, serve).on("upgrade", upgrade);`;

const upgrade = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\nSec-WebSocket-Version: 13\r\n\r\n`;
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const goingAway = '\x88\x02\x03\xe9';
/** The close frame of a client, masked with zeros. */
const closeFrame = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9]);

for (const workerClass of ['async', 'threads']) {
  test(`a websocket that is shaking hands at TERM gets its 101 and then 1001, or its refusal (${workerClass})`, async (t) => {
    const server = await startServer(t, {
      module: service,
      flags: ['--workers=1', `--worker-class=${workerClass}`, '--threads=1', '--graceful-timeout=5'],
    });
    const [accepted, refused, kept] = await Promise.all([0, 1, 2].map(() => rawConnection(t, server.port)));
    assert.ok(accepted !== undefined && refused !== undefined && kept !== undefined);
    accepted.write(upgrade('/'));
    refused.write(upgrade('/refused'));
    kept.write(get('/'));
    await kept.until(/ok/);
    server.signal('SIGTERM');
    await sleep(150);
    kept.write(upgrade('/at-once'));
    for (const client of [accepted, kept]) {
      await until('101 and then the close frame', () => client.received().endsWith(`\r\n\r\n${goingAway}`));
      assert.match(client.received(), /101 Switching/);
      client.write(closeFrame);
    }
    await refused.closed;
    assert.match(refused.received(), /^HTTP\/1\.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n$/);
    assert.equal((await server.ended).code, 0);
    assert.deepEqual(
      server.log().filter(({event}) => event === 'connections_cut'),
      [],
    );
  });
}

const frames = `
import {createServer} from "node:http";
const close = (code) => Buffer.from([0x88, 2, code >> 8, code & 255]);
export default createServer().on("upgrade", (request, socket) => {
  socket.on("error", () => {});
  // As the library ws does, which does not know that a close frame was sent.
  socket.on("data", (data) => { if (data[0] === 0x88) socket.write(close(1001), () => socket.end()); });
  socket.write("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n\\r\\n");
  if (request.url === "/closed") socket.write(close(4000));
  if (request.url !== "/parts") return;
  socket.write(Buffer.from([0x82, 126, 0]));
  setTimeout(() => socket.write(Buffer.from([4, 1])), 300);
  setTimeout(() => socket.write(Buffer.from([2, 3, 4])), 600);
});`;

for (const workerClass of ['async', 'threads']) {
  test(`the close frame comes between two frames, and no frame after it, nor after one of the service (${workerClass})`, async (t) => {
    const server = await startServer(t, {
      module: frames,
      flags: ['--workers=1', `--worker-class=${workerClass}`, '--threads=1', '--graceful-timeout=5'],
    });
    const open = async (path: string): Promise<RawConnection> => {
      const client = await rawConnection(t, server.port);
      client.write(upgrade(path));
      await client.until(/\r\n\r\n/);
      return client;
    };
    const clients = await Promise.all(['/', '/parts', '/closed'].map(open));
    server.signal('SIGTERM');
    const expected = [goingAway, `\x82\x7e\x00\x04\x01\x02\x03\x04${goingAway}`, '\x88\x02\x0f\xa0'];
    for (const [index, client] of clients.entries()) {
      const output = (): string => client.received().split('\r\n\r\n')[1] ?? '';
      await until('the frames arrive', () => output() === expected[index]);
      client.write(closeFrame);
      if (index < 2) assert.equal(await client.closed, 'end');
      else client.destroy();
      assert.equal(output(), expected[index]);
    }
    assert.equal((await server.ended).code, 0);
  });
}

interface SecureConnection {
  readonly write: (text: string | Buffer) => void;
  readonly received: () => string;
  readonly ended: Promise<void>;
}

function secureConnection(t: TestContext, port: number): SecureConnection {
  let received = '';
  const socket = connectTls({port, host: '127.0.0.1', rejectUnauthorized: false});
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  const ended = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
  return {write: (text) => void socket.write(text), received: () => received, ended};
}

for (const workerClass of ['async', 'sync']) {
  test(`a service with an https.Server of its own is served and drained like any other (${workerClass})`, async (t) => {
    const directory = directoryWith({});
    const {key, certificate} = makeCertificate(directory, 1);
    const server = await startServer(t, {
      module: secure,
      files: {'key.pem': key, 'crt.pem': certificate},
      flags: ['--workers=1', `--worker-class=${workerClass}`, '--graceful-timeout=8'],
    });
    const websocket = secureConnection(t, server.port);
    websocket.write(upgrade('/at-once'));
    await until('the websocket is open', () => websocket.received().includes('101 Switching'));
    // `sync` serves one request at a time, and a stream has no end.
    const events = workerClass === 'sync' ? undefined : secureConnection(t, server.port);
    events?.write(get('/events'));
    if (events !== undefined) await until('the stream has begun', () => events.received().includes('data: more'));
    const slow = secureConnection(t, server.port);
    slow.write(get('/slow'));
    await sleep(200);
    const started = Date.now();
    server.signal('SIGTERM');
    await until('the close frame arrives', () => websocket.received().endsWith(goingAway));
    websocket.write(closeFrame);
    await Promise.all([slow.ended, events?.ended]);
    assert.match(slow.received(), /connection: close.*ok$/is);
    if (events !== undefined) assert.match(events.received(), /\r\n0\r\n\r\n$/);
    assert.equal((await server.ended).code, 0);
    assert.ok(Date.now() - started < 5000, `${Date.now() - started} ms`);
    assert.deepEqual(
      server.log().filter(({event}) => event === 'connections_cut'),
      [],
    );
  });
}

test('an HTTP/2 connection gets GOAWAY at TERM, and ends after its last response', async (t) => {
  const {key, certificate} = makeCertificate(directoryWith({}), 2);
  const server = await startServer(t, {
    module: secure.replace(
      'import {createServer} from "node:https"',
      'import {createSecureServer as createServer} from "node:http2"',
    ),
    files: {'key.pem': key, 'crt.pem': certificate},
    flags: ['--workers=1', '--graceful-timeout=8'],
  });
  const session = connectHttp2(`https://127.0.0.1:${server.port}`, {rejectUnauthorized: false});
  t.after(() => session.destroy());
  const closed = new Promise<void>((resolve) => void session.once('close', () => resolve()));
  let body = '';
  const stream = session.request({':path': '/slow'});
  stream.setEncoding('utf8').on('data', (text: string) => {
    body += text;
  });
  await sleep(200);
  server.signal('SIGTERM');
  await closed;
  assert.equal(body, 'ok');
  assert.equal((await server.ended).code, 0);
  assert.deepEqual(
    server.log().filter(({event}) => event === 'connections_cut'),
    [],
  );
});

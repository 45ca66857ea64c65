import assert from 'node:assert/strict';
import {Agent} from 'node:http';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {rawConnection, startServer} from './support.ts';

// A service that does not close its files.
const leaks = `
import {closeSync, openSync} from 'node:fs';
const files = [];
export default (request, response) => {
  if (request.url === '/take') try { for (;;) files.push(openSync('/dev/null')); } catch {}
  if (request.url === '/free') for (const file of files.splice(0)) closeSync(file);
  response.end(String(files.length));
};`;

for (const workerClass of ['async', 'threads']) {
  test(`without file descriptors left, open connections are served, new ones wait, and it is logged once (${workerClass})`, async (t) => {
    const server = await startServer(t, {
      module: leaks,
      flags: ['--workers=1', `--worker-class=${workerClass}`, '--threads=1'],
      openFiles: 200,
    });
    const agent = new Agent({keepAlive: true, maxSockets: 1});
    t.after(() => agent.destroy());
    const ask = async (path: string): Promise<string> => (await server.get(path, {agent})).body;
    assert.ok(Number(await ask('/take')) > 50);
    const event = await server.event('open_files');
    assert.deepEqual([event.level, event['code'], event['limit']], ['error', 'EMFILE', 200]);
    assert.match(String(event['message']), /no file descriptors left, the limit is 200: new connections wait/);
    assert.match(String(event['fix']), /ulimit -n/);
    const waiting = await rawConnection(t, server.port);
    waiting.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await sleep(300);
    assert.equal(waiting.received(), '');
    assert.match(await ask('/'), /^\d+$/);
    assert.equal(await ask('/free'), '0');
    assert.match(await waiting.until(/\r\n\r\n0$/), /^HTTP\/1\.1 200 /);
    assert.equal(server.log().filter((line) => line.event === 'open_files').length, 1);
    assert.equal(server.log().filter((line) => line.event === 'worker_exited').length, 0);
  });
}

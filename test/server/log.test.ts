import assert from 'node:assert/strict';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {until} from '../support/until.ts';
import {get, killHard, type LogLine, startServer} from './support.ts';

// A service that logs through entrypoint/log, behind the app server.

const dist = join(import.meta.dirname, '../../dist');

const imports = `
import {log} from ${JSON.stringify(join(dist, 'log.js'))};
import {defineConfig} from ${JSON.stringify(join(dist, 'config.js'))};
defineConfig({DB_PASSWORD: {type: 'text', secret: true}}).read({env: {DB_PASSWORD: 'swordfish-77'}});
`;

const forms: Readonly<Record<string, string>> = {
  fetch: `export default {async fetch(request) {
  await request.text();
  log.info({event: 'handled', of: request.headers.get('x-request-id')});
  if (request.url.endsWith('/fail')) setImmediate(() => { throw new Error('login with swordfish-77'); });
  return new Response('ok');
}};`,
  'node-style': `export default (request, response) => {
  request.resume().on('end', () => {
    log.info({event: 'handled', of: request.headers['x-request-id']});
    if (request.url === '/fail') setImmediate(() => { throw new Error('login with swordfish-77'); });
    response.end('ok');
  });
};`,
};

describe('a service that logs', {concurrency: 2}, () => {
  for (const [form, text] of Object.entries(forms))
    test(`a ${form} handler: lines have the request's id; an uncaught error is one event, without secrets`, async (t) => {
      const server = await startServer(t, {module: `${imports}${text}`, flags: ['--workers=1']});
      for (const id of ['r1', 'r2'])
        await get(server.port, '/', {method: 'POST', body: 'x', headers: {'x-request-id': id}});
      await get(server.port, '/');
      await get(server.port, '/fail').catch(() => {});
      const failed = await server.event('uncaught_exception');
      const all = (): readonly LogLine[] => server.log().filter(({event}) => event === 'handled');
      await until('four lines', () => all().length === 4, 5);
      const handled = all();
      assert.deepEqual(
        handled.slice(0, 2).map((line) => line['request_id']),
        ['r1', 'r2'],
      );
      for (const line of handled) {
        assert.equal(line['request_id'], line['of']);
        assert.match(String(line['trace_id']), /^[0-9a-f]{32}$/);
      }
      assert.deepEqual(
        [failed['message'], failed['level'], failed['instance']],
        ['login with [secret DB_PASSWORD]', 'error', handled[0]?.['instance']],
      );
      assert.ok(!server.output().includes('swordfish'));
    });

  for (const [name, flags] of [
    ['async', ['--workers=2']],
    ['threads', ['--workers=1', '--worker-class=threads', '--threads=2']],
  ] as const)
    test(`${name}: the level is set through the admin listener, in every worker and thread, and in those that start later`, async (t) => {
      const module = `${imports}
log.debug({event: 'loaded'});
export default (request, response) => {
  log.debug({event: 'debugged'});
  response.end();
};`;
      const server = await startServer(t, {module, flags: [...flags, '--admin-bind=127.0.0.1:0']});
      const {bind} = await server.event('admin_listening');
      const level = (method: string, body = '') =>
        get(Number(/\d+$/.exec(String(bind))?.[0]), '/log-level', {method, body});
      const instances = (event: string): number =>
        new Set(server.log().flatMap((line) => (line.event === event ? [line['instance']] : []))).size;
      const copies = 2;
      await server.event('worker_ready', {count: name === 'async' ? 2 : 1});
      assert.equal((await level('GET')).body, '{"level":"info"}\n');
      await get(server.port, '/');
      assert.equal(instances('debugged'), 0);
      for (const [body, status] of [
        ['loud', 400],
        ['', 400],
        ['x'.repeat(5000), 400],
        ['{"level": "DEBUG"}', 200],
      ] as const)
        assert.equal((await level('PUT', body)).status, status);
      assert.equal((await level('GET')).body, '{"level":"debug"}\n');
      assert.equal((await server.event('log_level_changed'))['to'], 'debug');
      await until('every copy logs', async () => {
        await Promise.all(Array.from({length: 8}, () => get(server.port, '/')));
        return instances('debugged') >= copies;
      });
      // The replacement logs from its first line on.
      const {worker} = await server.event('worker_ready');
      killHard(Number(worker));
      await until('the replacement logs', () => instances('loaded') >= 1);
      assert.equal((await level('PUT', 'info')).body, '{"level":"info"}\n');
      assert.equal((await level('DELETE')).status, 405);
    });
});

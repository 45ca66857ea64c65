import assert from 'node:assert/strict';
import {join} from 'node:path';
import {describe, test} from 'node:test';
import {until} from '../support/until.ts';
import {get, type LogLine, startServer} from './support.ts';

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
});

import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {startServer} from '../support.ts';
import {behaviours, type WorkerClass} from './behaviours.ts';

const manual = readFileSync(join(import.meta.dirname, '../../../docs/server.md'), 'utf8').replaceAll(/\s+/g, ' ');

test('each difference between the worker classes is one that docs/server.md documents', () => {
  for (const {name, differs = {}} of behaviours)
    for (const {documented} of Object.values(differs))
      assert.ok(manual.includes(documented), `${name}: docs/server.md does not say: ${documented}`);
});

for (const workerClass of ['async', 'sync', 'threads'] satisfies readonly WorkerClass[]) {
  for (const handler of ['node', 'fetch'] as const) {
    test(`${workerClass}, ${handler} handler: behaves as the other classes do`, async (t) => {
      const server = await startServer(t, {
        module: readFileSync(join(import.meta.dirname, `fixtures/alike-${handler}.mjs`), 'utf8'),
        flags: [
          '--workers=1',
          `--worker-class=${workerClass}`,
          '--threads=1',
          '--access-log',
          '--max-body-size=1m',
          '--headers-timeout=1',
          '--graceful-timeout=5',
        ],
      });
      const wanted = behaviours.filter(
        ({handlers, skip}) => skip !== true && (handlers ?? [handler]).includes(handler),
      );
      for (const {name, observe, expected, differs} of wanted) {
        await t.test(name, async () => {
          assert.deepEqual(await observe(server, handler), differs?.[workerClass]?.expected ?? expected);
        });
      }
    });
  }
}

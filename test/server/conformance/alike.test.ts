import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test, type TestContext} from 'node:test';
import {startServer} from '../support.ts';
import {behaviours, type WorkerClass} from './behaviours.ts';
import type {Handler} from './message.ts';

const manual = readFileSync(join(import.meta.dirname, '../../../docs/server.md'), 'utf8').replaceAll(/\s+/g, ' ');

test('each difference between the worker classes is one that docs/server.md documents', () => {
  for (const {name, differs = {}} of behaviours)
    for (const {documented} of Object.values(differs))
      assert.ok(manual.includes(documented), `${name}: docs/server.md does not say: ${documented}`);
});

const modules: Readonly<Record<Handler, string>> = {
  node: readFileSync(join(import.meta.dirname, 'fixtures/alike-node.mjs'), 'utf8'),
  fetch: readFileSync(join(import.meta.dirname, 'fixtures/alike-fetch.mjs'), 'utf8'),
};

async function compare(t: TestContext, workerClass: WorkerClass, handler: Handler): Promise<void> {
  const server = await startServer(t, {
    module: modules[handler],
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
  const wanted = behaviours.filter(({handlers, skip}) => skip !== true && (handlers ?? [handler]).includes(handler));
  for (const {name, observe, expected, differs} of wanted) {
    await t.test(name, async () => {
      assert.deepEqual(await observe(server, handler), differs?.[workerClass]?.expected ?? expected);
    });
  }
}

// At the same time: they wait more than they compute.
test('the worker classes behave alike', {concurrency: 6}, async (t) => {
  const compared = (['async', 'sync', 'threads'] as const).flatMap((workerClass) =>
    (['node', 'fetch'] as const).map((handler) =>
      t.test(`${workerClass}, ${handler} handler`, (own) => compare(own as TestContext, workerClass, handler)),
    ),
  );
  await Promise.all(compared);
});

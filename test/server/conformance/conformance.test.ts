import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {longIf} from '../../support/long.ts';
import {until} from '../../support/until.ts';
import {startServer} from '../support.ts';
import {corpus} from './corpus/index.ts';
import type {Handler} from './message.ts';
import {complaints, sendCorpus} from './run.ts';

// The corpus says what the RFCs say, not what Node does. What plain node:http does with a message is part of the failure.

const fixture = (name: string): string => readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8');
const services: Readonly<Record<Handler, string>> = {node: fixture('node.mjs'), fetch: fixture('fetch.mjs')};
/** How many connections at a time: a `sync` worker serves one request, and some of them never end on a bad day. */
const parallel = {async: 60, threads: 60, sync: 16};

/**
 * What Node sends as a node-style service has written it, although the RFCs forbid it: docs/server.md says so. The responses
 * of fetch handlers are right whatever the handler says. `strictContentLength` would cost a tenth of a request's CPU.
 */
const leftToService: ReadonlySet<string> = new Set([
  'response: 204 with a length of the service',
  'response: HEAD of both',
  'response: a length that is too short',
  'response: a length that is too short for a stream',
  'response: a length and chunked',
  'response: two lengths',
  'response: a length that is no number',
  'response: a coding of the service that is not applied',
  'response: 101 that nothing asked for',
  'response: CRLF in the reason',
  'response: early hints to HTTP/1.0',
  'response: 102 to HTTP/1.0',
]);

test('the corpus has no two messages of one name, and its own parser accounts for every byte', () => {
  assert.ok(corpus.length >= 150);
  const names = new Set(corpus.map(({name}) => name));
  assert.equal(names.size, corpus.length);
  assert.deepEqual(
    [...leftToService].filter((name) => !names.has(name)),
    [],
  );
});

/** What plain node:http does wrong. */
async function measurePlain(): Promise<ReadonlyMap<string, string>> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'fixtures/plain.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  try {
    await until('plain node:http listens', () => /^port \d+$/m.test(output));
    const port = Number(/^port (\d+)$/m.exec(output)?.[1]);
    return complaints(await sendCorpus({port, handler: 'node', output: () => output, parallel: 60}), 'node');
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

let plain: Promise<ReadonlyMap<string, string>> | undefined;

for (const workerClass of ['async', 'sync', 'threads'] as const) {
  for (const handler of ['node', 'fetch'] as const) {
    // One adapter serves fetch handlers in every class, and alike.test.ts compares the classes.
    const isLong = handler === 'fetch' && workerClass !== 'async';
    test(
      `${workerClass}, ${handler} handler: every message of the corpus gets the answer that the RFCs ask for`,
      longIf(isLong),
      async (t) => {
        const server = await startServer(t, {
          module: services[handler],
          flags: [
            `--workers=${workerClass === 'sync' ? 4 : 1}`,
            `--worker-class=${workerClass}`,
            '--threads=2',
            '--max-body-size=50m',
          ],
        });
        const outcomes = await sendCorpus({
          port: server.port,
          handler,
          output: server.output,
          parallel: parallel[workerClass],
          messages: corpus.filter(({name}) => handler === 'fetch' || !leftToService.has(name)),
        });
        const wrong = complaints(outcomes, handler);
        const ended = server.log().filter(({event}) => event === 'worker_exited' || event === 'thread_crashed');
        const reports = ended.map((line) => `no message may end a worker: ${JSON.stringify(line).slice(0, 300)}`);
        if (wrong.size > 0) {
          const baseline = await (plain ??= measurePlain());
          for (const [name, text] of wrong)
            reports.push(`${text}\n    plain node:http: ${baseline.has(name) ? 'wrong as well' : 'right'}`);
        }
        if (reports.length > 0) assert.fail(`${wrong.size} of ${outcomes.length} messages:\n  ${reports.join('\n  ')}`);
      },
    );
  }
}

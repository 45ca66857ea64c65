import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {needs} from '../../support/program.ts';
import {startHaproxy} from '../clients/haproxy.ts';
import {startServer} from '../support.ts';
import type {Handler} from './message.ts';
import {type Outcome, sendCorpus} from './run.ts';

// A proxy answers much of the corpus itself, and differently from version to version. What must hold behind every proxy:
// no request more than the client sent, no answer to another request, and no worker that ends.

/** Messages whose forbidden request is pipelined, and not hidden: a proxy that repairs the message passes it on. */
const pipelined = /^connection: /;

/** Requests that the service has got beyond those of the message, and answers beyond those requests. */
function breaches({message, exchanged, ran, id}: Outcome): readonly string[] {
  const wrong: string[] = [];
  const {answers} = message;
  // The request behind the message, which the test adds, is allowed here: the proxy may close its own connection later.
  const allowed = Math.max(1, answers.length) + 1;
  if (ran.some((line) => line.includes('/smuggled')) && !pipelined.test(message.name))
    wrong.push(`smuggled: ${ran.join(', ')}`);
  if (ran.length > allowed) wrong.push(`${ran.length} requests of ${allowed}: ${ran.join(', ')}`);
  if (exchanged.responses.length > allowed) wrong.push(`${exchanged.responses.length} answers to ${allowed} requests`);
  for (const {fields} of exchanged.responses) {
    const served = fields.find(([name]) => name === 'x-served')?.[1];
    if (served !== undefined && served !== id && served !== '-') wrong.push(`the answer to ${served}, not to ${id}`);
  }
  return wrong.map((text) => `${message.name}: ${text}`);
}

for (const workerClass of ['async', 'sync', 'threads'] as const) {
  for (const handler of ['node', 'fetch'] as const) {
    test(
      `${workerClass}, ${handler} handler, behind HAProxy: one answer for each request, and none is smuggled`,
      needs('haproxy'),
      async (t) => {
        const server = await startServer(t, {
          module: readFileSync(join(import.meta.dirname, `fixtures/${handler satisfies Handler}.mjs`), 'utf8'),
          flags: [
            `--workers=${workerClass === 'sync' ? 4 : 1}`,
            `--worker-class=${workerClass}`,
            '--threads=2',
            '--max-body-size=50m',
          ],
        });
        const port = await startHaproxy(t, {backend: `http-reuse always\n    server one 127.0.0.1:${server.port}`});
        const outcomes = await sendCorpus({port, handler, output: server.output, parallel: 30});
        assert.deepEqual(outcomes.flatMap(breaches), []);
        const ended = server.log().filter(({event}) => event === 'worker_exited' || event === 'thread_crashed');
        assert.deepEqual(ended, []);
      },
    );
  }
}

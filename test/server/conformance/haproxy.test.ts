import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync, writeFileSync} from 'node:fs';
import {connect} from 'node:net';
import {join} from 'node:path';
import {test, type TestContext} from 'node:test';
import {freePort} from '../../../bench/server/running.ts';
import {temporaryDirectory} from '../../support/directory.ts';
import {needs} from '../../support/program.ts';
import {until} from '../../support/until.ts';
import {startServer} from '../support.ts';
import type {Handler} from './message.ts';
import {type Outcome, sendCorpus} from './run.ts';

// A proxy answers much of the corpus itself, and differently from version to version. What must hold behind every proxy:
// no request more than the client sent, no answer to another request, and no worker that ends.

const configuration = (front: number, back: number): string => `
defaults
    mode http
    timeout connect 2s
    timeout client 10s
    timeout server 10s
frontend all
    bind 127.0.0.1:${front}
    default_backend service
backend service
    http-reuse always
    server one 127.0.0.1:${back}
`;

const opens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({port, host: '127.0.0.1'}, () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

/** Starts HAProxy in front of a port of this machine; ends with the test. @returns its port */
async function startProxy(t: TestContext, back: number): Promise<number> {
  const front = await freePort();
  const file = join(temporaryDirectory(), 'haproxy.cfg');
  writeFileSync(file, configuration(front, back));
  const child = spawn('haproxy', ['-db', '-f', file], {stdio: ['ignore', 'ignore', 'inherit']});
  t.after(async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await until('HAProxy listens', () => opens(front));
  return front;
}

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
        const port = await startProxy(t, server.port);
        const outcomes = await sendCorpus({port, handler, output: server.output, parallel: 30});
        assert.deepEqual(outcomes.flatMap(breaches), []);
        const ended = server.log().filter(({event}) => event === 'worker_exited' || event === 'thread_crashed');
        assert.deepEqual(ended, []);
      },
    );
  }
}

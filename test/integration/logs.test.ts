import assert from 'node:assert/strict';
import {readdirSync, readFileSync} from 'node:fs';
import {request} from 'node:http';
import {before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {entrypoint, makeTiny} from './tiny.ts';

const {name, run, start, must, write, describe, commit} = makeTiny();

type Line = Readonly<Record<string, unknown>>;

/**
 * Sends requests with the numbers `from` to `to` one after the other, through the balancer.
 * @param pause milliseconds between two: the engine reads the lines of two containers in any order
 */
async function send(from: number, to: number, pause = 0): Promise<void> {
  const port = Number(must('docker', 'port', `${name}.local.balancer`, '8080/tcp').trim().split(':').at(-1));
  for (let at = from; at <= to; at += 1) {
    await new Promise<void>((resolve, reject) => {
      request({port, agent: false, path: `/${at}`, headers: {'x-request-id': `r${at}`}}, (response) => {
        response.resume().once('end', resolve);
      })
        .once('error', reject)
        .end();
    });
    await sleep(pause);
  }
}

const parsed = (stdout: string): readonly Line[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
const logs = (...words: readonly string[]): string => must(entrypoint, '--quiet', 'logs', 'local', ...words);
const numbers = (...words: readonly string[]): readonly unknown[] => parsed(logs('--raw', ...words)).map(({n}) => n);

before(() => {
  write(
    'src/server.ts',
    `import {createServer} from 'node:http';
import {log} from 'entrypoint/log';

export default createServer((request, response) => {
  const n = Number(request.url?.slice(1));
  if (n >= 0) log[n % 10 === 0 ? 'error' : 'info']({n, even: n % 2 === 0}, 'asked');
  response.end('tiny');
});
`,
  );
  describe('replicas: 2');
  commit();
  assert.equal(run(entrypoint, ['build', 'deploy']).code, 0);
});

test('lines of all replicas are merged in time, and filtered by level, request and fields', async () => {
  await send(1, 40, 40);
  const all = parsed(logs('--raw', '--where=n'));
  assert.deepEqual(
    all.map(({n}) => n),
    Array.from({length: 40}, (_, at) => at + 1),
  );
  assert.equal(new Set(all.map(({instance}) => instance)).size > 1, true);
  assert.deepEqual(numbers('--level=error'), [10, 20, 30, 40]);
  assert.deepEqual(numbers('--request=r7'), [7]);
  assert.deepEqual(numbers('--where=n>30', '--where=even=true', '--level=info'), [32, 34, 36, 38, 40]);
  assert.deepEqual(numbers('--where=n', '--tail=1').length, 2);
  const shown = logs('--since=10m', '--level=error').trim().split('\n');
  assert.equal(shown.length, 4);
  for (const line of shown)
    assert.match(line, /^tiny-\w+\.\S+ \| \d\d:\d\d:\d\d error asked request_id=r\d0 n=\d0 even=true$/);
});

/** Pids of `docker logs --follow` that are below a process of ours. */
const followers = (): readonly number[] =>
  readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        return words.startsWith('docker\0logs\0--follow\0') && words.includes(name);
      } catch {
        return false;
      }
    })
    .map(Number);

test('--follow goes on behind the last line after each lost connection: no line twice, none left out', async () => {
  const following = start(entrypoint, ['--quiet', 'logs', 'local', '--follow', '--raw', '--where=n>100', '--tail=0']);
  for (let tries = 0; followers().length < 2 && tries < 100; tries += 1) await sleep(100);
  for (let round = 0; round < 4; round += 1) {
    await send(101 + round * 25, 125 + round * 25);
    // The lines of the next round are written while nothing is read.
    for (const pid of followers()) process.kill(pid, 'SIGKILL');
  }
  await sleep(4000);
  following.kill('SIGINT');
  const {stdout} = await following.ended;
  assert.deepEqual(
    parsed(stdout)
      .map(({n}) => Number(n))
      .toSorted((a, b) => a - b),
    Array.from({length: 100}, (_, at) => 101 + at),
  );
});

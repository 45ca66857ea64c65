import assert from 'node:assert/strict';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {processTree} from '../../../bench/server/processes.ts';
import {until} from '../../support/until.ts';
import {randomNumbers, seed} from './random.ts';
import {head, rawClient, upgrade} from './raw-client.ts';
import {all, answers, descriptors, everyKind, kill, type Server, startLoad, startServer} from './under-load.ts';

/** Worker class and duration in seconds. */
const storms: readonly (readonly [string, number])[] = all
  ? [
      ['async', 15 * 60],
      ['sync', 60],
      ['threads', 60],
    ]
  : [['async', 8]];
const [least, most] = [1, 5];

interface Storm {
  readonly server: Server;
  readonly random: () => number;
  /** The expected number of workers. */
  workers: number;
  killed: number;
  readonly done: string[];
}

// The events of a bad quarter of an hour, with their share in percent.
const weather: readonly (readonly [number, string, (storm: Storm) => Promise<void> | void])[] = [
  [20, 'HUP', ({server}) => server.signal('SIGHUP')],
  [
    20,
    'kill -9 of a worker',
    (storm) => {
      const alive = storm.server.workers();
      const victim = alive[Math.floor(storm.random() * alive.length)];
      if (victim === undefined) return;
      storm.killed += 1;
      kill(victim.pid, 'SIGKILL');
    },
  ],
  [
    15,
    'TTIN',
    (storm) => {
      if (storm.workers >= most) return;
      storm.workers += 1;
      storm.server.signal('SIGTTIN');
    },
  ],
  [
    15,
    'TTOU',
    (storm) => {
      if (storm.workers <= least) return;
      storm.workers -= 1;
      storm.server.signal('SIGTTOU');
    },
  ],
  [5, 'USR1', ({server}) => server.signal('SIGUSR1')],
  [
    10,
    'a burst of load',
    async ({server}) => {
      const burst = startLoad(server, [
        {count: 50, path: '/'},
        {count: 20, path: '/', keepAlive: false},
      ]);
      await sleep(300);
      await burst.stop();
    },
  ],
  [
    15,
    'clients that disconnect in the middle',
    async ({server}) => {
      const clients = await Promise.all(
        [
          undefined,
          'GET / HT',
          head('GET /stream HTTP/1.1', 'Host: service'),
          upgrade,
          head('GET /slow?ms=5000 HTTP/1.1', 'Host: service'),
        ].map((bytes) => rawClient(server.port, bytes)),
      );
      await sleep(100);
      for (const client of clients) client.reset();
    },
  ],
];

function next({random}: Storm): (typeof weather)[number] {
  let left = random() * weather.reduce((sum, [share]) => sum + share, 0);
  return weather.find(([share]) => (left -= share) < 0) ?? weather[0]!;
}

for (const [kind, seconds] of storms)
  test(`${seconds} s of load, reloads, kills and resizes with ${kind} workers end with the right number of workers and nothing left over`, async (context) => {
    context.diagnostic(`ENTRYPOINT_TEST_SEED=${seed}`);
    const server = await startServer(
      '--workers',
      '2',
      '--worker-class',
      kind,
      '--graceful-timeout',
      '5',
      '--max-requests',
      '3000',
      '--max-requests-jitter',
      '1000',
    );
    const storm: Storm = {server, random: randomNumbers(seed), workers: 2, killed: 0, done: []};
    const load = startLoad(server, everyKind);
    const clients = everyKind.reduce((sum, {count}) => sum + count, 0);
    for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
      const [, what, happens] = next(storm);
      storm.done.push(what);
      await happens(storm);
      await sleep(storm.random() * 1200);
      assert.equal(
        processTree(server.pid).length > 0,
        true,
        `the server has ended after ${storm.done.join(', ')}: ${server.log()}`,
      );
    }
    const {answered, failures} = await load.stop();
    // The last replacement can wait for the backoff, and a reload can be in progress: the storm is over when the number has
    // been right for three seconds.
    let right = Date.now();
    await until(
      () =>
        `${storm.workers} workers after ${storm.done.join(', ')}; there are ${server
          .workers()
          .map(({pid, state}) => `${pid} ${state}`)
          .join(', ')}: ${server.log().slice(-3000)}`,
      () => {
        if (server.workers().length !== storm.workers) right = Date.now();
        return Date.now() - right > 3000;
      },
      60,
    );
    assert.deepEqual(
      server.workers().filter(({state}) => state === 'Z'),
      [],
    );
    assert.ok(await answers(server.port));
    context.diagnostic(
      `${answered} answered, ${failures.length} lost to ${storm.killed} kills; ${storm.done.length} events`,
    );
    // A kill loses at most one request of each connection that the worker had accepted.
    assert.ok(failures.length <= storm.killed * clients, failures.join('\n'));
    assert.deepEqual(
      failures.filter((failure) => /ECONNREFUSED|no answer|status/.test(failure)),
      [],
    );
    if (storm.killed === 0) assert.deepEqual(failures, []);
    const pids = processTree(server.pid).map(({pid}) => pid);
    assert.ok(descriptors(server.pid) < 100, `the arbiter holds ${descriptors(server.pid)} descriptors`);
    server.signal('SIGTERM');
    const {code} = await server.ended();
    assert.equal(code, 0, server.log().slice(-3000));
    assert.deepEqual(
      pids.flatMap((pid) => processTree(pid)),
      [],
    );
  });

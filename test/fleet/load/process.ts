import {existsSync, mkdirSync, writeFileSync} from 'node:fs';
import {Agent, request} from 'node:http';
import {type AddressInfo, createServer} from 'node:net';
import {createInterface} from 'node:readline';
import type {Failure, Outcome} from './outcome.ts';
import {ask, type Shape} from './plan.ts';

// The load generator: a process of its own, so that no test delays a request. Its messages are `start` with a shape, and
// `stop`, which it answers with an outcome. Open loop: a request is sent when it is due, whether or not earlier ones were
// answered. It is also the ledger to which the service reports each POST that it carries out.

const timeoutMs = 30_000;
const executions = new Map<string, Set<string>>();

interface Running {
  expect(version: string | undefined): void;
  stop(): Promise<Outcome>;
}

function start(shape: Shape, prefix: string): Running {
  const kept = new Agent({keepAlive: true, maxSockets: 128, maxFreeSockets: 128});
  const fresh = new Agent({keepAlive: false});
  const failures: Failure[] = [];
  const latencies: number[] = [];
  const versions: Record<string, number> = {};
  const kinds: Record<string, number> = {};
  const stale: string[] = [];
  let expected: string | undefined;
  let [sent, answered] = [0, 0];
  const open = new Set<number>();
  const started = Date.now();

  const fire = (turn: number): void => {
    const {address, path, method, kept: reuses, slow} = ask(shape, turn);
    const kind = `${method} ${reuses ? 'kept' : 'fresh'}${slow ? ' slow' : ''}`;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    const sentAt = Date.now();
    const dueAt = started + (turn / shape.perSecond) * 1000;
    open.add(turn);
    let ended = false;
    const end = (what?: string, version = ''): void => {
      if (ended) return;
      ended = true;
      open.delete(turn);
      const endedAt = Date.now();
      if (!slow) latencies.push(endedAt - dueAt);
      if (what !== undefined) {
        failures.push({sentAt, endedAt, address, kind, what});
        return;
      }
      answered += 1;
      if (expected !== undefined && version !== expected)
        stale.push(`${version} answered ${kind} at ${address}, sent ${endedAt - sentAt} ms before`);
      versions[version] = (versions[version] ?? 0) + 1;
    };
    const headers = method === 'POST' ? {'x-request-id': `${prefix}${turn}`, 'content-length': '5'} : {};
    const asking = request(
      new URL(path, address),
      {method, headers, agent: reuses ? kept : fresh, timeout: timeoutMs},
      (answer) => {
        answer.resume();
        answer.once('end', () =>
          end(
            answer.statusCode === 200 && answer.complete ? undefined : `status ${answer.statusCode}`,
            String(answer.headers['x-version']),
          ),
        );
        answer.once('error', (error) => end(`the answer broke off: ${error.message}`));
      },
    );
    asking.once('timeout', () => asking.destroy(new Error(`no answer in ${timeoutMs / 1000} s`)));
    asking.once('error', (error) => end(error.message));
    asking.end(method === 'POST' ? 'hello' : undefined);
  };

  const timer = setInterval(() => {
    for (const due = ((Date.now() - started) / 1000) * shape.perSecond; sent < due; sent += 1) fire(sent);
  }, 4);
  return {
    expect: (version) => (expected = version),
    stop: async () => {
      clearInterval(timer);
      while (open.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      // Reports of the last POSTs can still be in transit.
      await new Promise((resolve) => setTimeout(resolve, 300));
      kept.destroy();
      fresh.destroy();
      const sorted = latencies.sort((a, b) => a - b);
      const at = (share: number): number =>
        Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
      const reported = [...executions].filter(([id]) => id.startsWith(prefix));
      return {
        sent,
        answered,
        failures,
        versions,
        kinds,
        stale,
        twice: reported.filter(([, times]) => times.size > 1).map(([id]) => id),
        executed: reported.length,
        latency: {p50: at(0.5), p99: at(0.99), max: at(1)},
      };
    },
  };
}

function listen(): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    createInterface({input: socket}).on('line', (line) => {
      const [id = '', execution = ''] = line.split(' ');
      executions.set(id, (executions.get(id) ?? new Set()).add(execution));
    });
  });
  return new Promise((resolve) => server.listen(0, '0.0.0.0', () => resolve((server.address() as AddressInfo).port)));
}

// Its own share of the CPU, if permitted: latencies mean nothing without it.
function claimProcessors(group: string): void {
  if (!existsSync('/sys/fs/cgroup/cpu/cpu.shares')) return;
  try {
    mkdirSync(group, {recursive: true});
    writeFileSync(`${group}/cpu.shares`, '3072');
    writeFileSync(`${group}/cgroup.procs`, String(process.pid));
  } catch {
    // Not root.
  }
}

claimProcessors(process.argv[2] ?? '');
let [running, count]: [Running | undefined, number] = [undefined, 0];
process.on('message', (message: {start: Shape} | {expect: string | null} | 'stop') => {
  if (message === 'stop') void running?.stop().then((outcome) => process.send?.({outcome}));
  else if ('expect' in message) running?.expect(message.expect ?? undefined);
  else running = start(message.start, `${(count += 1)}-`);
});
process.on('disconnect', () => process.exit());
process.send?.({port: await listen()});

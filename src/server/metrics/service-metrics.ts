import {setTimeout as sleep} from 'node:timers/promises';
import type {FromWorker, MetricSource, ServiceMetric, ToWorker} from '../process/messages.ts';
import {aggregate, totalsOf} from './aggregate.ts';
import {commentsText, metricsText} from './text.ts';

/** Time for a worker to answer: Prometheus waits for 10 s by default, and a busy worker should not delay the others. */
const defaultWaitMilliseconds = 1000;

/** The part of a worker that is asked for metrics. */
export interface AskedWorker {
  readonly id: number;
  readonly pid: number;
  readonly state: 'booting' | 'ready' | 'leaving';
  readonly send: (message: ToWorker) => void;
}

export interface ServiceMetrics {
  readonly received: (worker: Pick<AskedWorker, 'id' | 'pid'>, message: FromWorker) => void;
  /** The worker has exited: its totals stay. */
  readonly exited: (worker: Pick<AskedWorker, 'id'>) => void;
  /** Asks the workers and returns their metrics as one. Scrapes at the same time share one question. */
  readonly scrape: (workers: readonly AskedWorker[]) => Promise<Scrape>;
}

export interface Scrape {
  readonly text: string;
  /** Number of workers and metrics that the text does not cover; comments in it name them. */
  readonly problems: number;
}

interface KnownWorker {
  readonly pid: number;
  /** The last answer of each of its copies of the service, by thread. */
  readonly copies: Map<number, readonly ServiceMetric[]>;
  problems: readonly string[];
  exited: boolean;
}

/** The service's own metrics of all workers, as one copy of the service would show them. Runs in the arbiter. */
export function serviceMetrics(waitMilliseconds = defaultWaitMilliseconds): ServiceMetrics {
  const known = new Map<number, KnownWorker>();
  const waiting = new Map<number, () => void>();
  let past: readonly ServiceMetric[] = [];
  let current: Promise<Scrape> | undefined;

  function received({id, pid}: Pick<AskedWorker, 'id' | 'pid'>, message: FromWorker): void {
    if (message.type !== 'metrics') return;
    const worker = known.get(id) ?? {pid, copies: new Map(), problems: [], exited: false};
    known.set(id, worker);
    keepEnded(worker, message.sources);
    for (const {thread, metrics} of message.sources) if (metrics !== undefined) worker.copies.set(thread, metrics);
    worker.problems = message.sources.flatMap(({thread, problems}) =>
      problems.map((problem) => `worker ${pid}${thread === 0 ? '' : `, thread ${thread}`}: ${problem}`),
    );
    waiting.get(id)?.();
  }

  /** Threads that an answer does not mention have ended. */
  function keepEnded({copies}: KnownWorker, sources: readonly MetricSource[]): void {
    for (const [thread, metrics] of copies) {
      if (sources.some((source) => source.thread === thread)) continue;
      keep(metrics);
      copies.delete(thread);
    }
  }

  function keep(metrics: readonly ServiceMetric[]): void {
    const copies = [past, metrics].map((each) => ({metrics: totalsOf(each), alive: false}));
    past = aggregate(copies).metrics;
  }

  async function ask(workers: readonly AskedWorker[]): Promise<Scrape> {
    const asked = workers.filter(({state}) => state !== 'booting');
    const missing = new Map(asked.map(({id, pid}) => [id, pid]));
    const answers = asked.map(
      (worker) =>
        new Promise<void>((resolve) => {
          waiting.set(worker.id, () => {
            missing.delete(worker.id);
            resolve();
          });
          worker.send({type: 'metrics'});
        }),
    );
    const timer = new AbortController();
    await Promise.race([
      Promise.all(answers),
      sleep(waitMilliseconds, undefined, {signal: timer.signal}).catch(() => {}),
    ]);
    timer.abort();
    waiting.clear();
    const all = [...known].sort(([one], [other]) => one - other);
    const {metrics, problems: conflicts} = aggregate([
      {metrics: past, alive: false},
      ...all.flatMap(([, {copies, exited}]) => [...copies.values()].map((each) => ({metrics: each, alive: !exited}))),
    ]);
    const problems = [
      ...[...missing.values()].map(
        (pid) => `worker ${pid} did not answer within ${waitMilliseconds} ms: its metrics are those of its last answer`,
      ),
      ...all.flatMap(([, worker]) => worker.problems),
      ...conflicts,
    ];
    // Only now: the last answer of a worker can arrive after its exit.
    for (const [id, worker] of all) {
      if (!worker.exited) continue;
      for (const each of worker.copies.values()) keep(each);
      known.delete(id);
    }
    return {text: commentsText(problems) + metricsText(metrics), problems: problems.length};
  }

  return {
    received,
    exited: ({id}) => {
      const worker = known.get(id);
      if (worker !== undefined) Object.assign(worker, {exited: true, problems: []});
      waiting.get(id)?.();
    },
    scrape: (workers) =>
      (current ??= ask(workers).finally(() => {
        current = undefined;
      })),
  };
}

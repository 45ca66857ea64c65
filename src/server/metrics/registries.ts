import {createRequire} from 'node:module';
import {messageOf} from '../../errors.ts';
import type {MetricSource, ServiceMetric} from '../process/messages.ts';

// Loaded at the first scrape, in a worker or a pool thread: the service's own metrics, wherever it keeps them.

/** What the server uses of a `Registry` of prom-client. */
export interface MetricsRegistry {
  getMetricsAsJSON(): Promise<readonly JsonMetric[]> | readonly JsonMetric[];
}

interface JsonMetric {
  readonly name: string;
  readonly help?: string;
  /** A word, or an index in versions before 15. */
  readonly type: unknown;
  readonly aggregator?: string;
  readonly values?: readonly {
    readonly value: number;
    readonly labels?: Readonly<Record<string, unknown>>;
    readonly metricName?: string;
  }[];
}

/** Name of the set in which a service puts registries of its own, @see docs/server.md. */
const registriesKey = Symbol.for('entrypoint.metrics');

/** The metrics of this thread's copy of the service: of prom-client's default registry, and of registries in the set. */
export async function ownMetrics(thread: number): Promise<MetricSource> {
  const metrics: ServiceMetric[] = [];
  const problems: string[] = [];
  for (const registry of registries()) {
    try {
      metrics.push(...(await registry.getMetricsAsJSON()).map(plain));
    } catch (error) {
      // A `collect` function of a gauge has failed.
      problems.push(`the service's registry failed: ${messageOf(error)}`);
    }
  }
  return {thread, metrics, problems};
}

function registries(): ReadonlySet<MetricsRegistry> {
  const own = (globalThis as Record<symbol, unknown>)[registriesKey];
  const all = [...promClients(), ...(own instanceof Set || Array.isArray(own) ? (own as Iterable<unknown>) : [])];
  return new Set(all.filter(isRegistry));
}

/** The default registry of each copy of prom-client that the service has loaded; `import` fills the same cache. */
function promClients(): readonly unknown[] {
  const {cache} = createRequire(import.meta.url);
  return Object.keys(cache)
    .filter((file) => /[\\/]prom-client[\\/]index\.js$/.test(file))
    .map((file) => (cache[file]?.exports as {register?: unknown} | undefined)?.register);
}

function isRegistry(value: unknown): value is MetricsRegistry {
  return typeof (value as Partial<MetricsRegistry> | null | undefined)?.getMetricsAsJSON === 'function';
}

/** Without anything that a message between processes would not keep: JSON has no NaN and no Infinity. */
function plain({name, help = '', type, aggregator = 'sum', values = []}: JsonMetric): ServiceMetric {
  return {
    name: String(name),
    help: String(help),
    type: String(type),
    aggregator,
    values: values.map(({value, labels = {}, metricName}) => ({
      value: Number.isFinite(value) ? value : String(value),
      labels: Object.fromEntries(Object.entries(labels).map(([key, text]) => [key, String(text)])),
      ...(metricName === undefined ? {} : {metricName}),
    })),
  };
}

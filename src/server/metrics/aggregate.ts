import type {ServiceMetric} from '../process/messages.ts';
import {bucketBounds, labelsKey} from './text.ts';

/** The metrics of one copy of a service, as it last answered. */
export interface Copy {
  readonly metrics: readonly ServiceMetric[];
  /** False when it has exited: only its totals still count. */
  readonly alive: boolean;
}

/** A metric of the whole server. */
export interface Aggregated {
  readonly metrics: readonly ServiceMetric[];
  /** What is left out, and why. */
  readonly problems: readonly string[];
}

type Value = ServiceMetric['values'][number];

const reserved = /^entrypoint_/;
// https://prometheus.io/docs/concepts/data_model/
const validName = /^[a-zA-Z_:][\w:]*$/;
const validLabel = /^[a-zA-Z_]\w*$/;

/**
 * Makes one metric of those of all copies with the same name, as the AggregatorRegistry of prom-client does: by the metric's
 * `aggregator`, a sum by default, quantiles of summaries included. Counters, histograms and the sums and counts of summaries
 * of copies that have exited are added: totals never decrease.
 * @param copies the oldest first: where copies disagree on the type of a metric or on its buckets, the last one counts
 */
export function aggregate(copies: readonly Copy[]): Aggregated {
  const byName = new Map<string, {metric: ServiceMetric; alive: boolean}[]>();
  const problems = new Set<string>();
  for (const {metrics, alive} of copies) {
    for (const metric of metrics) {
      const problem = problemOf(metric);
      if (problem !== undefined) problems.add(problem);
      else byName.set(metric.name, [...(byName.get(metric.name) ?? []), {metric, alive}]);
    }
  }
  const metrics: ServiceMetric[] = [];
  for (const [name, all] of byName) {
    const newest = (all.findLast(({alive}) => alive) ?? all.at(-1))?.metric as ServiceMetric;
    const shape = shapeOf(newest);
    const same = all.filter(({metric}) => shapeOf(metric) === shape);
    if (same.length < all.length)
      problems.add(`${name} has another type or other buckets in ${all.length - same.length} copies of the service`);
    const values = valuesOf(newest, same);
    if (values.length > 0 || (newest.aggregator !== 'omit' && newest.values.length === 0 && isPresent(same)))
      metrics.push({...newest, values});
  }
  return {metrics, problems: [...problems]};
}

function isPresent(all: readonly {readonly alive: boolean}[]): boolean {
  return all.some(({alive}) => alive);
}

function problemOf({name, values}: ServiceMetric): string | undefined {
  if (reserved.test(name)) return `${name} is left out: names that begin with entrypoint_ are the server's own`;
  const names = values.flatMap(({metricName = name, labels}) => [
    metricName.replaceAll(/[\w:]/g, ''),
    ...Object.keys(labels).filter((label) => !validLabel.test(label)),
  ]);
  return validName.test(name) && names.every((text) => text === '')
    ? undefined
    : `${JSON.stringify(name)} is left out: it or one of its labels is no valid name`;
}

function shapeOf(metric: ServiceMetric): string {
  return metric.type === 'histogram' ? `histogram ${bucketBounds(metric).join(' ')}` : metric.type;
}

function valuesOf(
  {name, type, aggregator}: ServiceMetric,
  all: readonly {readonly metric: ServiceMetric; readonly alive: boolean}[],
): readonly Value[] {
  const combine = aggregators[aggregator] ?? sum;
  const byLabels = new Map<string, {value: Value; numbers: number[]}>();
  for (const {metric, alive} of all) {
    for (const value of metric.values) {
      if (!alive && !isTotal(type, name, value, aggregator)) continue;
      const key = `${value.metricName ?? name}${labelsKey(value.labels)}`;
      const known = byLabels.get(key);
      if (known === undefined) byLabels.set(key, {value, numbers: [Number(value.value)]});
      else known.numbers.push(Number(value.value));
    }
  }
  return [...byLabels.values()].flatMap(({value, numbers}) => {
    const combined = combine(numbers);
    return combined === undefined ? [] : [{...value, value: combined}];
  });
}

/** Whether a value only grows, so that it stays part of the sum when its copy of the service has exited. */
function isTotal(type: string, name: string, {metricName = name}: Value, aggregator: string): boolean {
  if (aggregators[aggregator] !== undefined && aggregator !== 'sum') return false;
  return type === 'counter' || type === 'histogram' || (type === 'summary' && metricName !== name);
}

/** The parts of the metrics of an exited copy that stay in the totals. */
export function totalsOf(metrics: readonly ServiceMetric[]): readonly ServiceMetric[] {
  return metrics.flatMap((metric) => {
    const values = metric.values.filter((value) => isTotal(metric.type, metric.name, value, metric.aggregator));
    return values.length === 0 ? [] : [{...metric, values}];
  });
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** prom-client's aggregators by their names; undefined: no metric. */
const aggregators: Readonly<Record<string, (values: readonly number[]) => number | undefined>> = {
  sum,
  first: ([first]) => first,
  min: (values) => values.reduce((least, value) => Math.min(least, value), Infinity),
  max: (values) => values.reduce((most, value) => Math.max(most, value), -Infinity),
  average: (values) => sum(values) / values.length,
  omit: () => undefined,
};

import type {ServiceMetric} from '../process/messages.ts';

type Labels = ServiceMetric['values'][number]['labels'];

/** Metrics in Prometheus' text format 0.0.4. Names have been checked before. */
export function metricsText(metrics: readonly ServiceMetric[]): string {
  return metrics
    .map(({name, help, type, values}) =>
      [
        `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
        `# TYPE ${name} ${typeWord(type)}`,
        ...values.map(({metricName = name, labels, value}) => `${metricName}${labelsText(labels)} ${number(value)}`),
        '',
      ].join('\n'),
    )
    .join('');
}

/** Comments, which Prometheus ignores: one line each. */
export function commentsText(comments: readonly string[]): string {
  return comments.map((text) => `# entrypoint: ${text.replaceAll(/\s+/g, ' ')}\n`).join('');
}

const types: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram', 'summary']);

function typeWord(type: string): string {
  return types.has(type) ? type : 'untyped';
}

function labelsText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function number(value: number | string): string {
  const decoded = Number(value);
  if (Number.isNaN(decoded)) return 'NaN';
  return Number.isFinite(decoded) ? String(decoded) : decoded > 0 ? '+Inf' : '-Inf';
}

/** The same text for the same labels, in whatever order they were given. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** The upper bounds of the buckets of a histogram, in ascending order of their text. */
export function bucketBounds({values}: ServiceMetric): readonly string[] {
  return [...new Set(values.flatMap(({labels: {le}}) => (le === undefined ? [] : [le])))].sort();
}

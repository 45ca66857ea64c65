/** What the fields of a line are called; those of the service keep their names. */
export interface FieldNames {
  readonly time: string;
  readonly level: string;
  readonly severity: string | undefined;
  readonly message: string;
  readonly pid: string;
  readonly instance: string;
  readonly seq: string;
  readonly requestId: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly cut: string;
  readonly stack: string;
  /** At the end of every line. */
  readonly constant: string;
  /** Fields of the service whose meaning the format has a name for. */
  readonly own: Readonly<Record<string, string>>;
}

/** The names of the app server's lines, and OpenTelemetry's. */
export const plainNames: FieldNames = {
  time: 'time',
  level: 'level',
  severity: 'severity_text',
  message: 'message',
  pid: 'pid',
  instance: 'instance',
  seq: 'seq',
  requestId: 'request_id',
  traceId: 'trace_id',
  spanId: 'span_id',
  cut: 'cut',
  stack: 'stack',
  constant: '',
  own: {},
};

/** @see https://www.elastic.co/docs/reference/ecs */
export const ecsNames: FieldNames = {
  time: '@timestamp',
  level: 'log.level',
  severity: undefined,
  message: 'message',
  pid: 'process.pid',
  instance: 'process.entity_id',
  seq: 'event.sequence',
  requestId: 'http.request.id',
  traceId: 'trace.id',
  spanId: 'span.id',
  cut: 'labels.cut',
  stack: 'stack_trace',
  constant: ',"ecs.version":"8.11.0"',
  // An index cannot have both `event` as a text and `event.sequence`.
  own: {err: 'error', event: 'event.action', error: 'error_', logger: 'log.logger'},
};

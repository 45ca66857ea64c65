import {channel} from 'node:diagnostics_channel';

/** A level of an event. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** A level from which on events are logged; `silent`: none. */
export type LogThreshold = LogLevel | 'silent';

/** What a level is called in a line: `level` as in the lines of the app server and of Python, `severity_text` as in OpenTelemetry. */
export interface LevelName {
  readonly order: number;
  readonly level: string;
  readonly severity: string;
}

/** pino's numbers, and the names in a line. @see https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitytext */
export const levels: Readonly<Record<LogLevel, LevelName>> = {
  trace: {order: 10, level: 'trace', severity: 'TRACE'},
  debug: {order: 20, level: 'debug', severity: 'DEBUG'},
  info: {order: 30, level: 'info', severity: 'INFO'},
  warn: {order: 40, level: 'warning', severity: 'WARN'},
  error: {order: 50, level: 'error', severity: 'ERROR'},
  fatal: {order: 60, level: 'fatal', severity: 'FATAL'},
};

/** Level names in ascending order. */
export const levelNames = Object.keys(levels) as readonly LogLevel[];

/** The number of a threshold: events below it are not logged. */
export const orderOf = (threshold: LogThreshold): number =>
  threshold === 'silent' ? Infinity : levels[threshold].order;

const others: Readonly<Record<string, LogThreshold>> = {
  warning: 'warn',
  critical: 'fatal',
  off: 'silent',
  none: 'silent',
  silent: 'silent',
};

/** Reads a level in any case, also in Python's words; undefined: it is none. */
export function thresholdOf(text: string): LogThreshold | undefined {
  const word = text.trim().toLowerCase();
  if (Object.hasOwn(others, word)) return others[word];
  return levelNames.find((name) => name === word);
}

/** The diagnostics channel on which a level is set at run time, in every copy of `entrypoint/log` in a process. */
export const levelChannel = 'entrypoint.log.level';

const registry = Symbol.for('entrypoint.log.level');
type Shared = {[registry]?: LogThreshold};

/** The level that was set at run time, also before the service was loaded; undefined: none was. */
export const runtimeLevel = (): LogThreshold | undefined => (globalThis as Shared)[registry];

/** Sets the level of every `entrypoint/log` in this process or thread, now and when it is loaded. */
export function setRuntimeLevel(level: LogThreshold): void {
  (globalThis as Shared)[registry] = level;
  channel(levelChannel).publish({level});
}

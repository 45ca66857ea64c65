// `entrypoint/log`: one event is one JSON line on stdout. A service that does not import this pays nothing for it.
import {isTerminal} from '../shell/output.ts';
import {runtimeLevel} from '../text/log/levels.ts';
import {readableLine} from '../text/log/line.ts';
import {captureConsoleOf} from './console.ts';
import {followRequests} from './context.ts';
import {followLevel, logServerEvents, logUncaught} from './hooks.ts';
import {type Logger, newLogger} from './logger.ts';
import {ecsNames, plainNames} from './names.ts';
import {type LogCounts, newOutput, type Output, writeToStdout} from './output.ts';
import {type LogFormat, logSettings, readLevel} from './settings.ts';

export {withContext} from './context.ts';
export type {LogContext} from './context.ts';
export type {LogLevel} from '../text/log/levels.ts';
export type {Serializers} from './fields.ts';
export type {ChildOptions, Logger, LogMethod} from './logger.ts';
export type {LogCounts} from './output.ts';
export type {LogFormat} from './settings.ts';

/** How {@link createLog} differs from {@link log}. */
export interface LogOptions {
  /** Default: what was set at run time, LOG_LEVEL, or `info`. */
  readonly level?: string | undefined;
  /** Default: LOG_FORMAT, or `text` on a terminal and `json` elsewhere. */
  readonly format?: LogFormat | undefined;
  /** Gets each line with its line break; these lines have numbers of their own. Default: stdout. */
  readonly write?: ((line: string) => void) | undefined;
}

const stdout = newOutput(writeToStdout);

/**
 * Makes a logger of your own: for tests, or with another output.
 * @example
 * const lines: string[] = [];
 * const log = createLog({format: 'json', write: (line) => lines.push(line)});
 * await placeOrder(log);
 * assert.equal(JSON.parse(lines[0]).message, 'order placed');
 */
export function createLog({level, format, write}: LogOptions = {}): Logger {
  const terminal = write === undefined && isTerminal(1);
  const settings = logSettings(process.env, terminal);
  const output = write === undefined ? stdout : newOutput(write);
  const form = format ?? settings.format;
  const log = newLogger(
    {
      names: form === 'ecs' ? ecsNames : plainNames,
      instance: output.instance,
      nextSeq: output.nextSeq,
      output: form === 'text' ? readable(output, terminal) : output,
      readLevel,
    },
    level === undefined ? (runtimeLevel() ?? settings.level) : readLevel(level),
  );
  for (const text of settings.problems) log.warn({event: 'bad_log_setting'}, text);
  return log;
}

function readable(output: Output, terminal: boolean): Output {
  // https://no-color.org: set and not empty.
  const colour = terminal && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb';
  return {
    ...output,
    write: (line, cut) => output.write(readableLine(JSON.parse(line) as Record<string, unknown>, colour), cut),
  };
}

/**
 * The log of the service: one event is one line on stdout, JSON in a container and readable on a terminal. Its lines have
 * the id and the trace of the request during which they are written. An error that nothing catches is logged, too.
 * @example
 * import {log} from 'entrypoint/log';
 *
 * log.info({order: order.id, total: order.total}, 'order placed');
 * log.error(error);
 */
export const log: Logger = createLog();

followRequests();
followLevel(log);
if (!isTerminal(1)) {
  logUncaught(log);
  logServerEvents(log);
}

/**
 * Makes each `console.log` of this process an event, whoever calls it: one line, with the request id, without secrets. The
 * event has `logger: "console"`; an error among the words is its `err`.
 * @returns puts the console back
 * @example
 * if (!process.stdout.isTTY) captureConsole();
 */
export function captureConsole(to: Logger = log): () => void {
  return captureConsoleOf(to);
}

/**
 * What became of the events on stdout since the process began: for metrics.
 * @example
 * new Gauge({name: 'log_lines_dropped', help: 'Lines without a reader', collect() { this.set(logCounts().dropped); }});
 */
export function logCounts(): LogCounts {
  return stdout.counts();
}

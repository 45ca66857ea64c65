import {format} from 'node:util';
import {levelNames, levels, type LevelName, type LogLevel, type LogThreshold, orderOf} from '../text/log/levels.ts';
import {correlation} from './context.ts';
import {type Bound, type Serializers, unbound} from './fields.ts';
import {boundText, lineOf, type LineOptions} from './line.ts';
import type {FieldNames} from './names.ts';
import type {Output} from './output.ts';
import {contentsOf, isPlain} from './values/shapes.ts';
import {wordText} from './values/walk.ts';

/**
 * Logs an event: `log.info({order}, 'order placed')`, `log.error(error)`, `log.error({err: error, order}, 'not placed')`,
 * `log.info('ready')`. Words that follow the message take the place of its `%s`, `%d` and `%j`, or are appended.
 */
export interface LogMethod {
  (fields: object, message?: string, ...words: readonly unknown[]): void;
  (message: string, ...words: readonly unknown[]): void;
}

/** How a child logger differs from its parent. */
export interface ChildOptions {
  /** Default: that of the parent, also after a change. */
  readonly level?: string | undefined;
  /** How fields of these names are written; they add to those of the parent. */
  readonly serializers?: Serializers | undefined;
}

/** A logger in pino's form, which frameworks accept: `fastify({loggerInstance: log})`. */
export interface Logger {
  /** The level from which on events are logged; a new one counts at once, for children without a level of their own as well. */
  level: string;
  readonly trace: LogMethod;
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
  readonly fatal: LogMethod;
  /** Logs nothing, as in pino. */
  readonly silent: LogMethod;
  /** A logger whose lines have these fields, as they are now. */
  readonly child: (fields: object, options?: ChildOptions) => Logger;
  /** Whether events of a level are logged: for fields that are expensive to compute. */
  readonly isLevelEnabled: (level: LogLevel) => boolean;
}

/** What all loggers of one output share. */
export interface Root extends LineOptions {
  readonly names: FieldNames;
  readonly output: Output;
  /** Reads a level. @throws Problem if it is none */
  readonly readLevel: (text: string) => LogThreshold;
}

/** A level that loggers share. */
interface Threshold {
  name: LogThreshold;
  order: number;
}

const newThreshold = (name: LogThreshold): Threshold => ({name, order: orderOf(name)});

/** Makes a logger. */
export function newLogger(root: Root, level: LogThreshold): Logger {
  return loggerOf(root, newThreshold(level), unbound, undefined);
}

function loggerOf(root: Root, threshold: Threshold, bound: Bound, serializers: Serializers | undefined): Logger {
  const method = (level: LevelName): LogMethod =>
    function logEvent(first: unknown, second?: unknown, ...words: unknown[]): void {
      if (level.order >= threshold.order) write(root, level, bound, serializers, first, second, words);
    };
  const {trace, debug, info, warn, error, fatal} = levels;
  return {
    get level(): string {
      return threshold.name;
    },
    set level(name: string) {
      threshold.name = root.readLevel(name);
      threshold.order = orderOf(threshold.name);
    },
    trace: method(trace),
    debug: method(debug),
    info: method(info),
    warn: method(warn),
    error: method(error),
    fatal: method(fatal),
    silent: () => {},
    child(fields, {level, serializers: more} = {}) {
      const all = more === undefined ? serializers : {...serializers, ...more};
      const own = level === undefined ? threshold : newThreshold(root.readLevel(level));
      return loggerOf(root, own, boundText(fields, all, bound, root.names), all);
    },
    isLevelEnabled: (name) => levelNames.includes(name) && levels[name].order >= threshold.order,
  };
}

function write(
  root: Root,
  level: LevelName,
  bound: Bound,
  serializers: Serializers | undefined,
  first: unknown,
  second: unknown,
  words: readonly unknown[],
): void {
  let fields: object | undefined;
  let message: unknown;
  if (typeof first === 'string') {
    message = first;
    if (words.length > 0 || (second !== undefined && !isFields(first, second)))
      message = formatted(first, [second, ...words]);
    else if (second !== undefined) fields = fieldsOf(second as object);
  } else if (typeof first === 'object' && first !== null) {
    fields = fieldsOf(first);
    const isText = words.length === 0 && (typeof second === 'string' || second === undefined);
    message = isText ? second : formatted(second, words);
  } else message = formatted(first, second === undefined ? words : [second, ...words]);
  const line = lineOf({level, message, fields, bound, serializers, correlation: correlation()}, root);
  root.output.write(line.text, line.cut);
}

/** What the first word of a call says as fields: an error is `err`, and what has no fields of its own is `value`. */
function fieldsOf(first: object): object {
  try {
    if (Error.isError(first)) return {err: first};
    if (isPlain(first)) return first;
    if (Array.isArray(first) || ArrayBuffer.isView(first) || 'toJSON' in first) return {value: first};
    const contents = contentsOf(first) ?? first;
    return typeof contents === 'object' && contents !== null && !Array.isArray(contents) ? contents : {value: first};
  } catch {
    return {value: first};
  }
}

// In the order of other loggers, which pino drops: `log.info('not placed', error)`.
const isFields = (message: string, second: unknown): boolean =>
  typeof second === 'object' && second !== null && !Array.isArray(second) && !message.includes('%');

/** The words of a message as one text. Never throws: an object is written by the rules of fields, not by `util.inspect`. */
function formatted(first: unknown, words: readonly unknown[]): string {
  try {
    const form = typeof first === 'string' ? first.replaceAll(/%[joO]/g, '%s') : word(first);
    return words.length === 0 && typeof form === 'string' ? form : format(form, ...words.map(word));
  } catch {
    return '[unreadable]';
  }
}

function word(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  try {
    return Error.isError(value) ? String(value) : wordText(value);
  } catch {
    return '[unreadable]';
  }
}

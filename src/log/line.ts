import type {LevelName} from '../text/log/levels.ts';
// The line of one event: quickly for what nearly all events are, and carefully for what is too long or has a secret.
import {utcNow} from '../text/utc-time.ts';
import type {Correlation} from './context.ts';
import {type Bound, correlationText, fieldsText, reboundText, type Serializers, unbound} from './fields.ts';
import type {FieldNames} from './names.ts';
import {hasSecret} from './values/secrets.ts';
import {jsonOf, type Limits, textOf, type Walk} from './values/walk.ts';

/** The most bytes of a line with its line break: syslog, journald and Docker's own drivers keep so much in one piece. */
export const mostBytes = 8192;
/** Of the fields of a child logger, so that there is room for those of the event. */
const mostOfChild = 3072;

/** An event. */
export interface Event {
  readonly level: LevelName;
  readonly message: unknown;
  readonly fields: object | undefined;
  readonly bound: Bound;
  readonly serializers: Serializers | undefined;
  readonly correlation: Correlation | undefined;
}

/** What the lines of one logger have in common. */
export interface LineOptions {
  readonly names: FieldNames;
  /** Text that is unique to this process. */
  readonly instance: string;
  readonly nextSeq: () => number;
}

/** A line with its line break. */
export interface Line {
  readonly text: string;
  readonly cut: boolean;
}

const quick: Limits = {text: mostBytes, entries: Infinity, depth: 12};
const newWalk = ({text, entries, depth}: Limits, most: number, scrub: boolean, stackName: string): Walk => ({
  text,
  entries,
  depth,
  scrub,
  left: most,
  cuts: 0,
  above: [],
  stackName,
});

/** The line of an event. Never throws. */
export function lineOf(event: Event, options: LineOptions): Line {
  const walk = newWalk(quick, mostBytes, false, options.names.stack);
  const line = assembled(event, options, walk);
  // Three bytes for a UTF-16 unit at most.
  if (walk.left >= 0 && walk.cuts === 0 && (line.length * 3 < mostBytes || fits(line)) && !hasSecret(line))
    return {text: numbered(line, options), cut: false};
  return careful(event, options);
}

// The number comes last: what a getter logs meanwhile is written before.
const numbered = (line: string, {names, nextSeq}: LineOptions): string =>
  `${line},"${names.seq}":${nextSeq()}${names.constant}}\n`;

const seqBytes = 80;
const fits = (line: string): boolean => Buffer.byteLength(line) <= mostBytes - seqBytes;

/** The fullest line that is short enough, without secrets. */
function careful(event: Event, options: LineOptions): Line {
  const {names} = options;
  // A line is written again: its child's fields as they were, since an object can have changed.
  const attempt = (limits: Limits): Line | undefined => {
    const walk = newWalk(limits, mostBytes, true, names.stack);
    const line = assembled(event, options, walk, true);
    const marked = walk.cuts === 0 ? line : `${line},"${names.cut}":${walk.cuts}`;
    return walk.left >= 0 && fits(marked) ? {text: marked, cut: walk.cuts > 0} : undefined;
  };
  const found = fullest(attempt) ?? attempt({text: 64, entries: 0, depth: 1});
  const {text, cut} = found ?? {text: '{"message":"[unreadable]"', cut: true};
  return {text: numbered(text, options), cut};
}

/** Shorter texts first; if those are not enough, fewer entries. */
function fullest<Found>(attempt: (limits: Limits) => Found | undefined): Found | undefined {
  const whole = attempt(quick);
  if (whole !== undefined) return whole;
  const {depth} = quick;
  let best = attempt({...quick, text: leastText});
  if (best !== undefined) {
    let [low, high] = [leastText, quick.text];
    while (high - low > 64) {
      const text = (low + high) >> 1;
      const one = attempt({text, entries: Infinity, depth});
      if (one === undefined) high = text;
      else [low, best] = [text, one];
    }
    return best;
  }
  for (const [text, entries, deep] of smaller) {
    const one = attempt({text, entries, depth: deep});
    if (one !== undefined) return one;
  }
  return undefined;
}

const leastText = 128;
const smaller = [256, 128, 64, 32, 16, 8, 4].flatMap((entries) => [
  [512, entries, 12] as const,
  [64, entries, 4] as const,
]);

function assembled(event: Event, options: LineOptions, walk: Walk, again = false): string {
  const {names, instance} = options;
  const {level, fields, bound, correlation: of, serializers, message: given} = event;
  const own =
    fields === undefined ? unbound : fieldsText(fields, names, walk, {serializers, skipMessage: given === undefined});
  const isTwice = bound !== unbound && fields !== undefined && !own.keys.isDisjointFrom(bound.keys);
  const child = again || isTwice ? reboundText(bound, own, walk) : bound.text;
  if (!again && !isTwice) walk.left -= child.length;
  walk.cuts += bound.cuts;
  const severity = names.severity === undefined ? '' : `","${names.severity}":"${level.severity}`;
  const message = messageText(event, walk);
  return (
    `{"${names.time}":"${utcNow()}","${names.level}":"${level.level}${severity}"` +
    (message === undefined ? '' : `,"${names.message}":${message}`) +
    (of === undefined ? '' : correlationText(of, own, bound, names, walk)) +
    `${child}${own.text},"${names.pid}":${process.pid},"${names.instance}":"${instance}"`
  );
}

function messageText({message, fields}: Event, walk: Walk): string | undefined {
  if (typeof message === 'string') return textOf(message, walk);
  if (message !== undefined) return jsonOf(message, walk);
  // As in pino: that of the error, or a field.
  try {
    const {err, message: own} = (fields ?? {}) as {readonly err?: unknown; readonly message?: unknown};
    const text = own ?? (err as {readonly message?: unknown} | undefined)?.message;
    return typeof text === 'string' ? textOf(text, walk) : undefined;
  } catch {
    return undefined;
  }
}

/** The fields of a child logger as text: written once, short enough, and as they are now. */
export function boundText(
  fields: object,
  serializers: Serializers | undefined,
  around: Bound,
  names: FieldNames,
): Bound {
  const room = mostOfChild - Buffer.byteLength(around.text);
  const attempt = (limits: Limits): Bound | undefined => {
    const walk = newWalk(limits, room, true, names.stack);
    const own = fieldsText(fields, names, walk, {serializers});
    return walk.left >= 0 && Buffer.byteLength(own.text) <= room ? own : undefined;
  };
  // No room at all, in a long line of children: their first fields stay.
  const own = fullest(attempt) ?? {...unbound, cuts: 1};
  const walk = newWalk(quick, mostBytes, true, names.stack);
  const outer = own.keys.isDisjointFrom(around.keys) ? around.text : reboundText(around, own, walk);
  return {
    text: outer + own.text,
    given: around.given | own.given,
    cuts: around.cuts + own.cuts,
    keys: around.keys.union(own.keys),
  };
}

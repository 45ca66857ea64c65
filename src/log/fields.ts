// The top-level fields of a line: no name twice, and none that every line has.
import type {Correlation} from './context.ts';
import {type FieldNames, plainNames} from './names.ts';
import {type KeyInfo, keyInfo} from './values/keys.ts';
import {withoutSecrets} from './values/secrets.ts';
import {quoted} from './values/text.ts';
import {jsonOf, keyText, propertyOf, textOf, type Walk} from './values/walk.ts';

/** How single fields are written instead, as in pino. */
export type Serializers = Readonly<Record<string, (value: never) => unknown>>;

/** Fields as text, each with a comma before it. */
export interface Bound {
  readonly text: string;
  /** Which of the correlation are among them. */
  readonly given: number;
  /** Number of values that are not whole. */
  readonly cuts: number;
  /** What they are called in the line: no line has a name twice. */
  readonly keys: ReadonlySet<string>;
}

/** No fields. */
export const unbound: Bound = {text: '', given: 0, cuts: 0, keys: new Set()};

const [hasId, hasTrace, hasSpan] = [1, 2, 4];
/** Fields of every line: a field of the service with such a name has another, so that none is there twice. */
const reserved = new Map([
  ['request_id', hasId],
  ['trace_id', hasTrace],
  ['span_id', hasSpan],
  ...['time', 'level', 'severity_text', 'message', 'pid', 'instance', 'seq', 'cut'].map((name) => [name, 0] as const),
  ...['@timestamp', 'log.level', 'process.pid', 'process.entity_id', 'event.sequence'].map(
    (name) => [name, 0] as const,
  ),
]);

/** The request that an event belongs to, and the fields of its context. */
export function correlationText(of: Correlation, own: Bound, bound: Bound, names: FieldNames, walk: Walk): string {
  const {request_id: id, trace_id: trace, span_id: span, fields} = of;
  const given = own.given | bound.given;
  const texts =
    (id === undefined || (given & hasId) !== 0 ? '' : `,"${names.requestId}":${textOf(id, walk)}`) +
    (trace === undefined || (given & hasTrace) !== 0 ? '' : `,"${names.traceId}":"${trace}"`) +
    (span === undefined || (given & (hasTrace | hasSpan)) !== 0 ? '' : `,"${names.spanId}":"${span}"`);
  walk.left -= texts.length;
  if (fields === undefined) return texts;
  return texts + fieldsText(fields, names, walk, {except: [own.keys, bound.keys]}).text;
}

interface FieldsOptions {
  readonly serializers?: Serializers | undefined;
  /** Whether a field `message` is the message. */
  readonly skipMessage?: boolean;
  /** Names that others have. */
  readonly except?: readonly ReadonlySet<string>[];
}

/** The fields of an event, a child logger or a context. */
export function fieldsText(
  fields: object,
  names: FieldNames,
  walk: Walk,
  {serializers, skipMessage = false, except = []}: FieldsOptions,
): Bound {
  let text = '';
  let given = 0;
  const keys = new Set<string>();
  walk.above.push(fields);
  try {
    for (const key of Object.keys(fields)) {
      if (walk.left < 0) break;
      if (keys.size >= walk.entries) {
        walk.cuts += 1;
        break;
      }
      if (skipMessage && key === 'message' && isMessage(fields)) continue;
      const flag = reserved.get(key);
      const name = flag === undefined && names === plainNames ? key : nameIn(names, key, flag);
      if (keys.has(name) || except.some((others) => others.has(name))) continue;
      const info = keyInfo(key);
      const serializer = serializers !== undefined && Object.hasOwn(serializers, key) ? serializers[key] : undefined;
      const one =
        serializer === undefined
          ? propertyOf(fields, key, info, walk)
          : serialized(fields, key, info, serializer, walk);
      if (one === undefined) continue;
      if (flag !== undefined) given |= flag;
      keys.add(name);
      text += `,${name === key ? keyText(key, info, walk) : `${quoted(name)}:`}${one}`;
    }
  } catch {
    // A proxy whose keys cannot be listed.
    text += ',"fields":"[unreadable]"';
  } finally {
    walk.above.pop();
  }
  return {text, given, cuts: walk.cuts, keys};
}

function isMessage(fields: object): boolean {
  try {
    return typeof (fields as {readonly message?: unknown}).message === 'string';
  } catch {
    return false;
  }
}

/** What a field of the service is called in a line. */
function nameIn(names: FieldNames, key: string, flag: number | undefined): string {
  if (flag === undefined) return Object.hasOwn(names.own, key) ? (names.own[key] as string) : key;
  if (flag === 0) return `${key}_`;
  return flag === hasId ? names.requestId : flag === hasTrace ? names.traceId : names.spanId;
}

function serialized(
  fields: object,
  key: string,
  info: KeyInfo,
  serializer: (value: never) => unknown,
  walk: Walk,
): string | undefined {
  try {
    const value = serializer((fields as Record<string, unknown>)[key] as never);
    return propertyOf({[key]: value}, key, info, walk);
  } catch {
    return '"[unreadable]"';
  }
}

const fieldsIn = (text: string): Readonly<Record<string, unknown>> =>
  text === '' ? {} : (JSON.parse(`{${text.slice(1)}}`) as Record<string, unknown>);

/** The text of a child's fields once more: those that the event has not itself, with the limits and secrets of now. */
export function reboundText({text}: Bound, {keys}: Bound, walk: Walk): string {
  return Object.entries(fieldsIn(text))
    .filter(([key]) => !keys.has(key))
    .map(([key, value]) => {
      walk.left -= key.length + 4;
      return `,${quoted(walk.scrub ? withoutSecrets(key) : key)}:${jsonOf(value, walk) ?? 'null'}`;
    })
    .join('');
}

export const contentType = 'content-type';

/** The head of a response, ready for `writeHead`. */
export interface ResponseHead {
  /** Lower-case names and values in turn. */
  readonly fields: readonly string[];
  /** The handler's own Content-Length, if it is a valid one. */
  readonly length: number | undefined;
  /** Whether the handler wants the connection to be closed. */
  readonly close: boolean;
  /** Whether a value has characters that are sent as latin1: node:http encodes them like the text that follows. */
  readonly latin1: boolean;
}

/** A head whose fields are plain (see `plainValue`). */
export interface PlainHead extends ResponseHead {
  /** Whether a field is about the connection or the length of the body: what is sent decides those. */
  readonly framing: boolean;
}

/** A name, and a value that no header class would change. */
const plainName = /^[\w!#$%&'*+\-.^`|~]+$/;
export const plainValue = /^(?:[!-~\u0080-\u00ff](?:[\t -~\u0080-\u00ff]*[!-~\u0080-\u00ff])?)?$/;

/**
 * Fields that belong to this connection (RFC 9110, 7.6.1). node:http sets them itself: what a handler says about framing
 * could contradict what is sent, and the next response would begin in the wrong place. Fetch has no trailers.
 */
export const connectionFields: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'trailer',
  'transfer-encoding',
]);

/** Most responses of a service have the headers of the one before: comparing is cheaper than judging them again. */
let last:
  | {
      readonly names: readonly string[];
      readonly values: readonly string[];
      readonly type: string | undefined;
      readonly head: PlainHead;
    }
  | undefined;

/** The headers of a response. Undefined for values that undici's own class should judge. */
export function plainHeadOf(
  headers: NonNullable<ResponseInit['headers']>,
  type: string | undefined,
): PlainHead | undefined {
  if (Object.getPrototypeOf(headers) === Object.prototype) {
    const record = headers as Record<string, unknown>;
    if (isLast(record, type)) return last?.head;
    const own = fieldsOfObject(record);
    if (own !== undefined) {
      last = {
        names: Object.keys(record),
        values: own.filter((_, index) => index % 2 === 1),
        type,
        head: plainHead(own, type),
      };
      return last.head;
    }
  }
  const fields: string[] = [];
  for (const [name, value] of headers instanceof Headers ? headers : new Headers(headers)) {
    if (!plainValue.test(value)) return undefined;
    fields.push(name, value);
  }
  return plainHead(fields, type);
}

function isLast(record: Record<string, unknown>, type: string | undefined): boolean {
  if (last === undefined || last.type !== type) return false;
  const {names, values} = last;
  let index = 0;
  for (const name in record) {
    if (name !== names[index] || record[name] !== values[index]) return false;
    index += 1;
  }
  return index === names.length;
}

/** The same for a plain object, without the cost of undici's class. */
function fieldsOfObject(record: Record<string, unknown>): string[] | undefined {
  const fields: string[] = [];
  for (const name of Object.keys(record)) {
    const value = record[name];
    const lower = name.toLowerCase();
    if (typeof value !== 'string' || !plainName.test(name) || !plainValue.test(value)) return undefined;
    // Undici joins the values of one name.
    if (lower !== name && Object.keys(record).some((other) => other !== name && other.toLowerCase() === lower))
      return undefined;
    fields.push(lower, value);
  }
  return fields;
}

const ofTypes = new Map<string | undefined, PlainHead>();

/** The head of a response without headers of its own. There are three types at most: that of text, of JSON, and none. */
export function headOfType(type: string | undefined): PlainHead {
  const known = ofTypes.get(type);
  if (known !== undefined) return known;
  const head = plainHead([], type);
  ofTypes.set(type, head);
  return head;
}

/**
 * The head with these fields, which become its own.
 * @param type Content-Type, if the fields have none
 */
function plainHead(fields: string[], type: string | undefined): PlainHead {
  let [framing, typed, latin1] = [false, type === undefined, false];
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] as string;
    framing ||= name === 'content-length' || connectionFields.has(name);
    typed ||= name === contentType;
    latin1 ||= isLatin1(fields[index + 1] as string);
  }
  if (!typed) fields.push(contentType, type as string);
  return {fields, length: undefined, close: false, latin1, framing};
}

/** Whether a text has characters that are sent as latin1. */
export function isLatin1(text: string): boolean {
  return /[^\0-\u007f]/.test(text);
}

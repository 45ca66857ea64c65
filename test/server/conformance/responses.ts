/** A final response, with the informational ones before it. */
export interface Received {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case, in the order received. */
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
  readonly trailers: readonly (readonly [string, string])[];
  readonly informational: readonly number[];
  readonly complete: boolean;
  /** Whether the connection ends behind it: by `Connection: close`, or because nothing else ends its body. */
  readonly closes: boolean;
}

export interface ReceivedAll {
  /** The last one may be incomplete. */
  readonly responses: readonly Received[];
  /** What no recipient could parse, or RFC 9112 forbids. */
  readonly problems: readonly string[];
  /** Whether the bytes end in the middle of a response. */
  readonly partial: boolean;
}

interface Head {
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly (readonly [string, string])[];
  readonly end: number;
}

/** All values of a field, as one list. Set-Cookie is no list: its values are joined by line feeds. */
export function valueOf({fields}: Pick<Received, 'fields'>, name: string): string | undefined {
  const values = fields.filter(([other]) => other === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(name === 'set-cookie' ? '\n' : ', ');
}

/**
 * Reads everything that a server has sent on one connection, as strictly as RFC 9112 permits: each byte belongs to a
 * response or is a problem.
 * @param text latin1
 * @param isHead whether the request with this index was a HEAD
 */
export function readResponses(text: string, ended: boolean, isHead: (index: number) => boolean): ReceivedAll {
  const responses: Received[] = [];
  const problems: string[] = [];
  let informational: number[] = [];
  let at = 0;
  while (at < text.length) {
    const head = readHead(text, at, problems);
    if (head === undefined || typeof head === 'string') {
      if (head !== undefined) problems.push(head);
      return {responses, problems, partial: head === undefined};
    }
    const {status, fields} = head;
    at = head.end;
    if (status < 200) {
      if (status === 101) problems.push('101 without an upgrade');
      if (framingFields(fields).length > 0) problems.push(`${status} with framing fields (RFC 9110 8.6, RFC 9112 6.1)`);
      informational.push(status);
      continue;
    }
    const body = readBody(text, head, {ended, bodyless: isHead(responses.length), problems});
    responses.push({
      status,
      reason: head.reason,
      fields,
      body: body.data,
      trailers: body.trailers,
      informational,
      complete: body.complete,
      closes: body.untilClose || closesConnection(fields),
    });
    informational = [];
    if (body.broken || !body.complete) return {responses, problems, partial: !body.broken};
    at = body.end;
  }
  return {responses, problems, partial: informational.length > 0};
}

/** The head that begins at `at`; undefined if it is not complete, a text if it is none. */
function readHead(text: string, at: number, problems: string[]): Head | string | undefined {
  const end = text.indexOf('\r\n\r\n', at);
  const sample = JSON.stringify(text.slice(at, at + 60));
  if (!'HTTP/1.'.startsWith(text.slice(at, at + 7))) return `bytes that are no response: ${sample}`;
  if (end === -1) return undefined;
  const [line = '', ...lines] = text.slice(at, end).split('\r\n');
  const match = /^HTTP\/1\.[01] ([1-9]\d\d) ([\t \u0021-\u007e\u0080-\u00ff]*)$/.exec(line);
  if (match === null) return `an invalid status line (RFC 9112 4): ${sample}`;
  const fields: [string, string][] = [];
  for (const field of lines) {
    const parts = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([^\0\r\n]*?)[\t ]*$/.exec(field);
    if (parts === null) problems.push(`an invalid field (RFC 9112 5): ${JSON.stringify(field)}`);
    else fields.push([(parts[1] ?? '').toLowerCase(), parts[2] ?? '']);
  }
  for (const name of ['date', 'content-length', 'transfer-encoding']) {
    if (fields.filter(([other]) => other === name).length > 1) problems.push(`${name} more than once`);
  }
  return {status: Number(match[1]), reason: match[2] ?? '', fields, end: end + 4};
}

const framingFields = (fields: Head['fields']): readonly string[] =>
  fields.map(([name]) => name).filter((name) => name === 'content-length' || name === 'transfer-encoding');

const closesConnection = (fields: Head['fields']): boolean =>
  fields.some(([name, value]) => name === 'connection' && /(?:^|,)\s*close\s*(?:,|$)/i.test(value));

interface Body {
  readonly data: string;
  readonly end: number;
  readonly complete: boolean;
  readonly untilClose: boolean;
  readonly broken: boolean;
  readonly trailers: Received['trailers'];
}

interface BodyOptions {
  readonly ended: boolean;
  readonly bodyless: boolean;
  readonly problems: string[];
}

/** The rules of RFC 9112 6.3, in its order. */
function readBody(text: string, {status, fields, end}: Head, {ended, bodyless, problems}: BodyOptions): Body {
  const whole = {data: '', end, complete: true, untilClose: false, broken: false, trailers: []};
  const coding = valueOf({fields}, 'transfer-encoding');
  const length = valueOf({fields}, 'content-length');
  if (coding !== undefined && length !== undefined)
    problems.push('Content-Length and Transfer-Encoding (RFC 9112 6.2)');
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    problems.push(`a coding that nobody can read: ${coding} (RFC 9112 6.1)`);
  if (length !== undefined && !/^\d+$/.test(length)) problems.push(`an invalid length (RFC 9110 8.6): ${length}`);
  if (status === 204 && (coding ?? length) !== undefined)
    problems.push('204 with framing fields (RFC 9110 8.6, RFC 9112 6.1)');
  if (bodyless || status === 204 || status === 304) return whole;
  if (coding !== undefined) return readChunks(text, end, problems);
  if (length === undefined)
    return {...whole, data: text.slice(end), end: text.length, complete: ended, untilClose: true};
  const data = text.slice(end, end + Number(length));
  return {...whole, data, end: end + data.length, complete: data.length === Number(length)};
}

function readChunks(text: string, start: number, problems: string[]): Body {
  let data = '';
  let at = start;
  const part = (more: Partial<Body>): Body => ({
    data,
    end: at,
    complete: false,
    untilClose: false,
    broken: false,
    trailers: [],
    ...more,
  });
  for (;;) {
    const line = text.indexOf('\r\n', at);
    if (line === -1) return part({});
    const size = text.slice(at, line);
    if (!/^[0-9A-Fa-f]+$/.test(size)) {
      problems.push(`an invalid chunk size (RFC 9112 7.1): ${JSON.stringify(size.slice(0, 40))}`);
      return part({broken: true});
    }
    const bytes = Number.parseInt(size, 16);
    if (bytes === 0) {
      if (text.startsWith('\r\n', line + 2)) return part({complete: true, end: line + 4});
      const end = text.indexOf('\r\n\r\n', line + 2);
      if (end === -1) return part({});
      const trailers = text
        .slice(line + 2, end)
        .split('\r\n')
        .map((field) => [(field.split(':')[0] ?? '').toLowerCase(), field.replace(/^[^:]*:\s*/, '')] as const);
      return part({complete: true, end: end + 4, trailers});
    }
    data += text.slice(line + 2, line + 2 + bytes);
    at = line + 2 + bytes + 2;
    if (at > text.length) return part({});
    if (text.slice(at - 2, at) !== '\r\n') {
      problems.push('a chunk without CRLF at its end (RFC 9112 7.1)');
      return part({broken: true});
    }
  }
}

/** What the two services of this directory are written for. */
export type Handler = 'node' | 'fetch';

/** Text to send as latin1, a pause in milliseconds, a pattern to wait for in what was received, or a FIN. */
export type Step = string | number | RegExp | 'FIN';

/** The right final answer to one request. What is left out can be anything. */
export interface Answer {
  /** One of these. */
  readonly status: number | readonly number[];
  /** Statuses of the informational answers before it, exactly. Default: none. `any`: whatever they are. */
  readonly informational?: readonly number[] | 'any';
  /** What the service has seen, if it has served the request. */
  readonly seen?: Seen;
  /** Response fields by lower-case name; undefined: must not be there. */
  readonly fields?: Readonly<Record<string, string | RegExp | undefined>>;
  /** The body, as latin1. */
  readonly body?: string;
  /** Whether the connection may end before the response is complete. */
  readonly cut?: boolean;
  /** Overrides for the fetch service, where Fetch differs from node:http. */
  readonly fetch?: Partial<Omit<Answer, 'fetch'>>;
}

export interface Seen {
  readonly method?: string;
  /** As node:http's `request.url` (node service only). */
  readonly target?: string;
  /** As Fetch's `request.url` (fetch service only). `@host` stands for what `Host` said. */
  readonly url?: string;
  readonly body?: string;
  /** Values by lower-case name, as the fetch service joins them; undefined: must not be there. */
  readonly fields?: Readonly<Record<string, string | undefined>>;
  /** Of the node service. */
  readonly trailers?: Readonly<Record<string, string>>;
}

/** A raw message and what is right, from the RFC and not from any server. */
export interface Message {
  readonly name: string;
  /** Where that is said. */
  readonly rule: string;
  /** `@id` in it becomes the id of the run, of the same length, by which answers and log lines are matched to messages. */
  readonly send: readonly Step[];
  /** In the order of the requests. */
  readonly answers: readonly Answer[];
  /**
   * `open`: a further request on the connection is answered, unless the last answer has announced its close.
   * `closed`: the server closes, and does not process the request that is sent behind this message.
   */
  readonly after: 'open' | 'closed' | 'either';
  /** Number of requests that the service may see without a complete answer to them. Default: 0. */
  readonly unanswered?: number;
  /** Whether no answer at all is right as well, if the connection is closed. */
  readonly silence?: boolean;
  /** Whether a further request is sent at once behind a message that closes. Default: true. False for a polite client. */
  readonly behind?: boolean;
  /** Sent after all others, one at a time: it can end a worker, with everything else in it. */
  readonly alone?: boolean;
  /** For one service only: what the other one cannot do. */
  readonly only?: Handler;
}

/** Two fields that all requests have. */
export const host = 'Host: service.example\r\n';
export const id = 'X-Id: @id\r\n';

/** A head with Host and id. Each further field is a line without its end. */
export const head = (line: string, ...fields: readonly string[]): string =>
  `${line}\r\n${host}${id}${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

/** The same without Host. */
export const hostless = (line: string, ...fields: readonly string[]): string =>
  `${line}\r\n${id}${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

export const get = (target: string, ...fields: readonly string[]): string => head(`GET ${target} HTTP/1.1`, ...fields);

/** A POST with Content-Length. */
export const post = (target: string, body: string, ...fields: readonly string[]): string =>
  `${head(`POST ${target} HTTP/1.1`, `Content-Length: ${body.length}`, ...fields)}${body}`;

/** A POST with chunked coding, of which `body` is the coded form. */
export const chunked = (target: string, body: string, ...fields: readonly string[]): string =>
  `${head(`POST ${target} HTTP/1.1`, 'Transfer-Encoding: chunked', ...fields)}${body}`;

/** A request that must never be processed: the tests look for its path in everything that the services have served. */
export const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: service.example\r\nX-Id: @id\r\n\r\n';

type More = Partial<Omit<Message, 'name' | 'rule' | 'send'>>;
const steps = (send: string | readonly Step[]): readonly Step[] => (typeof send === 'string' ? [send] : send);

/** A request that the service answers with 200, once, on a connection that persists. */
export const served = (
  name: string,
  rule: string,
  send: string | readonly Step[],
  seen: Seen = {},
  more: More = {},
): Message => ({name, rule, send: steps(send), answers: [{status: 200, seen}], after: 'open', ...more});

/** A message that is refused with one of these statuses; the connection closes and nothing behind it is processed. */
export const refused = (
  name: string,
  rule: string,
  send: string | readonly Step[],
  status: number | readonly number[] = 400,
  more: More = {},
): Message => ({name, rule, send: steps(send), answers: [{status}], after: 'closed', ...more});

/** A message that may be refused, or be read leniently: then it must be read as `seen`. */
export const lenient = (
  name: string,
  rule: string,
  send: string | readonly Step[],
  seen: Seen = {},
  status: readonly number[] = [200, 400],
  more: More = {},
): Message => ({name, rule, send: steps(send), answers: [{status, seen}], after: 'either', ...more});

import type {IncomingMessage, ServerResponse} from 'node:http';
import {failRequest, hasLeft} from '../../requests/failure.ts';
import {responseHead} from './head.ts';
import {takeText} from './response.ts';
import {sendStream} from './stream.ts';

/** A handler of @hono/node-server that has written to `outgoing` itself returns a response with it. */
const alreadySent = 'x-hono-already-sent';

/** Sends what a fetch handler has returned. Anything but a valid response is an error of the handler. */
export function sendResponse(result: unknown, incoming: IncomingMessage, outgoing: ServerResponse): void {
  try {
    send(result, incoming, outgoing);
  } catch (error) {
    cancelBody(result);
    failRequest(error, incoming, outgoing);
  }
}

function send(result: unknown, incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (!isResponse(result)) throw new TypeError(`the handler returned ${nameOf(result)}, not a Response`);
  // The client has left, or the handler has responded through `outgoing`.
  if (outgoing.headersSent || hasLeft(incoming, outgoing)) return cancelBody(result);
  const {status} = result;
  if (!(status >= 200 && status <= 599))
    throw new RangeError(`the handler returned a response with the status ${status}`);
  const text = takeText(result);
  if (text === undefined && (result.bodyUsed || result.body?.locked === true))
    throw new TypeError('the body of the response was used already: a Response can be returned once');
  const {fields, length, close, latin1} = responseHead(result);
  if (close) outgoing.shouldKeepAlive = false;
  const head = incoming.method === 'HEAD';
  const body = text === undefined ? result.body : null;
  if (text === undefined && body === null && result.headers.has(alreadySent)) return;

  if (head || status === 204 || status === 205 || status === 304) {
    cancelBody(result);
    // Content-Length is that of the response to a GET (RFC 9110, 8.6); 204 must not have one, 205 has no body.
    const known = length ?? (text === undefined ? undefined : sizeOf(text));
    const declared = status === 205 ? 0 : status === 204 ? undefined : known;
    writeHead(outgoing, result, declared === undefined ? fields : withLength(fields, declared));
    return void outgoing.end();
  }
  if (body === null) {
    // The true length, whatever the handler declares.
    const size = text === undefined ? 0 : sizeOf(text);
    writeHead(outgoing, result, withLength(fields, size));
    if (typeof text !== 'string') outgoing.end(text);
    // ASCII is the same in latin1, which is the encoding of the head and costs less to send.
    else if (text.length === size) outgoing.end(text, 'latin1');
    else outgoing.end(latin1 ? Buffer.from(text) : text);
    return;
  }
  const all = length === undefined ? fields : withLength(fields, length);
  sendStream(body, incoming, outgoing, {writeHead: () => writeHead(outgoing, result, all), length});
}

/** Most responses of a service have the head of the one before, and many its length. */
let last: {readonly fields: readonly string[]; readonly size: number; readonly all: readonly string[]} | undefined;

function withLength(fields: readonly string[], size: number): readonly string[] {
  if (last?.fields !== fields || last.size !== size)
    last = {fields, size, all: [...fields, 'content-length', String(size)]};
  return last.all;
}

function writeHead(outgoing: ServerResponse, {status, statusText}: Response, fields: readonly string[]): void {
  // node:http only reads them.
  const own = fields as string[];
  // Without a text of the handler, node:http writes that of the status.
  if (statusText === '') outgoing.writeHead(status, own);
  else outgoing.writeHead(status, statusText, own);
}

function sizeOf(text: string | Uint8Array): number {
  return typeof text === 'string' ? Buffer.byteLength(text) : text.length;
}

/** Whether it is a response: of this realm, or of another implementation, such as the package undici. */
export function isResponse(value: unknown): value is Response {
  return (
    typeof value === 'object' && (value as Partial<Record<symbol, unknown>> | null)?.[Symbol.toStringTag] === 'Response'
  );
}

function cancelBody(result: unknown): void {
  if (!isResponse(result) || takeText(result) !== undefined || result.bodyUsed) return;
  // A locked body belongs to someone else.
  if (result.body?.locked === false) result.body.cancel().catch(() => {});
}

function nameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return `an object (${value.constructor?.name ?? 'without a prototype'})`;
}

import type {IncomingMessage, ServerResponse} from 'node:http';
import {failRequest, logFailure} from '../../requests/failure.ts';
import {onResponseEnd} from '../../requests/response-end.ts';
import {clientLeft} from './body.ts';

export interface StreamOptions {
  /** Writes the head, without sending it yet. */
  readonly writeHead: () => void;
  /** The Content-Length that the head declares. */
  readonly length: number | undefined;
}

/**
 * Sends a stream as the body of a response, as fast as the client takes it. The head goes out at the next turn of the loop
 * at the latest: until then, an error of the stream is a 500. When the client leaves, the stream is cancelled.
 */
export function sendStream(
  body: ReadableStream<Uint8Array>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  {writeHead, length}: StreamOptions,
): void {
  const reader = body.getReader();
  let sent = 0;
  let over = false;
  const headTimer = setImmediate(() => {
    if (over || outgoing.headersSent) return;
    writeHead();
    outgoing.flushHeaders();
  });

  /** Returns whether there is still something to do. */
  function finish(): boolean {
    if (over) return false;
    over = true;
    clearImmediate(headTimer);
    return true;
  }
  function fail(error: unknown): void {
    if (finish()) failRequest(error, incoming, outgoing);
  }
  function cancel(reason: unknown): void {
    reader.cancel(reason).catch(() => {});
  }
  function end(): void {
    if (length !== undefined && sent < length)
      return fail(new RangeError(`the body has ${sent} bytes, but its content-length is ${length}`));
    if (!finish()) return;
    if (!outgoing.headersSent) writeHead();
    outgoing.end();
  }
  function tooLong(last: Uint8Array): void {
    const error = new RangeError(`the body is longer than its content-length of ${length} bytes: it was cut`);
    if (!finish()) return;
    logFailure(error, incoming);
    cancel(error);
    outgoing.shouldKeepAlive = false;
    if (!outgoing.headersSent) writeHead();
    const {socket} = outgoing;
    outgoing.end(last, () => socket?.destroySoon());
  }
  function onChunk({done, value}: Awaited<ReturnType<typeof reader.read>>): void {
    if (over) return;
    if (done) return end();
    if (!(value instanceof Uint8Array)) {
      const error = new TypeError(`a chunk of the body must be a Uint8Array, not ${typeof value}`);
      cancel(error);
      return fail(error);
    }
    if (length !== undefined && sent + value.length > length) return tooLong(value.subarray(0, length - sent));
    sent += value.length;
    if (!outgoing.headersSent) writeHead();
    if (value.length === 0 || outgoing.write(value)) read();
    else outgoing.once('drain', read);
  }
  function read(): void {
    reader.read().then(onChunk).catch(fail);
  }

  onResponseEnd(incoming, outgoing, () => {
    if (finish()) cancel(clientLeft());
  });
  read();
}

import type {IncomingMessage, ServerResponse} from 'node:http';
import {onResponseEnd} from '../../requests/response-end.ts';

/** Whether a request has a body (RFC 9112, 6.3) that a Fetch request can have: GET and HEAD have none there. */
export function hasBody({method, headers}: IncomingMessage): boolean {
  if (method === 'GET' || method === 'HEAD') return false;
  if (headers['transfer-encoding'] !== undefined) return true;
  const length = headers['content-length'];
  return length !== undefined && Number(length) > 0;
}

/** What `signal` and reads of the body reject with when the client has left. */
export function clientLeft(): DOMException {
  return new DOMException('the client closed the connection', 'AbortError');
}

/** Reads the body without a web stream. Rejects when the client leaves, and if the body was discarded already. */
export function readBody<T>(incoming: IncomingMessage, decode: (bytes: Buffer) => T): Promise<T> {
  return new Promise((resolve, reject) => {
    if (incoming.destroyed || incoming.readableEnded) return reject(incoming.complete ? discarded() : clientLeft());
    let first: Buffer | undefined;
    let more: Buffer[] | undefined;
    let ended = false;
    incoming.on('data', (chunk: Buffer) => {
      if (first === undefined) first = chunk;
      else (more ??= [first]).push(chunk);
    });
    incoming.on('end', () => {
      ended = true;
      let result: T;
      try {
        result = decode(more === undefined ? (first ?? empty) : Buffer.concat(more));
      } catch (error) {
        return reject(error);
      }
      resolve(result);
    });
    // Node emits `error` as well only if there is a listener.
    incoming.on('close', () => {
      if (!ended) reject(clientLeft());
    });
  });
}

export const empty = Buffer.alloc(0);

/**
 * The body as a byte stream, read from the connection only as fast as the handler reads. When the response is complete and
 * the handler is not waiting for more, the rest is discarded, so that the connection can carry the next request (RFC 9112,
 * 9.3); Node does that itself only for a body of which nothing was read.
 */
export function bodyStream(incoming: IncomingMessage, outgoing: ServerResponse): ReadableStream<Uint8Array> {
  let controller: ReadableByteStreamController;
  let over = false;
  let answered = false;
  let pulled: (() => void) | undefined;
  const settle = (): void => {
    pulled?.();
    pulled = undefined;
  };
  const fail = (error: Error): void => {
    over = true;
    controller.error(error);
    settle();
  };
  const discardRest = (): void => {
    if (over || pulled !== undefined) return;
    fail(discarded());
    incoming.resume();
  };
  if (incoming.destroyed || incoming.readableEnded) {
    const error = incoming.complete ? discarded() : clientLeft();
    return new ReadableStream({start: (own) => own.error(error)});
  }
  incoming.pause();
  incoming.on('data', (chunk: Buffer) => {
    if (over) return;
    incoming.pause();
    // A byte stream takes the memory away from its giver, and a chunk of Node shares it with others.
    controller.enqueue(new Uint8Array(chunk));
    settle();
    if (answered) setImmediate(discardRest);
  });
  incoming.on('end', () => {
    if (over) return;
    over = true;
    controller.close();
    controller.byobRequest?.respond(0);
    settle();
  });
  incoming.on('close', () => {
    if (!over) fail(clientLeft());
  });
  onResponseEnd(incoming, outgoing, () => {
    answered = true;
    discardRest();
  });
  return new ReadableStream<Uint8Array>(
    {
      type: 'bytes',
      start: (own: ReadableByteStreamController) => {
        controller = own;
      },
      pull: () => {
        incoming.resume();
        return new Promise<void>((resolve) => {
          pulled = resolve;
        });
      },
      cancel: () => {
        over = true;
        incoming.resume();
      },
    } as never,
    {highWaterMark: 0},
  );
}

function discarded(): TypeError {
  return new TypeError('Body is unusable: the response was complete before the body was read');
}

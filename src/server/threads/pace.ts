import {type ToThread, window} from './messages.ts';

/** Sends a message to the thread that serves the request. */
export type Send = (message: ToThread) => void;

/** Pauses a source while the service has not read what the thread already has. */
export interface Pacer {
  readonly sent: (bytes: number) => void;
  readonly taken: (bytes: number) => void;
  /** Whether the source waits for the service. */
  readonly waits: () => boolean;
}

export function pacer(source: {pause(): unknown; resume(): unknown}): Pacer {
  let inTransit = 0;
  return {
    sent: (bytes) => {
      inTransit += bytes;
      if (inTransit >= window) source.pause();
    },
    taken: (bytes) => {
      const full = inTransit >= window;
      inTransit -= bytes;
      if (full && inTransit < window) source.resume();
    },
    waits: () => inTransit >= window,
  };
}

/** Bytes of a response are acknowledged in batches of this size. */
const batchBytes = window / 4;

/** Something that takes the bytes of a response: a response, or the socket of an upgraded connection. */
interface Sink {
  once(event: 'drain', callback: () => void): unknown;
}

/** Acknowledges to the thread the bytes that were passed to the client, in batches; after a full buffer, when it drains. */
export function acknowledger(id: number): (flowing: boolean, bytes: number, sink: Sink, send: Send) => void {
  let sum = 0;
  let waiting = false;
  return (flowing, bytes, sink, send) => {
    sum += bytes;
    if (waiting || (flowing && sum < batchBytes)) return;
    const flush = (): void => {
      waiting = false;
      send({type: 'taken', id, bytes: sum});
      sum = 0;
    };
    if (flowing) return flush();
    waiting = true;
    sink.once('drain', flush);
  };
}

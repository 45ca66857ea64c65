import type {MessagePort} from 'node:worker_threads';
import type {LogThreshold} from '../../text/log/levels.ts';
import type {BootFailure, MetricSource} from '../process/messages.ts';
import type {OwnOptions} from '../requests/own-options.ts';
import type {Settings} from '../settings/settings.ts';

/** The `workerData` of a pool thread. */
export interface ThreadData {
  readonly settings: Settings;
  readonly port: number | undefined;
  /** The worker's first thread, 0, alone opens further ports of the service. */
  readonly index: number;
  /** The level of the service's log that was set at run time. */
  readonly logLevel: LogThreshold | undefined;
  /** A slot for each waiting request: its id until a thread takes it, then @see claimOf. */
  readonly claims: SharedArrayBuffer;
  /** A 32-bit counter that the thread's event loop increments. */
  readonly heartbeat: SharedArrayBuffer;
  /** For the messages of both. Not `parentPort`, where the service can send and receive its own. */
  readonly link: MessagePort;
}

// Messages travel in batches, one for each turn of the sender's loop: a message of its own would cost each request 40
// microseconds, for waking the other thread above all. Text is latin1 unless it says otherwise: a string of one-byte
// characters costs less to pass on than an array of bytes.

export type ToThread =
  | {
      readonly type: 'request';
      readonly id: number;
      /** The head as HTTP/1 text, followed by the body if that is small and complete. */
      readonly text: string;
      /** Id of the client's connection: the service gets the same socket for each request that this thread takes. */
      readonly connection: number;
      /** @see socketAddresses */
      readonly addresses: string;
      /** How the rest of the body follows: not at all, as bytes, or in chunks to be framed. `raw`: both ways, unchanged. */
      readonly body: 'complete' | 'length' | 'chunked' | 'raw';
      /** Whether it is expected to need little CPU time: what has been answered before it can wait for its response. */
      readonly fast: boolean;
    }
  | {readonly type: 'data'; readonly id: number; readonly bytes: Uint8Array | string}
  /** The end of the body, with the trailers as text; of a raw exchange, the client's FIN. */
  | {readonly type: 'end'; readonly id: number; readonly trailers: string}
  /** So many bytes of the response have been passed to the client's socket. */
  | {readonly type: 'taken'; readonly id: number; readonly bytes: number}
  /** The client has disconnected before the end of this request. */
  | {readonly type: 'disconnected'; readonly id: number}
  /** Asks for the service's own metrics. */
  | {readonly type: 'metrics'}
  /** The level of the service's log from now on. */
  | {readonly type: 'log-level'; readonly level: LogThreshold}
  /** The connection is closed. */
  | {readonly type: 'closed'; readonly connection: number}
  /** Closes the service and ends the thread. */
  | {readonly type: 'close'};

/** The head of a response as the service's HTTP server wrote it. */
export interface ResponseHead {
  readonly text: string;
  readonly status: number;
  /** Whether the connection is to be closed after it. */
  readonly last: boolean;
}

/** The events of the service's server that have listeners: without one, Node treats such a request differently. */
export interface Listens {
  readonly upgrade: boolean;
  readonly connect: boolean;
}

export type FromThread =
  | {readonly type: 'booted'; readonly listens: Listens; readonly own: OwnOptions}
  /** The service has added or removed a listener. */
  | {readonly type: 'listens'; readonly listens: Listens}
  | {readonly type: 'failed'; readonly failure: BootFailure}
  /** The thread has taken the request and is ready for its body. */
  | {readonly type: 'begun'; readonly id: number}
  /** An informational response (1xx), complete. */
  | {readonly type: 'information'; readonly id: number; readonly text: string}
  | {
      readonly type: 'response';
      readonly id: number;
      readonly head: ResponseHead | undefined;
      /** Bytes as they are to be sent, framing included. */
      readonly chunks: readonly (Uint8Array | string)[];
      readonly encoding: 'latin1' | 'utf8';
      /** Whether the response is complete. */
      readonly end: boolean;
      /** With `end`: milliseconds of CPU time that the thread has used since it took the request. */
      readonly cpu: number;
    }
  /** The service has read so many bytes of the body. */
  | {readonly type: 'taken'; readonly id: number; readonly bytes: number}
  /** The service has destroyed the connection. */
  | {readonly type: 'broken'; readonly id: number}
  /** An uncaught error: of a request's handler, if `id` is known. The thread ends when its other requests have ended. */
  | {readonly type: 'crashed'; readonly id: number | undefined; readonly message: string; readonly stack: string}
  | {readonly type: 'file-loaded'; readonly file: string}
  | {readonly type: 'metrics'; readonly source: MetricSource};

/** Bytes that can be in transit between threads, in each direction, before the sender waits. */
export const window = 256 * 1024;

/** Up to so many bytes, a string is cheaper than an array of bytes. */
export const maxText = 4096;

/** The number of slots in `claims`: at least so many requests can wait for a thread at a time. */
export const claimSlots = 65_536;

/** The slot of a request in `claims`. */
export function claimSlot(id: number): number {
  return id % claimSlots;
}

/** The value of a slot that a thread has claimed. */
export function claimOf(threadIndex: number): number {
  return -1 - threadIndex;
}

/** Bytes to be passed on: latin1 text, or a copy with its own ArrayBuffer, since that of a view would be copied as a whole. */
export function passable(bytes: Uint8Array): Uint8Array | string {
  return bytes.length <= maxText
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    : new Uint8Array(bytes);
}

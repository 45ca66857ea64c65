import type {BootFailure, MetricSource} from '../process/messages.ts';
import type {Settings} from '../settings/settings.ts';

/** The `workerData` of a pool thread. */
export interface ThreadData {
  readonly settings: Settings;
  readonly port: number | undefined;
  /** The worker's first thread, 0, alone opens further ports of the service. */
  readonly index: number;
  /** A slot for each waiting request: its id until a thread takes it. */
  readonly claims: SharedArrayBuffer;
  /** A 32-bit counter that the thread's event loop increments. */
  readonly heartbeat: SharedArrayBuffer;
}

/** The addresses of a connection, as the service sees them at `request.socket`. */
export interface SocketAddresses {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
}

export type ToThread =
  | {
      readonly type: 'request';
      readonly id: number;
      readonly head: string;
      readonly addresses: SocketAddresses;
      readonly body: boolean;
      readonly raw: boolean;
    }
  /** Bytes of the body with HTTP/1.1 framing; undefined: its end. */
  | {readonly type: 'data'; readonly id: number; readonly bytes: Uint8Array | undefined}
  /** So many bytes of the response have been passed to the client's socket. */
  | {readonly type: 'taken'; readonly id: number; readonly bytes: number}
  /** The client has disconnected. */
  | {readonly type: 'disconnected'; readonly id: number}
  /** Asks for the service's own metrics. */
  | {readonly type: 'metrics'}
  | {readonly type: 'close'};

/** The head of a response; `raw` exchanges (upgrades) have none. */
export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Names and values alternate. */
  readonly headers: string[];
}

export type FromThread =
  | {readonly type: 'booted'}
  | {readonly type: 'failed'; readonly failure: BootFailure}
  /** The thread has taken the request and is ready for its body. */
  | {readonly type: 'begun'; readonly id: number}
  | {readonly type: 'information'; readonly id: number; readonly head: ResponseHead}
  | {
      readonly type: 'response';
      readonly id: number;
      readonly head: ResponseHead | undefined;
      readonly chunks: readonly Uint8Array[];
      /** Whether the response is complete. */
      readonly end: boolean;
      /** With `end`: milliseconds of CPU time that the thread has used since it took the request. */
      readonly cpu: number;
    }
  /** The service has read so many bytes of the body. */
  | {readonly type: 'taken'; readonly id: number; readonly bytes: number}
  /** The service has destroyed the connection. */
  | {readonly type: 'broken'; readonly id: number}
  | {readonly type: 'file-loaded'; readonly file: string}
  | {readonly type: 'metrics'; readonly source: MetricSource}
  | {readonly type: 'closed'};

/** Bytes that can be in transit between threads, in each direction, before the sender waits. */
export const window = 256 * 1024;

/** The number of slots in `claims`: at least so many requests can wait for a thread at a time. */
export const claimSlots = 65_536;

/** The slot of a request in `claims`. */
export function claimSlot(id: number): number {
  return id % claimSlots;
}

/** A copy with its own ArrayBuffer: for a view, the whole underlying buffer would be copied from thread to thread. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

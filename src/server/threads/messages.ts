import type {BootFailure} from '../process/messages.ts';
import type {Settings} from '../settings/settings.ts';

/** What a pool thread is given. */
export interface ThreadData {
  readonly settings: Settings;
  readonly port: number | undefined;
  /** Of all threads of the worker, this is the first: it alone opens further ports of the service. */
  readonly first: boolean;
  /** A place for each request that waits: its id until a thread takes it. */
  readonly claims: SharedArrayBuffer;
  /** A counter that its loop moves once a second. */
  readonly beat: SharedArrayBuffer;
}

/** Who the client is, as the service sees it at `request.socket`. */
export interface Ends {
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
      readonly ends: Ends;
      readonly body: boolean;
      readonly raw: boolean;
    }
  /** Bytes of the body, framed as HTTP/1.1 frames them; without bytes: its end. */
  | {readonly type: 'data'; readonly id: number; readonly bytes: Uint8Array | undefined}
  /** So many bytes of the answer are on their way to the client. */
  | {readonly type: 'taken'; readonly id: number; readonly bytes: number}
  /** The client has gone. */
  | {readonly type: 'gone'; readonly id: number}
  | {readonly type: 'close'};

/** The beginning of an answer; in `raw` exchanges (upgrades) there is none. */
export interface Head {
  readonly status: number;
  readonly reason: string;
  /** Names and values in turn. */
  readonly headers: string[];
}

export type FromThread =
  | {readonly type: 'booted'}
  | {readonly type: 'failed'; readonly failure: BootFailure}
  /** The thread has taken the request, and its body may come. */
  | {readonly type: 'begun'; readonly id: number}
  | {readonly type: 'information'; readonly id: number; readonly head: Head}
  | {
      readonly type: 'answer';
      readonly id: number;
      readonly head: Head | undefined;
      readonly chunks: readonly Uint8Array[];
      /** The answer is complete. */
      readonly end: boolean;
      /** Milliseconds of CPU time that the thread has spent since it began; with `end`. */
      readonly cpu: number;
    }
  | {readonly type: 'taken'; readonly id: number; readonly bytes: number}
  /** The service has destroyed the connection. */
  | {readonly type: 'broken'; readonly id: number}
  | {readonly type: 'loaded'; readonly file: string}
  | {readonly type: 'closed'};

/** Bytes that may be on their way between threads, each way, before the sender waits. */
export const window = 256 * 1024;

/** How many requests may wait for a thread at one time, at least: an id's place in `claims`. */
export const claimPlaces = 65_536;

export function claimPlace(id: number): number {
  return id % claimPlaces;
}

/** A copy with a memory of its own: of a part of a larger buffer, the whole would be copied from thread to thread. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

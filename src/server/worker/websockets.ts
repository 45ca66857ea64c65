import type {IncomingMessage} from 'node:http';
import type {Socket} from 'node:net';
import type {Duplex} from 'node:stream';

// RFC 6455, 5.5.1 and 7.4.1: a close frame with status 1001, "going away".
const goingAway = Buffer.from([0x88, 0x02, 0x03, 0xe9]);

/** The websockets of a worker. */
export interface Websockets {
  /** Called for every connection that a request asks to upgrade, before the service is. */
  readonly upgraded: (request: IncomingMessage, socket: Duplex) => void;
  /** Sends a close frame to each that has had none, as soon as its handshake is over. */
  readonly sendGoingAway: () => void;
}

interface Websocket {
  readonly frames: FrameTracker;
  readonly send: (bytes: Buffer) => void;
  /** Whether our close frame was sent. */
  closing: boolean;
}

/**
 * Keeps the websockets. A service can take its time to accept one, and a frame must not come before its 101, nor in the middle of
 * a frame of the service, whose parts a pool thread can write one by one.
 *
 * What the service writes after the close frame is discarded (RFC 6455, 5.5.1): its library does not know about ours, and
 * answers the client's close frame with one of its own, which browsers report as 1006 instead of 1001.
 */
export function trackWebsockets(): Websockets {
  const open = new Map<Socket, Websocket>();

  function track(socket: Socket): void {
    const {write} = socket;
    const websocket: Websocket = {
      frames: trackFrames(),
      send: (bytes) => void Reflect.apply(write, socket, [bytes]),
      closing: false,
    };
    socket.write = function tracked(this: Socket, chunk: unknown, ...words: unknown[]): boolean {
      if (!websocket.closing) {
        const encoding = typeof words[0] === 'string' ? (words[0] as BufferEncoding) : undefined;
        websocket.frames.written(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : (chunk as Uint8Array));
        return Reflect.apply(write, this, [chunk, ...words]) as boolean;
      }
      const done = words.find((word) => typeof word === 'function');
      if (done !== undefined) process.nextTick(done as () => void);
      return true;
    } as Socket['write'];
    open.set(socket, websocket);
    socket.once('close', () => open.delete(socket));
  }

  return {
    upgraded: (request, socket) => {
      if (request.headers.upgrade?.toLowerCase() === 'websocket') track(socket as Socket);
    },
    sendGoingAway: () => {
      for (const [socket, websocket] of open) {
        if (websocket.closing || socket.writableEnded || !websocket.frames.canClose()) continue;
        websocket.closing = true;
        websocket.send(goingAway);
      }
    },
  };
}

/** Where the output of a server on an upgraded connection stands. */
export interface FrameTracker {
  /** Called with everything that is written, in order. */
  readonly written: (bytes: Uint8Array) => void;
  /** Whether a close frame can follow: the handshake is over, no frame is incomplete, and none was a close frame. */
  readonly canClose: () => boolean;
}

const closeOpcode = 0x8;
const switching = 'HTTP/1.1 101';
const lineFeed = 10;

/** Follows the frames that a server writes (RFC 6455, 5.2), after its answer to the handshake. Payloads are skipped, not read. */
export function trackFrames(): FrameTracker {
  let state: 'status' | 'head' | 'frames' | 'other' = 'status';
  let status = '';
  // Line feeds in a row at the end of the head, carriage returns aside.
  let feeds = 0;
  /** The bytes of a frame's header that have been written. */
  const header: number[] = [];
  /** Bytes of the payload that are missing. */
  let payload = 0;
  let closed = false;

  /** Returns the number of bytes that belong to the answer. */
  function skipHead(bytes: Uint8Array): number {
    for (let index = 0; index < bytes.length; index += 1) {
      const byte = bytes[index] as number;
      if (state === 'status') {
        status += String.fromCharCode(byte);
        if (!switching.startsWith(status)) {
          state = 'other';
          return bytes.length;
        }
        if (status === switching) state = 'head';
      } else if (byte === lineFeed) feeds += 1;
      else if (byte !== 13) feeds = 0;
      if (feeds < 2) continue;
      state = 'frames';
      return index + 1;
    }
    return bytes.length;
  }

  function skipFrames(bytes: Uint8Array, from: number): void {
    let index = from;
    while (index < bytes.length) {
      if (payload > 0) {
        const skipped = Math.min(payload, bytes.length - index);
        payload -= skipped;
        index += skipped;
        continue;
      }
      header.push(bytes[index] as number);
      index += 1;
      const length = payloadLength(header);
      if (length === undefined) continue;
      if (((header[0] as number) & 0x0f) === closeOpcode) closed = true;
      payload = length;
      header.length = 0;
    }
  }

  return {
    written: (bytes) => {
      if (state === 'other') return;
      skipFrames(bytes, state === 'frames' ? 0 : skipHead(bytes));
    },
    canClose: () => state === 'frames' && !closed && payload === 0 && header.length === 0,
  };
}

/** The length of the payload, and of the key of a masked one; undefined while the header is incomplete. */
function payloadLength(header: readonly number[]): number | undefined {
  const [, second] = header;
  if (second === undefined) return undefined;
  const short = second & 0x7f;
  const extended = short === 127 ? 8 : short === 126 ? 2 : 0;
  if (header.length < 2 + extended) return undefined;
  const length = extended === 0 ? short : header.slice(2).reduce((sum, byte) => sum * 256 + byte, 0);
  return length + ((second & 0x80) === 0 ? 0 : 4);
}

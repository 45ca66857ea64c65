import {Duplex} from 'node:stream';
import {parseHead} from './http-head.ts';
import {type FromThread, ownBytes, type ResponseHead, type SocketAddresses, type ToThread, window} from './messages.ts';

/** The thread's end of an exchange: a stream that carries one request and its response. */
export interface Bridge {
  readonly stream: Duplex;
  readonly receive: (message: Exclude<ToThread, {type: 'request' | 'close' | 'metrics'}>) => void;
}

export interface BridgeOptions {
  readonly id: number;
  readonly addresses: SocketAddresses;
  /** Whether it is an upgrade: bytes pass unchanged. */
  readonly raw: boolean;
  readonly send: (message: FromThread) => void;
  /** Called when nothing more will be sent. */
  readonly onEnd: () => void;
}

/**
 * Represents the client's connection in a thread: the service's own HTTP server reads the request from it and writes the
 * response to it. The response is sent once a turn of the loop, so that a small one is a single message.
 */
export function bridge({id, addresses, raw, send, onEnd}: BridgeOptions): Bridge {
  const cpu = process.threadCpuUsage();
  let head: ResponseHead | undefined;
  // The part of the response head written so far; undefined once it is complete.
  let partial: Buffer | undefined = raw ? undefined : Buffer.alloc(0);
  let chunks: Uint8Array[] = [];
  let [ended, scheduled] = [false, false];
  // Bytes that the event loop has not taken yet, and the callback of the write that waits for it.
  let inTransit = 0;
  let resume: (() => void) | undefined;
  // Bytes received but not yet acknowledged.
  let unread = 0;

  function flush(): void {
    scheduled = false;
    if (stream.destroyed && !ended) return;
    const {user, system} = ended ? process.threadCpuUsage(cpu) : {user: 0, system: 0};
    send({type: 'response', id, head, chunks, end: ended, cpu: (user + system) / 1000});
    [head, chunks] = [undefined, []];
    if (ended) onEnd();
  }
  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    process.nextTick(flush);
  }
  function add(chunk: Buffer): void {
    let rest = chunk;
    while (partial !== undefined && rest.length > 0) {
      const all: Buffer = partial.length === 0 ? rest : Buffer.concat([partial, rest]);
      const end = all.indexOf('\r\n\r\n');
      if (end === -1) {
        partial = all;
        return;
      }
      rest = all.subarray(end + 4);
      const found = parseHead(all.toString('latin1', 0, end));
      partial = Buffer.alloc(0);
      if (found !== undefined && found.status < 200 && found.status !== 101)
        send({type: 'information', id, head: found});
      else {
        partial = undefined;
        head = found;
      }
    }
    if (rest.length > 0) {
      inTransit += rest.length;
      chunks.push(ownBytes(rest));
    }
    schedule();
  }
  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => {
      if (unread < window / 4) return;
      send({type: 'taken', id, bytes: unread});
      unread = 0;
    },
    write: (chunk: Buffer, _encoding, done) => {
      add(chunk);
      if (inTransit < window) done();
      else resume = done;
    },
    final: (done) => {
      ended = true;
      schedule();
      done();
    },
    destroy: (error, done) => {
      if (!ended) {
        send({type: 'broken', id});
        onEnd();
      }
      done(error);
    },
  });
  const same = (): Duplex => stream;
  Object.assign(stream, addresses, {
    encrypted: undefined,
    setTimeout: same,
    setNoDelay: same,
    setKeepAlive: same,
    ref: same,
    unref: same,
    destroySoon: () => stream.end(() => stream.destroy()),
  });
  return {
    stream,
    receive: (message) => {
      if (message.type === 'disconnected') stream.destroy();
      else if (message.type === 'taken') {
        inTransit -= message.bytes;
        const waiting = inTransit < window ? resume : undefined;
        if (waiting !== undefined) resume = undefined;
        waiting?.();
      } else if (message.bytes === undefined) stream.push(null);
      else {
        unread += message.bytes.length;
        stream.push(message.bytes);
      }
    },
  };
}

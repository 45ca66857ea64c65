import {Duplex} from 'node:stream';
import {readHead} from './head.ts';
import {type Ends, type FromThread, type Head, ownBytes, type ToThread, window} from './messages.ts';

/** The thread's end of an exchange: a connection that carries one request. */
export interface Bridge {
  readonly stream: Duplex;
  readonly receive: (message: Exclude<ToThread, {type: 'request' | 'close'}>) => void;
}

export interface BridgeFacts {
  readonly id: number;
  readonly ends: Ends;
  /** After an upgrade: bytes go through as they are. */
  readonly raw: boolean;
  readonly send: (message: FromThread) => void;
  /** Called when nothing more will be sent. */
  readonly over: () => void;
}

/**
 * What stands for the client's connection in a thread: the service's own HTTP server reads the request from it and
 * writes the answer to it. Answers go out once a turn, so that a small one is one message.
 */
export function bridge({id, ends, raw, send, over}: BridgeFacts): Bridge {
  const cpu = process.threadCpuUsage();
  let head: Head | undefined;
  // Of the head of an answer, what has come so far; undefined behind it.
  let partial: Buffer | undefined = raw ? undefined : Buffer.alloc(0);
  let chunks: Uint8Array[] = [];
  let [ended, scheduled] = [false, false];
  // Bytes that the loop has not taken yet, and who waits for it.
  let onTheWay = 0;
  let wait: (() => void) | undefined;
  // Bytes that the service has not taken yet.
  let unread = 0;

  function flush(): void {
    scheduled = false;
    if (stream.destroyed && !ended) return;
    const {user, system} = ended ? process.threadCpuUsage(cpu) : {user: 0, system: 0};
    send({type: 'answer', id, head, chunks, end: ended, cpu: (user + system) / 1000});
    [head, chunks] = [undefined, []];
    if (ended) over();
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
      const found = readHead(all.toString('latin1', 0, end));
      partial = Buffer.alloc(0);
      if (found !== undefined && found.status < 200 && found.status !== 101)
        send({type: 'information', id, head: found});
      else {
        partial = undefined;
        head = found;
      }
    }
    if (rest.length > 0) {
      onTheWay += rest.length;
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
      if (onTheWay < window) done();
      else wait = done;
    },
    final: (done) => {
      ended = true;
      schedule();
      done();
    },
    destroy: (error, done) => {
      if (!ended) {
        send({type: 'broken', id});
        over();
      }
      done(error);
    },
  });
  const same = (): Duplex => stream;
  Object.assign(stream, ends, {
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
      if (message.type === 'gone') stream.destroy();
      else if (message.type === 'taken') {
        onTheWay -= message.bytes;
        const go = onTheWay < window ? wait : undefined;
        if (go !== undefined) wait = undefined;
        go?.();
      } else if (message.bytes === undefined) stream.push(null);
      else {
        unread += message.bytes.length;
        stream.push(message.bytes);
      }
    },
  };
}

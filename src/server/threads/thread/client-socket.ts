import type {IncomingMessage} from 'node:http';
import {Duplex} from 'node:stream';
import {type FromThread, type ToThread, window} from '../messages.ts';
import {likeNetSocket} from './like-net-socket.ts';
import {collectOutput, type Output} from './output.ts';

/** What the sockets of a thread share. */
export interface Link {
  readonly send: (message: FromThread) => void;
  /** Registers a socket with output that is to be sent with the next batch. */
  readonly pending: (socket: ClientSocket) => void;
  /** Called when a request and its response are over: the socket can be kept for the next, or destroyed. */
  readonly over: (socket: ClientSocket) => void;
  /** Called when a socket is closed: it sends nothing more. */
  readonly closed: (socket: ClientSocket) => void;
}

type BodyMessage = ToThread & {readonly type: 'data' | 'end' | 'taken' | 'disconnected'};

type RequestMessage = ToThread & {readonly type: 'request'};

/**
 * The client's connection in a thread: the service's own HTTP server reads requests from it and writes the responses to
 * it, with all framing. A class, since that is how a stream is made; one with closures costs twice as much.
 */
export class ClientSocket extends Duplex {
  readonly connection: number;
  /** Id of the request. */
  id = 0;
  /** Time of the request in milliseconds (performance.now), and the CPU time that the thread had used by then. */
  started = 0;
  cpu = 0;
  /** Milliseconds for which the handler ran when it was called. */
  ran = 0;
  connecting = false;
  timeout: number | undefined;
  bytesRead = 0;
  bytesWritten = 0;
  readonly #link: Link;
  #framing: RequestMessage['body'];
  /** @see socketAddresses */
  readonly addresses: string;
  #request: IncomingMessage | undefined;
  readonly #output: Output;
  #ended = false;
  #over = false;
  #scheduled = false;
  // The callback of a write that waits for the event loop.
  #resume: (() => void) | undefined;
  // Bytes that were received but not yet acknowledged.
  #unread = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(message: RequestMessage, link: Link) {
    super({allowHalfOpen: true, decodeStrings: false});
    this.connection = message.connection;
    this.#link = link;
    this.#framing = message.body;
    this.addresses = message.addresses;
    this.#output = collectOutput(this, message.body === 'raw');
    this.on('error', ignore);
  }

  /** Begins a request. */
  begin({id, body}: RequestMessage, started: number, cpu: number): void {
    this.id = id;
    this.started = started;
    this.cpu = cpu;
    this.ran = 0;
    this.#framing = body;
    this.#request = undefined;
    if (!this.#ended) return;
    this.#ended = false;
    this.#over = false;
    this.#unread = 0;
    this.#output.reset();
  }

  /** Whether the next request of the connection can use it: nothing is left of the last one, and neither side has ended. */
  isReusable(): boolean {
    return (
      !this.destroyed &&
      !this.writableEnded &&
      !this.readableEnded &&
      this.writableLength === 0 &&
      this.readableLength === 0 &&
      !this.isPaused()
    );
  }

  /** A message of the event loop about this request. */
  receive(message: BodyMessage): void {
    if (message.type === 'disconnected') this.destroy();
    else if (message.type === 'taken') this.#taken(message.bytes);
    else if (message.type === 'data') this.#data(message.bytes);
    else if (this.#framing === 'raw') this.push(null);
    else {
      if (this.#framing === 'chunked') this.push(Buffer.from(`0\r\n${message.trailers}\r\n`, 'latin1'));
      this.#settle();
    }
  }

  /** The response is complete. */
  finished(request?: IncomingMessage): void {
    // After an upgrade, or one that the service declined: there, the end of a response is not that of the exchange.
    if (this.#framing === 'raw' && request !== undefined) return;
    this.#request = request;
    this.#ended = true;
    this.#schedule();
  }

  /** The output since the last call, to be sent now. */
  output(cpuMilliseconds: () => number): FromThread | undefined {
    this.#scheduled = false;
    if (this.#output.isEmpty() && !this.#ended) return undefined;
    if (this.#ended) this.#settle();
    return {
      type: 'response',
      id: this.id,
      ...this.#output.take(),
      end: this.#ended,
      cpu: this.#ended ? cpuMilliseconds() : 0,
    };
  }

  override _read(): void {
    if (this.#ended) this.#settle();
    if (this.#unread < window / 4) return;
    this.#link.send({type: 'taken', id: this.id, bytes: this.#unread});
    this.#unread = 0;
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: () => void): void {
    this.#put(chunk, encoding);
    this.#flow(done);
  }

  override _writev(items: readonly {chunk: Buffer | string; encoding: BufferEncoding}[], done: () => void): void {
    for (const {chunk, encoding} of items) this.#put(chunk, encoding);
    this.#flow(done);
  }

  override _final(done: () => void): void {
    if (this.#framing === 'raw') this.finished();
    // Without a response: the client gets the end of the connection.
    else if (!this.#ended) this.#break();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#timer);
    if (!this.#ended) this.#break();
    this.#link.closed(this);
    done(error);
  }

  destroySoon(): void {
    if (this.writable) this.end();
    if (this.writableFinished) this.destroy();
    else this.once('finish', this.destroy);
  }

  resetAndDestroy(): this {
    return this.destroy();
  }

  /** Emits `timeout` after so many milliseconds without data in either direction; 0: never. As with net.Socket. */
  setTimeout(milliseconds: number, callback?: () => void): this {
    // After the response, node:http sets the time for which an idle connection stays open.
    if (this.#ended && this.#framing !== 'raw') return this;
    clearTimeout(this.#timer);
    this.timeout = milliseconds;
    this.#timer = milliseconds > 0 ? setTimeout(() => this.emit('timeout'), milliseconds).unref() : undefined;
    if (callback !== undefined) {
      if (milliseconds > 0) this.once('timeout', callback);
      else this.removeListener('timeout', callback);
    }
    return this;
  }

  #data(data: Uint8Array | string): void {
    this.#timer?.refresh();
    const bytes =
      typeof data === 'string'
        ? Buffer.from(data, 'latin1')
        : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    this.bytesRead += bytes.length;
    this.#unread += bytes.length;
    if (this.#framing !== 'chunked') return void this.push(bytes);
    this.push(Buffer.from(`${bytes.length.toString(16)}\r\n`));
    this.push(bytes);
    this.push(Buffer.from('\r\n'));
  }

  #taken(bytes: number): void {
    this.#output.inTransit -= bytes;
    if (this.#output.inTransit >= window || this.#resume === undefined) return;
    const resume = this.#resume;
    this.#resume = undefined;
    resume();
  }

  #flow(done: () => void): void {
    if (this.#output.inTransit < window) done();
    else this.#resume = done;
  }

  #put(chunk: Buffer | string, encoding: BufferEncoding): void {
    this.#timer?.refresh();
    this.bytesWritten += chunk.length;
    const text = this.#output.put(chunk, encoding);
    if (text === undefined) this.#schedule();
    else this.#link.send({type: 'information', id: this.id, text});
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#link.pending(this);
  }

  /** Sends what was written, then ends the connection. */
  #break(): void {
    const rest = this.output(() => 0);
    if (rest !== undefined) this.#link.send(rest);
    this.#ended = true;
    this.#link.send({type: 'broken', id: this.id});
  }

  /** The request is over when the response is sent, and the request itself has arrived completely. */
  #settle(): void {
    if (this.#over || !this.#ended || this.#framing === 'raw' || this.#request?.complete === false) return;
    this.#over = true;
    this.#link.over(this);
  }
}

function ignore(): void {}

likeNetSocket(ClientSocket.prototype);

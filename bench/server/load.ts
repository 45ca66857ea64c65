import {connect, type Socket} from 'node:net';
import {answerReader} from './answer.ts';

/** Clients of one kind: each sends a request, waits for the complete response, pauses, and sends the next. */
export interface Clients {
  readonly count: number;
  readonly path: string;
  /** Reuse a connection as long as the server keeps it open; else open one for each request. Default true. */
  readonly keepAlive?: boolean;
  /** Sent as a POST. */
  readonly body?: string;
  /** Maximum of the random pause between a response and the next request, in milliseconds. Default 0. */
  readonly thinkMs?: number;
  /** Statuses that are not a failure. Default 200 only. */
  readonly statuses?: readonly number[];
}

export interface Target {
  readonly host?: string;
  readonly port: number;
}

export interface Outcome {
  readonly answered: number;
  /** One line each: the request, and what happened instead of a response. No request is repeated. */
  readonly failures: readonly string[];
  /** Milliseconds from the request (including connect, if needed) to the end of its response, in order of arrival. */
  readonly latencies: readonly number[];
  readonly seconds: number;
}

export interface Load {
  /** The counts so far. */
  readonly sofar: {readonly answered: number; readonly failures: readonly string[]};
  /** Stops sending, waits for outstanding responses, closes every connection. */
  stop(this: void): Promise<Outcome>;
}

/** Seconds after which a missing response is a failure. */
const timeoutSeconds = 15;

// Raw sockets cost a tenth of an HTTP client, on a machine that the server needs too. And no request is repeated silently,
// as an agent does when a kept connection turns out to be closed.
export function startLoad(target: Target, kinds: readonly Clients[]): Load {
  const tally = {answered: 0, failures: [] as string[], latencies: [] as number[]};
  const started = performance.now();
  let stopped = false;
  const ends = kinds.flatMap((kind) =>
    Array.from({length: kind.count}, () => client(target, kind, tally, () => stopped)),
  );
  return {
    sofar: tally,
    stop: async () => {
      stopped = true;
      await Promise.all(ends);
      return {...tally, seconds: (performance.now() - started) / 1000};
    },
  };
}

interface Tally {
  answered: number;
  readonly failures: string[];
  readonly latencies: number[];
}

/** The whole life of one client. Callbacks, since a promise per request would cost as much as the request. */
function client(target: Target, kind: Clients, tally: Tally, stopped: () => boolean): Promise<void> {
  const {path, keepAlive = true, body, thinkMs = 0, statuses = [200]} = kind;
  const method = body === undefined ? 'GET' : 'POST';
  const request = Buffer.from(
    [
      `${method} ${path} HTTP/1.1`,
      `host: ${target.host ?? '127.0.0.1'}:${target.port}`,
      ...(keepAlive ? [] : ['connection: close']),
      ...(body === undefined ? [] : [`content-length: ${Buffer.byteLength(body)}`]),
      '',
      body ?? '',
    ].join('\r\n'),
  );
  const name = `${method} ${path} ${keepAlive ? 'kept' : 'fresh'}`;
  return new Promise((resolve) => {
    let socket: Socket | undefined;
    let asked = 0;
    let timer: NodeJS.Timeout | undefined;
    const next = (): void => {
      if (stopped()) {
        socket?.destroy();
        resolve();
      } else if (thinkMs > 0) setTimeout(lookAndAsk, Math.random() * thinkMs);
      else if (socket === undefined) setImmediate(ask);
      else ask();
    };
    const fail = (why: string): void => {
      clearTimeout(timer);
      const late = performance.now() - asked;
      asked = 0;
      socket?.destroy();
      socket = undefined;
      tally.failures.push(
        `${name}: ${why} (${late.toFixed(0)} ms after it was sent, at ${new Date().toISOString().slice(11, 23)})`,
      );
      // A client that was refused waits before it tries again.
      setTimeout(next, 20);
    };
    const ask = (): void => {
      if (stopped()) return next();
      asked = performance.now();
      timer = setTimeout(() => fail(`no answer within ${timeoutSeconds} s`), timeoutSeconds * 1000);
      if (socket === undefined) socket = open();
      else socket.write(request);
    };
    const finished = (status: number, kept: boolean): void => {
      clearTimeout(timer);
      tally.latencies.push(performance.now() - asked);
      if (!kept || !keepAlive) {
        socket?.destroy();
        socket = undefined;
      }
      if (!statuses.includes(status)) return fail(`status ${status}`);
      asked = 0;
      tally.answered += 1;
      next();
    };
    // After a poll: on a busy machine this process can have missed that the server closed an idle connection meanwhile. A
    // request on a closed connection would count as lost.
    const lookAndAsk = (): void => void setImmediate(ask);
    const open = (): Socket => {
      const reader = answerReader();
      const dies = (why: string): void => {
        if (socket !== mine) return;
        if (asked === 0) socket = undefined; // Closed between two requests: the next one opens another.
        else if (why === 'closed' && reader.end()) finished(reader.status, false);
        else
          fail(
            why === 'closed' ? (reader.begun ? 'closed in the middle of the answer' : 'closed without an answer') : why,
          );
      };
      const read = (length: number, bytes: Uint8Array): boolean => {
        if (socket !== mine) return true;
        if (asked === 0) fail('bytes without a request');
        else if (reader.read(Buffer.from(bytes.buffer, bytes.byteOffset, length))) finished(reader.status, reader.kept);
        return true;
      };
      const mine: Socket = connect({
        host: target.host ?? '127.0.0.1',
        port: target.port,
        noDelay: true,
        onread: {buffer: shared, callback: read},
      });
      mine.on('error', (error: NodeJS.ErrnoException) => dies(error.code ?? error.message));
      mine.on('end', () => dies('closed'));
      mine.on('close', () => dies('closed'));
      mine.write(request);
      return mine;
    };
    setTimeout(ask, Math.random() * Math.min(thinkMs, 1000));
  });
}

// A read is processed before the next one starts: one buffer is enough for all connections.
const shared = Buffer.allocUnsafe(65_536);

// As a program of the benchmark: its argument is {port, clients, seconds} as JSON, its output the outcome as JSON.
if (process.argv[1] === import.meta.filename) {
  const {seconds, clients, ...target} = JSON.parse(process.argv[2] ?? '') as Target & {
    readonly clients: readonly Clients[];
    readonly seconds: number;
  };
  const load = startLoad(target, clients);
  setTimeout(async () => process.stdout.write(JSON.stringify(await load.stop())), seconds * 1000);
}

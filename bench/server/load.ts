import {connect, type Socket} from 'node:net';
import {answerReader} from './answer.ts';

/** Clients of one kind: each sends a request, waits for the whole answer, thinks, and sends the next. */
export interface Clients {
  readonly count: number;
  readonly path: string;
  /** On one connection as long as the server keeps it; else on a new one each time. Default true. */
  readonly keepAlive?: boolean;
  /** Sent as a POST. */
  readonly body?: string;
  /** Milliseconds between an answer and the next request: at random up to this. Default 0. */
  readonly thinkMs?: number;
  /** Statuses that are no failure. Default 200 alone. */
  readonly statuses?: readonly number[];
}

export interface Target {
  readonly host?: string;
  readonly port: number;
}

export interface Outcome {
  readonly answered: number;
  /** One line each: what was asked, and what happened instead of an answer. Nothing is asked twice. */
  readonly failures: readonly string[];
  /** Milliseconds from the request (and its connect, if it needed one) to the end of its answer, in order of arrival. */
  readonly latencies: readonly number[];
  readonly seconds: number;
}

export interface Load {
  /** What is counted so far. */
  readonly sofar: {readonly answered: number; readonly failures: readonly string[]};
  /** Sends no more, waits for what is on its way, closes every connection. */
  stop(this: void): Promise<Outcome>;
}

/** How long an answer may take until it counts as a failure, seconds. */
const patience = 15;

// Raw sockets: a tenth of what an HTTP client costs, on a machine that the server needs too; and nothing is
// repeated behind our back, as an agent does with a kept connection that turns out to be closed.
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

/** One client's whole life. Callbacks, not promises: a promise a request would cost as much as the request. */
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
    let patient: NodeJS.Timeout | undefined;
    const next = (): void => {
      if (stopped()) {
        socket?.destroy();
        resolve();
      } else if (thinkMs > 0) setTimeout(lookAndAsk, Math.random() * thinkMs);
      else if (socket === undefined) setImmediate(ask);
      else ask();
    };
    const fail = (why: string): void => {
      clearTimeout(patient);
      const late = performance.now() - asked;
      asked = 0;
      socket?.destroy();
      socket = undefined;
      tally.failures.push(
        `${name}: ${why} (${late.toFixed(0)} ms after it was sent, at ${new Date().toISOString().slice(11, 23)})`,
      );
      // Somebody who is refused does not ask again at once.
      setTimeout(next, 20);
    };
    const ask = (): void => {
      if (stopped()) return next();
      asked = performance.now();
      patient = setTimeout(() => fail(`no answer within ${patience} s`), patience * 1000);
      if (socket === undefined) socket = open();
      else socket.write(request);
    };
    const finished = (status: number, kept: boolean): void => {
      clearTimeout(patient);
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
    // After a poll: on a full machine this process may have slept since the server closed a connection that was idle for
    // long, and a request to a connection that is known to be closed is nobody's loss.
    const lookAndAsk = (): void => void setImmediate(ask);
    const open = (): Socket => {
      const reader = answerReader();
      const dies = (why: string): void => {
        if (socket !== mine) return;
        if (asked === 0) socket = undefined; // Closed while nothing was asked: the next request opens another.
        else if (why === 'closed' && reader.end()) finished(reader.status, false);
        else
          fail(
            why === 'closed' ? (reader.begun ? 'closed in the middle of the answer' : 'closed without an answer') : why,
          );
      };
      const read = (length: number, bytes: Uint8Array): boolean => {
        if (socket !== mine) return true;
        if (asked === 0) fail('bytes that nobody asked for');
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

// What is read is looked at before the next read begins: one buffer is enough for all.
const shared = Buffer.allocUnsafe(65_536);

// As a program (the benchmark's): {port, clients, seconds} as its one word, the outcome as JSON on stdout.
if (process.argv[1] === import.meta.filename) {
  const {seconds, clients, ...target} = JSON.parse(process.argv[2] ?? '') as Target & {
    readonly clients: readonly Clients[];
    readonly seconds: number;
  };
  const load = startLoad(target, clients);
  setTimeout(async () => process.stdout.write(JSON.stringify(await load.stop())), seconds * 1000);
}

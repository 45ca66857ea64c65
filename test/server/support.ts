import {spawn} from 'node:child_process';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {Agent, type IncomingHttpHeaders, request as httpRequest} from 'node:http';
import {connect} from 'node:net';
import {join} from 'node:path';
import type {TestContext} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {directoryWith} from '../support/directory.ts';
import {until} from '../support/until.ts';

const program = join(import.meta.dirname, '../../dist/serve.js');

/** A line of the server's own log. */
export interface LogLine {
  readonly event: string;
  readonly level: string;
  readonly [fact: string]: unknown;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A real server: arbiter and workers, on a free port. */
export interface TestServer {
  readonly pid: number;
  readonly port: number;
  readonly directory: string;
  /** The events logged so far, without lines of the service. */
  readonly log: () => readonly LogLine[];
  /** stdout and stderr so far. */
  readonly output: () => string;
  /** Waits for the `count`th line of an event. @throws after `seconds` (10), with the output */
  readonly event: (name: string, options?: {readonly count?: number; readonly seconds?: number}) => Promise<LogLine>;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Pids of the running workers, the oldest first. */
  readonly workers: () => readonly number[];
  /** Resolves when the server has ended. */
  readonly ended: Promise<Ended>;
  readonly get: (path: string, options?: RequestOptions) => Promise<TestResponse>;
}

export interface ServerOptions {
  /** Text of the ES module to serve. */
  readonly module?: string;
  /** Further files in its directory. */
  readonly files?: Readonly<Record<string, string>>;
  readonly file?: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it leads a process group of its own. Default: false. */
  readonly ownGroup?: boolean;
  /** Limit of open files of each of its processes. */
  readonly openFiles?: number;
  /** False for a server that is expected not to start. Default: true. */
  readonly listening?: boolean;
}

/** Starts a server in its own directory, and kills its remaining processes when the test ends. */
export async function startServer(
  t: TestContext,
  {
    module = '',
    files = {},
    file = 'service.mjs',
    flags = [],
    env = {},
    ownGroup = false,
    openFiles,
    listening = true,
  }: ServerOptions,
): Promise<TestServer> {
  if (!existsSync(program)) throw new Error('no dist/serve.js: npm run build');
  const directory = directoryWith({[file]: module, ...files});
  const command = [process.execPath, '--disable-sigusr1', program, file, ...flags];
  const [executable = '', ...words] =
    openFiles === undefined ? command : ['sh', '-c', `ulimit -n ${openFiles}; exec "$@"`, 'sh', ...command];
  const child = spawn(executable, words, {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: ownGroup,
    env: {PATH: process.env['PATH'], ENTRYPOINT_RUN_HOST: '127.0.0.1', PORT: '0', ...env},
  });
  const pid = child.pid ?? 0;
  let output = '';
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      for (const wake of waiting) wake();
    });
  }
  const ended = new Promise<Ended>((resolve) => void child.once('close', (code, signal) => resolve({code, signal})));
  t.after(async () => {
    const left = childrenOf(pid);
    child.kill('SIGKILL');
    for (const worker of left) killHard(worker);
    await ended;
  });
  const log = (): readonly LogLine[] => output.split('\n').flatMap(logLine);
  async function event(
    name: string,
    {count = 1, seconds = 10}: {readonly count?: number; readonly seconds?: number} = {},
  ): Promise<LogLine> {
    const find = (): LogLine | undefined => log().filter((line) => line.event === name)[count - 1];
    for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
      const found = find();
      if (found !== undefined) return found;
      await Promise.race([new Promise<void>((resolve) => void waiting.add(resolve)), sleep(50), ended]);
      if (child.exitCode !== null && find() === undefined) break;
    }
    throw new Error(`no ${name} (${count}) within ${seconds} s:\n${output}`);
  }
  const port = listening ? Number((await event('listening', {seconds: 30}))['port'] ?? 0) : 0;
  return {
    pid,
    port,
    directory,
    log,
    event,
    ended,
    output: () => output,
    signal: (signal) => void child.kill(signal),
    workers: () => childrenOf(pid),
    get: (path, options) => get(port, path, options),
  };
}

function logLine(text: string): readonly LogLine[] {
  if (!text.startsWith('{')) return [];
  try {
    const line = JSON.parse(text) as Partial<LogLine>;
    return typeof line.event === 'string' && line.level !== undefined ? [line as LogLine] : [];
  } catch {
    return [];
  }
}

/** Child processes, the oldest first, without zombies. */
export function childrenOf(parent: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const fields = statusOf(pid);
      return fields?.parent === parent && fields.state !== 'Z';
    })
    .sort((one, other) => one - other);
}

/** From /proc/PID/stat; undefined when the process has ended. */
export function statusOf(pid: number): {readonly state: string; readonly parent: number} | undefined {
  try {
    // The name in parentheses can contain blanks and parentheses.
    const [state = '', parent = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return {state, parent: Number(parent)};
  } catch {
    return undefined;
  }
}

export function isAlive(pid: number): boolean {
  const status = statusOf(pid);
  return status !== undefined && status.state !== 'Z';
}

export function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

export interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
  /** Default: 127.0.0.1. */
  readonly host?: string;
  /** Instead of the port. */
  readonly socketPath?: string;
  readonly seconds?: number;
}

export interface TestResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** One request, on its own connection unless an agent is given. Rejects on any failure. */
export function get(
  port: number,
  path: string,
  {method = 'GET', headers = {}, body, agent, host = '127.0.0.1', socketPath, seconds = 20}: RequestOptions = {},
): Promise<TestResponse> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        ...(socketPath === undefined ? {host, port} : {socketPath}),
        path,
        method,
        headers,
        ...(agent === undefined ? {agent: false} : {agent}),
        timeout: seconds * 1000,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('end', () => resolve({status: response.statusCode ?? 0, headers: response.headers, body: text}));
        response.once('error', reject);
      },
    );
    request.once('timeout', () => request.destroy(new Error(`no response to ${path} within ${seconds} s`)));
    request.once('error', reject);
    request.end(body);
  });
}

/** A TCP connection without an HTTP client. */
export interface RawConnection {
  readonly write: (text: string | Buffer) => void;
  readonly received: () => string;
  /** Waits until the received bytes match. */
  readonly until: (pattern: RegExp, seconds?: number) => Promise<string>;
  /** How the server ended the connection: `end` for FIN, else the code of the error. */
  readonly closed: Promise<string>;
  readonly destroy: () => void;
}

/** @param options `reads: false` for a client that never reads */
export function rawConnection(
  t: TestContext,
  port: number,
  {reads = true}: {readonly reads?: boolean} = {},
): Promise<RawConnection> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect({port, host: '127.0.0.1', allowHalfOpen: false}, () =>
      resolve({
        write: (text) => void socket.write(text),
        received: () => received,
        until: async (pattern, seconds = 10) => {
          await until(
            () => `${String(pattern)} in:\n${received}`,
            () => pattern.test(received),
            seconds,
          );
          return received;
        },
        closed,
        destroy: () => socket.destroy(),
      }),
    );
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
    });
    if (!reads) socket.pause();
    const closed = new Promise<string>((done) => {
      socket.once('end', () => done('end'));
      socket.once('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
      socket.once('close', () => done('close'));
    });
    socket.once('error', reject);
    t.after(() => socket.destroy());
  });
}

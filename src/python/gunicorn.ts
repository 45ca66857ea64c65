import type {Words} from '../argv.ts';
import type {WorkerKind} from '../worker-count.ts';

/** What a server for Python is started with, whichever it is. Undefined: that server's own default. */
export interface ServerFacts {
  /** `package.module:variable` */
  readonly module: string;
  /** `0.0.0.0:3000`, `[::]:3000`, `unix:/path` */
  readonly bind: string;
  readonly workers: number;
  /** As it was given: `gthread`, `uvicorn`, a class of the service's own. */
  readonly workerClass: string;
  readonly threads: number | undefined;
  /** Seconds after which a worker that does not answer is killed. */
  readonly timeout: number | undefined;
  /** Seconds for requests to finish after SIGTERM. */
  readonly gracefulTimeout: number;
  /** Seconds for which an idle connection stays open. */
  readonly keepAlive: number;
  readonly maxRequests: number | undefined;
  readonly maxRequestsJitter: number | undefined;
  readonly maxConnections: number | undefined;
  readonly backlog: number | undefined;
  readonly accessLog: boolean;
  /** Start again when a file changes. */
  readonly reload: boolean;
  /** Folders to import from, besides the service's own. */
  readonly pythonPath: readonly string[];
  /** A folder in memory, where the machine has one. */
  readonly memoryFolder: string | undefined;
  /** Words for the server itself, which win over ours. */
  readonly rest: Words;
}

const classes: Readonly<Record<string, string>> = {threads: 'gthread', uvicorn: 'uvicorn_worker.UvicornWorker'};

export function gunicornWords(program: string, facts: ServerFacts): Words {
  return [
    program,
    '--bind', facts.bind,
    '--workers', String(facts.workers),
    '--worker-class', classes[facts.workerClass] ?? facts.workerClass,
    ...flag('--threads', facts.threads),
    ...flag('--timeout', facts.timeout),
    ...flag('--graceful-timeout', facts.gracefulTimeout),
    ...flag('--keep-alive', facts.keepAlive),
    ...flag('--max-requests', facts.maxRequests),
    ...flag('--max-requests-jitter', facts.maxRequestsJitter),
    ...flag('--worker-connections', facts.maxConnections),
    ...flag('--backlog', facts.backlog),
    // A heartbeat is a touched file: on a busy disk it comes late, and healthy workers are killed.
    ...flag('--worker-tmp-dir', facts.memoryFolder),
    '--pythonpath', facts.pythonPath.join(','),
    '--logger-class', 'entrypoint_logging.JsonLogger',
    ...(facts.accessLog ? ['--access-logfile', '-'] : []),
    ...(facts.reload ? ['--reload'] : []),
    ...facts.rest,
    facts.module,
  ];
}

/** How a worker of this class serves: one request at a time, a few in threads, or many in a loop. */
export function workerKind(workerClass: string): WorkerKind {
  if (/^(gthread|threads)$/i.test(workerClass)) return 'threads';
  return /^sync$/i.test(workerClass) ? 'sync' : 'async';
}

/** Does a worker of this class load an ASGI application? */
export function isAsgi(workerClass: string): boolean {
  return /asgi|uvicorn|hypercorn|granian|daphne/i.test(workerClass) && !/wsgi/i.test(workerClass);
}

function flag(name: string, value: number | string | undefined): Words {
  // Its numbers are whole ones.
  return value === undefined ? [] : [name, String(typeof value === 'number' ? Math.ceil(value) : value)];
}

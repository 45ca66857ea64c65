import type {Words} from '../../shell/argv.ts';
import type {WorkerKind} from '../../server/settings/worker-count.ts';
import {factsWords} from './words.ts';
import type {Facts} from './words.ts';

/** What a server for Python is started with, whichever it is. */
export interface ServerFacts {
  /** `package.module:variable` */
  readonly module: string;
  /** Settings; what is not among them is left to the server. */
  readonly facts: Facts;
  /** Settings that go before all other words. */
  readonly last: Facts;
  /** Folders to import from, besides the service's own. */
  readonly pythonPath: readonly string[];
  /** A folder in memory, where the machine has one. */
  readonly memoryFolder: string | undefined;
  /** Words of APP_SERVER_CMD_ARGS. */
  readonly more: Words;
  /** Words behind `--`, which win over all. */
  readonly rest: Words;
}

export function gunicornWords(program: string, {module, facts, last, pythonPath, memoryFolder, more, rest}: ServerFacts): Words {
  return [
    program,
    ...factsWords('gunicorn', facts),
    // A heartbeat is a touched file: on a busy disk it comes late, and healthy workers are killed.
    ...(memoryFolder === undefined ? [] : ['--worker-tmp-dir', memoryFolder]),
    '--pythonpath', pythonPath.join(','),
    '--logger-class', 'entrypoint_logging.JsonLogger',
    ...more,
    ...factsWords('gunicorn', last),
    ...rest,
    module,
  ];
}

const classes: Readonly<Record<string, string>> = {threads: 'gthread', uvicorn: 'uvicorn_worker.UvicornWorker'};

/** A worker class as gunicorn calls it. */
export function gunicornClass(workerClass: string): string {
  return classes[workerClass] ?? workerClass;
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

import type {WorkerKind} from '../../server/settings/limits.ts';
import type {Words} from '../../shell/argv.ts';
import {type Facts, factsWords} from './settings.ts';

/** What a server for Python is started with, whichever it is. */
export interface ServerFacts {
  /** `package.module:variable` */
  readonly module: string;
  /** Settings; what is not among them is left to the server. */
  readonly facts: Facts;
  /** Settings that go before all other words. */
  readonly last: Facts;
  /** Directories to import from, besides the service's own. */
  readonly pythonPath: readonly string[];
  /** A directory in memory, where the machine has one. */
  readonly memoryDirectory: string | undefined;
  /** Words of APP_SERVER_CMD_ARGS. */
  readonly more: Words;
  /** Words behind `--`, which win over all. */
  readonly rest: Words;
}

export function gunicornWords(
  program: string,
  {module, facts, last, pythonPath, memoryDirectory, more, rest}: ServerFacts,
): Words {
  return [
    program,
    ...factsWords('gunicorn', facts),
    // A heartbeat is a touched file: on a busy disk it comes late, and healthy workers are killed.
    ...(memoryDirectory === undefined ? [] : ['--worker-tmp-dir', memoryDirectory]),
    '--pythonpath',
    pythonPath.join(','),
    '--logger-class',
    'entrypoint_logging.JsonLogger',
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

const line = '{"time":"${strftime:%Y-%m-%dT%H:%M:%S%z}","level":"info","event":"uwsgi","message":"${msg}"}';

/** uWSGI for the same facts. It has no worker classes. */
export function uwsgiWords(program: string, {module, facts, last, pythonPath, more, rest}: ServerFacts): Words {
  return [
    program,
    '--strict',
    '--need-app',
    '--master',
    '--single-interpreter',
    '--enable-threads',
    '--vacuum',
    // Its own SIGTERM restarts everything, and the one of --die-on-term cuts requests off.
    '--hook-master-start',
    'unix_signal:15 gracefully_kill_them_all',
    // 4 KiB of headers, as by default, is less than what browsers send.
    ...factsWords('uwsgi', {maxHeaderSize: 32_768, ...facts}),
    ...pythonPath.flatMap((directory) => ['--pythonpath', directory]),
    // What the service writes as JSON stays as it is; uWSGI's own lines become JSON.
    '--log-master',
    '--logger',
    'service stdio',
    '--logger',
    'own stdio',
    '--log-route',
    'service ^{',
    '--log-route',
    'own ^[^{]',
    '--log-encoder',
    `json:own ${line}`,
    '--log-encoder',
    'nl:own',
    ...more,
    ...factsWords('uwsgi', last),
    ...rest,
    '--module',
    module,
  ];
}

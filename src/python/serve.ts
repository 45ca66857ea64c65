import {existsSync} from 'node:fs';
import {availableParallelism} from 'node:os';
import {join} from 'node:path';
import type {Command} from '../argv.ts';
import {exitCode, problem} from '../errors.ts';
import {heapMegabytes} from '../memory-limit.ts';
import type {Context} from '../task.ts';
import {gunicornWords, isAsgi, workerKind} from './gunicorn.ts';
import type {ServerFacts} from './gunicorn.ts';
import {findModule} from './module.ts';
import {pyprojectTexts} from './pyproject.ts';
import {findPythonProgram, installFix, pythonLibrary} from './service.ts';
import {uwsgiWords} from './uwsgi.ts';
import {workerCount} from '../worker-count.ts';

/** What was said of the server. Undefined: the default that is told below, or else the server's own. */
export type ServeValues = {readonly [K in keyof Known]?: Known[K] | undefined};

interface Known {
  readonly module: string;
  readonly appServer: 'gunicorn' | 'uwsgi';
  /** Goes before host and port. */
  readonly bind: string;
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  readonly workerClass: string;
  readonly threads: number;
  readonly timeout: number;
  readonly gracefulTimeout: number;
  readonly keepAlive: number;
  readonly maxConnections: number;
  readonly maxRequests: number;
  readonly maxRequestsJitter: number;
  readonly backlog: number;
  readonly accessLog: boolean;
  readonly reload: boolean;
}

// A laptop has more CPUs than one developer needs workers, and each of them starts again at each change.
const workersWithReload = 2;

/**
 * The command that serves a Python service: gunicorn or uWSGI from the service's own requirements, so that it is
 * pinned and tested with the code.
 * @throws Problem `no_server` (exit code 69) when it is not installed, or `no_server_module` (65)
 */
export function pythonServer({cwd, env, rest}: Pick<Context, 'cwd' | 'env' | 'rest'>, values: ServeValues): Command {
  const {appServer = 'gunicorn', module, host = '0.0.0.0', port = 3000} = values;
  // The image says no, also to a task of the service's own that calls this one.
  const reload = values.reload ?? env['ENTRYPOINT_RUN_RELOAD'] !== 'false';
  const program = findPythonProgram({cwd, env}, appServer);
  if (program === undefined) throw noServer(cwd, appServer);
  const workerClass = values.workerClass ?? pyprojectTexts(cwd, 'tool.entrypoint')['worker_class'] ?? 'sync';
  const kind = appServer === 'uwsgi' ? 'sync' : workerKind(workerClass);
  const machine = {cpus: reload ? Math.min(workersWithReload, availableParallelism()) : availableParallelism(), megabytes: heapMegabytes()};
  const facts: ServerFacts = {
    bind: values.bind ?? `${host.includes(':') ? `[${host}]` : host}:${port}`,
    module: findModule(cwd, module, appServer === 'gunicorn' && isAsgi(workerClass)),
    workerClass,
    workers: values.workers ?? workerCount(reload ? 'async' : kind, machine),
    // One thread, gunicorn's default, is a slower sync worker.
    threads: values.threads ?? (kind === 'threads' ? 4 : undefined),
    timeout: values.timeout,
    // Below the 30 s that a deploy leaves between SIGTERM and SIGKILL.
    gracefulTimeout: values.gracefulTimeout ?? 25,
    keepAlive: values.keepAlive ?? 75,
    maxConnections: values.maxConnections,
    maxRequests: values.maxRequests,
    maxRequestsJitter: values.maxRequestsJitter,
    backlog: values.backlog,
    accessLog: values.accessLog ?? false,
    reload,
    pythonPath: [...(isSourceFolder(join(cwd, 'src')) ? [join(cwd, 'src')] : []), pythonLibrary()],
    memoryFolder: existsSync('/dev/shm') ? '/dev/shm' : undefined,
    rest: [...(env['APP_SERVER_CMD_ARGS'] ?? '').split(/\s+/).filter((word) => word !== ''), ...rest],
  };
  return {words: appServer === 'uwsgi' ? uwsgiWords(program, facts) : gunicornWords(program, facts)};
}

// With an __init__.py, `src` is a package itself.
function isSourceFolder(path: string): boolean {
  return existsSync(path) && !existsSync(join(path, '__init__.py'));
}

function noServer(cwd: string, appServer: string): Error {
  return problem({
    code: 'no_server',
    what: `${appServer} is not installed, and run serves the service with it`,
    fix: installFix({cwd}, appServer === 'uwsgi' ? 'pyuwsgi' : appServer),
    exitCode: exitCode.unavailable,
  });
}

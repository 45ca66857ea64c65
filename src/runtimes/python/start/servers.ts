import type {SettingValues} from '../../../server/settings/given.ts';
import type {WorkerKind} from '../../../server/settings/limits.ts';
import type {Words} from '../../../shell/argv.ts';
import {type AppServer, settingsWords} from './settings.ts';

/** How a server for Python is started, gunicorn or uWSGI. */
export interface ServerOptions {
  /** `package.module:variable` */
  readonly module: string;
  /** Words of the service's own for this server: of its Procfile. */
  readonly own?: Words;
  /** Whether the service's own files set something, by its name in the server's file. */
  readonly isOwn?: (name: string) => boolean;
  /** Settings; the server decides all others. */
  readonly settings: SettingValues;
  /** Settings that win over `more`: the server takes the last of two words. */
  readonly last: SettingValues;
  /** Directories to import from, besides the service's own. */
  readonly pythonPath: readonly string[];
  /** A directory in memory, if the machine has one. */
  readonly memoryDirectory: string | undefined;
  /** Words of APP_SERVER_CMD_ARGS. */
  readonly more: Words;
  /** Words after `--`, which win over all others. */
  readonly rest: Words;
}

/** By which settings of a server, in its own files, a service configures the log itself: then ours is left out. */
export const logNames: Readonly<Record<AppServer, readonly string[]>> = {
  gunicorn: ['logger_class', 'logconfig', 'logconfig_dict', 'logconfig_json'],
  uvicorn: ['log_config'],
  granian: ['log_config'],
  uwsgi: ['logger', 'req_logger', 'log_encoder', 'log_route', 'logto', 'logto2', 'daemonize'],
};

/** The command line of gunicorn. */
export function gunicornWords(
  program: string,
  {module, own = [], isOwn = () => false, settings, last, pythonPath, memoryDirectory, more, rest}: ServerOptions,
): Words {
  const logs = logNames.gunicorn.some(isOwn);
  return [
    program,
    ...own,
    ...settingsWords('gunicorn', settings),
    // A heartbeat is a touched file: on a busy disk it comes late, and gunicorn kills healthy workers.
    ...(memoryDirectory === undefined || isOwn('worker_tmp_dir') ? [] : ['--worker-tmp-dir', memoryDirectory]),
    ...(isOwn('pythonpath') ? [] : ['--pythonpath', pythonPath.join(',')]),
    ...(logs ? [] : ['--logger-class', 'entrypoint_logging.JsonLogger']),
    ...more,
    ...settingsWords('gunicorn', last),
    ...rest,
    module,
  ];
}

/** The words of a server's command line that name an address to listen on. */
interface AddressWords {
  readonly isOne: (word: string) => boolean;
  /** The words without them and their values. */
  readonly without: (words: Words) => Words;
}

const addressFlags = {
  gunicorn: /^(--bind|-b)(=?)/,
  uvicorn: /^(--host|--port|--uds|--fd)(=|$)/,
  granian: /^(--host|--port|--uds)(=|$)/,
  uwsgi: /^(--http-socket|--http|--socket|-s)(=|$)/,
} as const;

export function addressWords(server: keyof typeof addressFlags): AddressWords {
  const flag = addressFlags[server];
  const isOne = (word: string): boolean => flag.test(word);
  // The value is the next word if the flag is the whole word.
  const isValue = (word: string | undefined): boolean =>
    word !== undefined && isOne(word) && word.replace(flag, '') === '';
  return {isOne, without: (words) => words.filter((word, at) => !isOne(word) && !isValue(words[at - 1]))};
}

const classes: Readonly<Record<string, string>> = {threads: 'gthread', uvicorn: 'uvicorn_worker.UvicornWorker'};

/** A worker class by gunicorn's name. */
export function gunicornClass(workerClass: string): string {
  return classes[workerClass] ?? workerClass;
}

/** How a worker of this class serves: one request at a time, a few in threads, or many in a loop. */
export function workerKind(workerClass: string): WorkerKind {
  if (/^(gthread|threads)$/i.test(workerClass)) return 'threads';
  return /^sync$/i.test(workerClass) ? 'sync' : 'async';
}

/** Whether a worker of this class loads an ASGI application. */
export function isAsgi(workerClass: string): boolean {
  return /asgi|uvicorn|hypercorn|granian|daphne/i.test(workerClass) && !/wsgi/i.test(workerClass);
}

/** The command line of uvicorn, which serves ASGI applications. */
export function uvicornWords(
  program: string,
  {module, own = [], isOwn = () => false, settings, last, pythonPath, more, rest}: ServerOptions,
): Words {
  const {workerClass: _, threads: _threads, ...others} = settings;
  const factory = module.endsWith('()');
  return [
    program,
    ...own,
    ...settingsWords('uvicorn', others),
    ...(logNames.uvicorn.some(isOwn) ? [] : ['--log-config', `${pythonPath.at(-1)}/uvicorn_logging.json`]),
    ...(factory && !own.includes('--factory') ? ['--factory'] : []),
    ...more,
    ...settingsWords('uvicorn', last),
    ...rest,
    factory ? module.slice(0, -2) : module,
  ];
}

const line =
  '{"time":"${strftime:%Y-%m-%dT%H:%M:%S%z}","level":"info","severity_text":"INFO","event":"uwsgi","message":"${msg}"}';

// JSON lines pass unchanged; uWSGI's own lines are wrapped in JSON.
const uwsgiLog: Words = [
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
];

/** The command line of uWSGI, which has no worker classes. */
export function uwsgiWords(
  program: string,
  {module, own = [], isOwn = () => false, settings, last, pythonPath, more, rest}: ServerOptions,
): Words {
  return [
    program,
    ...own,
    '--strict',
    '--need-app',
    '--master',
    '--single-interpreter',
    '--enable-threads',
    '--vacuum',
    // uWSGI restarts at SIGTERM, and with --die-on-term it drops requests.
    '--hook-master-start',
    'unix_signal:15 gracefully_kill_them_all',
    // uWSGI's own limit of 4 KiB of headers is less than what browsers send.
    ...settingsWords('uwsgi', {maxHeaderSize: 32_768, ...settings}),
    ...pythonPath.flatMap((directory) => ['--pythonpath', directory]),
    ...(logNames.uwsgi.some(isOwn) ? [] : uwsgiLog),
    ...more,
    ...settingsWords('uwsgi', last),
    ...rest,
    ...(['module', 'wsgi', 'wsgi_file'].some(isOwn) ? [] : ['--module', module]),
  ];
}

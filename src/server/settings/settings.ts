/** The complete server configuration; arbiter and workers read nothing else. */
export interface Settings {
  /** File to load, absolute. */
  readonly module: string;
  /** Words for the service itself: its `process.argv` from the third word on. */
  readonly args: readonly string[];
  /** `0.0.0.0:3000`, `[::]:3000`, `unix:/path`: see address.ts. At least one; the main one, which PORT names, first. */
  readonly bind: readonly string[];
  /** Octal permissions of Unix sockets: `660`; undefined: by umask. */
  readonly socketMode: string | undefined;
  /** Owner of Unix sockets: `USER`, `USER:GROUP`, `:GROUP`; undefined: the server's own. */
  readonly socketOwner: string | undefined;
  /** Worker processes. */
  readonly workers: number;
  readonly workerClass: 'async' | 'sync' | 'threads';
  /** Size of the pool of a `threads` worker. */
  readonly threads: number;
  readonly dispatch: 'shared' | 'rr' | 'reuseport';
  /** Seconds without a turn of the event loop after which a worker counts as stuck; 0: never. */
  readonly timeout: number;
  /** Seconds from the head of a request to the end of its response; 0: no limit. */
  readonly handlerTimeout: number;
  /** Seconds for requests to finish after SIGTERM. */
  readonly gracefulTimeout: number;
  /** Seconds for which readiness answers 503 before draining begins. */
  readonly drainDelay: number;
  /** The service's own readiness path, answered with 503 while the server drains; empty: none. */
  readonly readyPath: string;
  /** Seconds for which an idle connection stays open. */
  readonly keepAlive: number;
  /** Seconds for the headers of a request to arrive. */
  readonly headersTimeout: number;
  /** Seconds for the whole of a request to arrive; 0: no limit. */
  readonly requestTimeout: number;
  /** Bytes. */
  readonly maxHeaderSize: number;
  /** Bytes; 0: no limit. */
  readonly maxBodySize: number;
  /** Refuses requests that node:http accepts although RFC 9112 forbids it. */
  readonly strictHttp: boolean;
  /** Open connections of a worker; at the limit, the worker stops accepting. */
  readonly maxConnections: number;
  /** Connections that can wait to be accepted. */
  readonly backlog: number;
  /** Requests after which a worker is replaced; 0: never. */
  readonly maxRequests: number;
  readonly maxRequestsJitter: number;
  /** MiB of resident memory beyond which a worker is replaced; 0: never. */
  readonly maxRss: number;
  /** MiB of each JavaScript heap (with `threads`, of each thread and of the event loop); 0: Node's own limit. */
  readonly maxHeap: number;
  /** Address at which the arbiter answers /livez, /readyz and /metrics; undefined: none. */
  readonly adminBind: string | undefined;
  readonly accessLog: boolean;
  /** `json`, or a line of gunicorn's atoms. */
  readonly accessLogFormat: string;
  /** Gives each request an id and a trace context if it has none. */
  readonly requestId: boolean;
  /** Proxies whose forwarding headers are believed: addresses and networks, separated by commas; `*`: all. */
  readonly forwardedAllowIps: string;
  /** Restarts when a file changes. */
  readonly reload: boolean;
  readonly reloadEngine: 'auto' | 'poll';
  /** Further files that cause a restart, separated by commas. */
  readonly reloadExtraFile: string;
  /** Address of the inspector of one worker; undefined: none. */
  readonly inspect: string | undefined;
}

export type SettingKind =
  | 'number'
  | 'bytes'
  | 'boolean'
  | 'text'
  | 'format'
  | 'choice'
  | 'address'
  | 'networks'
  | 'host'
  | 'mode'
  | 'owner';

/**
 * One setting. The parser, the options of the task `run`, the help, the manual's table and the words for gunicorn and
 * uWSGI come from it.
 */
export interface Setting {
  readonly kind: SettingKind;
  /** Undefined: computed or not set, as `defaultText` says. */
  readonly defaultValue?: number | boolean | string;
  /** Shown as the default in the help instead of `defaultValue`. */
  readonly defaultText?: string;
  /** Variables besides ENTRYPOINT_RUN_<NAME>, which overrides them: only names that mean the same everywhere. */
  readonly env?: readonly string[];
  /** A short name that still counts in this version, with a warning, @see withoutForeign. New settings have none. */
  readonly deprecatedEnv?: string;
  readonly help: string;
  readonly choices?: readonly string[];
  /** Can be given more than once; commas separate the values. */
  readonly list?: boolean;
  /** Least and greatest number. */
  readonly min?: number;
  readonly max?: number;
  /** Allows a fraction, as for seconds. */
  readonly fraction?: boolean;
  /** Whether an address can be a Unix socket. Default true. */
  readonly socket?: boolean;
  /** gunicorn's letter. */
  readonly short?: string;
  /** gunicorn's own spelling of the flag, if it differs. */
  readonly alias?: string;
  /** Flag of gunicorn with the same meaning. A Python service cannot have a setting without one. */
  readonly gunicorn?: string;
  readonly uwsgi?: string;
}

const seconds = {kind: 'number', fraction: true, min: 0, max: 86_400} as const;
const count = {kind: 'number', min: 0, max: 1_000_000_000} as const;

/** Every setting, in the order of the manual. Names are gunicorn's if it has one. */
export const declaration = {
  bind: {
    kind: 'address',
    list: true,
    deprecatedEnv: 'BIND',
    short: 'b',
    gunicorn: '--bind',
    uwsgi: '--http-socket',
    defaultText: 'host and port',
    help: 'address to listen on: HOST:PORT, [IPV6]:PORT, :PORT or unix:PATH; repeated, or with commas, for several; overrides host and port',
  },
  host: {kind: 'host', deprecatedEnv: 'HOST', defaultValue: '0.0.0.0', help: 'IP address or host name to listen on'},
  port: {kind: 'number', env: ['PORT'], min: 0, max: 65_535, defaultValue: 3000, help: 'port to listen on'},
  workers: {
    kind: 'number',
    env: ['WEB_CONCURRENCY'],
    short: 'w',
    min: 1,
    max: 1024,
    gunicorn: '--workers',
    uwsgi: '--processes',
    defaultText: 'by CPU quota and memory',
    help: 'worker processes',
  },
  workerClass: {
    kind: 'choice',
    deprecatedEnv: 'WORKER_CLASS',
    short: 'k',
    choices: ['async', 'sync', 'threads'],
    defaultValue: 'async',
    gunicorn: '--worker-class',
    help: 'how a worker serves: many requests at once in its event loop, one at a time, or in a pool of threads',
  },
  threads: {
    kind: 'number',
    deprecatedEnv: 'THREADS',
    min: 1,
    max: 256,
    defaultValue: 4,
    gunicorn: '--threads',
    uwsgi: '--threads',
    help: 'threads per worker; only with the worker class threads',
  },
  timeout: {
    ...seconds,
    deprecatedEnv: 'TIMEOUT',
    short: 't',
    defaultValue: 30,
    gunicorn: '--timeout',
    uwsgi: '--harakiri',
    help: 'seconds after which a stuck worker is replaced; 0: never',
  },
  handlerTimeout: {
    ...seconds,
    defaultText: '--timeout with sync, else 0',
    help: 'seconds from the head of a request to the end of its response, after which the client gets a 503 or is disconnected; 0: no limit',
  },
  gracefulTimeout: {
    ...seconds,
    deprecatedEnv: 'GRACEFUL_TIMEOUT',
    defaultValue: 25,
    gunicorn: '--graceful-timeout',
    uwsgi: '--worker-reload-mercy',
    help: 'seconds for requests to finish after SIGTERM; keep it below the stop timeout of the container',
  },
  drainDelay: {
    ...seconds,
    deprecatedEnv: 'DRAIN_DELAY',
    defaultValue: 0,
    help: 'seconds after SIGTERM during which the server still accepts requests and readiness answers 503, for balancers that poll',
  },
  readyPath: {
    kind: 'text',
    deprecatedEnv: 'READY_PATH',
    defaultValue: '/readyz',
    help: "the service's readiness path, which the server answers with 503 while it drains; empty: none",
  },
  keepAlive: {
    ...seconds,
    deprecatedEnv: 'KEEP_ALIVE',
    defaultValue: 75,
    gunicorn: '--keep-alive',
    help: "seconds for which an idle connection stays open; set it higher than the balancer's",
  },
  headersTimeout: {
    ...seconds,
    deprecatedEnv: 'HEADERS_TIMEOUT',
    defaultValue: 30,
    help: 'seconds for the headers of a request to arrive; 0: no limit',
  },
  requestTimeout: {
    ...seconds,
    deprecatedEnv: 'REQUEST_TIMEOUT',
    defaultValue: 300,
    help: 'seconds for a whole request to arrive; 0: no limit',
  },
  maxHeaderSize: {
    kind: 'bytes',
    deprecatedEnv: 'MAX_HEADER_SIZE',
    min: 1024,
    max: 1_048_576,
    defaultValue: 16_384,
    uwsgi: '--buffer-size',
    help: 'maximum size of request headers in bytes; larger ones get a 431',
  },
  maxBodySize: {
    kind: 'bytes',
    deprecatedEnv: 'MAX_BODY_SIZE',
    min: 0,
    max: 2 ** 40,
    defaultValue: 104_857_600,
    uwsgi: '--limit-post',
    help: 'maximum size of a request body in bytes; larger ones get a 413; 0: no limit',
  },
  strictHttp: {
    kind: 'boolean',
    defaultValue: true,
    help: 'refuse requests that Node accepts against RFC 9112: several or invalid Hosts, transfer codings other than chunked, HTTP versions other than 1.0 and 1.1',
  },
  maxConnections: {
    ...count,
    deprecatedEnv: 'MAX_CONNECTIONS',
    alias: 'worker-connections',
    min: 1,
    defaultValue: 10_000,
    gunicorn: '--worker-connections',
    help: 'maximum open connections per worker; further ones wait in the backlog',
  },
  backlog: {
    ...count,
    deprecatedEnv: 'BACKLOG',
    min: 1,
    max: 65_535,
    defaultValue: 2048,
    gunicorn: '--backlog',
    uwsgi: '--listen',
    help: 'connections that can wait to be accepted; the kernel limits it to somaxconn',
  },
  socketMode: {
    kind: 'mode',
    uwsgi: '--chmod-socket',
    defaultText: 'by umask; 660 with an owner',
    help: 'permissions of Unix sockets, in octal: who may connect needs to write',
  },
  socketOwner: {
    kind: 'owner',
    uwsgi: '--chown-socket',
    defaultText: "the server's",
    help: 'owner of Unix sockets, by names or numbers: USER, USER:GROUP or :GROUP',
  },
  maxRequests: {
    ...count,
    deprecatedEnv: 'MAX_REQUESTS',
    defaultValue: 0,
    gunicorn: '--max-requests',
    uwsgi: '--max-requests',
    help: 'requests after which a worker is recycled; 0: never',
  },
  maxRequestsJitter: {
    ...count,
    deprecatedEnv: 'MAX_REQUESTS_JITTER',
    defaultValue: 0,
    gunicorn: '--max-requests-jitter',
    uwsgi: '--max-requests-delta',
    help: 'random number of further requests, up to this many, so that workers are not all recycled at once',
  },
  maxRss: {
    ...count,
    deprecatedEnv: 'MAX_RSS',
    defaultValue: 0,
    uwsgi: '--reload-on-rss',
    help: 'MiB of resident memory beyond which a worker is recycled; 0: never',
  },
  maxHeap: {
    ...count,
    deprecatedEnv: 'MAX_HEAP',
    defaultText: '3/4 of the memory / all heaps',
    help: "MiB of each JavaScript heap: one per worker, with threads two more than threads; 0: Node's own limit",
  },
  dispatch: {
    kind: 'choice',
    deprecatedEnv: 'DISPATCH',
    choices: ['shared', 'rr', 'reuseport'],
    defaultValue: 'shared',
    gunicorn: '--reuse-port',
    uwsgi: '--reuse-port',
    help: 'how workers get connections: from one shared socket, from the arbiter in turn, or each from a socket of its own',
  },
  adminBind: {
    kind: 'address',
    deprecatedEnv: 'ADMIN_BIND',
    defaultText: 'off',
    help: 'address that answers /livez, /readyz and /metrics of the whole server',
  },
  accessLog: {
    kind: 'boolean',
    deprecatedEnv: 'ACCESS_LOG',
    defaultValue: false,
    gunicorn: '--access-logfile',
    uwsgi: '--disable-logging',
    help: 'log one line per request',
  },
  accessLogFormat: {
    kind: 'format',
    deprecatedEnv: 'ACCESS_LOG_FORMAT',
    alias: 'access-logformat',
    defaultValue: 'json',
    gunicorn: '--access-logformat',
    help: "json, or a line of gunicorn's atoms: '%(h)s %(r)s %(s)s %(M)s'",
  },
  requestId: {
    kind: 'boolean',
    deprecatedEnv: 'REQUEST_ID',
    defaultValue: true,
    help: 'generate X-Request-Id and traceparent for requests that have none, or an invalid one',
  },
  forwardedAllowIps: {
    kind: 'networks',
    defaultValue: '127.0.0.1,::1',
    gunicorn: '--forwarded-allow-ips',
    help: 'proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses and networks (10.0.0.0/8), * for all',
  },
  reload: {
    kind: 'boolean',
    deprecatedEnv: 'RELOAD',
    defaultValue: false,
    gunicorn: '--reload',
    uwsgi: '--py-autoreload',
    help: 'restart when a file changes',
  },
  reloadEngine: {
    kind: 'choice',
    choices: ['auto', 'poll'],
    defaultValue: 'auto',
    gunicorn: '--reload-engine',
    help: 'how changes are noticed: by events, or by looking twice a second, for file systems without events',
  },
  reloadExtraFile: {
    kind: 'text',
    list: true,
    defaultValue: '',
    defaultText: 'no file',
    gunicorn: '--reload-extra-file',
    uwsgi: '--touch-reload',
    help: 'further file that causes a restart, such as a template; can be repeated',
  },
  inspect: {kind: 'boolean', deprecatedEnv: 'INSPECT', defaultValue: false, help: 'open the inspector of one worker'},
  inspectBind: {
    kind: 'address',
    socket: false,
    deprecatedEnv: 'INSPECT_BIND',
    defaultValue: '127.0.0.1:9229',
    help: 'address of the inspector',
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof declaration;

/** The same without the literal types, for loops. */
export const settings = Object.entries(declaration) as readonly (readonly [SettingName, Setting])[];

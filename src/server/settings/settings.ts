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
  /** A body that is not as long as its Content-Length says is an error of the handler. */
  readonly strictContentLength: boolean;
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
  /** Proxies whose forwarding headers are trusted: addresses and networks, separated by commas; `*`: all. */
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
 * One setting. The parser, the options of the task `run`, the help, the manual's table and the words for gunicorn,
 * uvicorn, uWSGI and granian come from it.
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
  readonly uvicorn?: string;
  readonly granian?: string;
}

import {option} from '../option.ts';
import type {Option} from '../option.ts';

/** Options of `run` that only a Python service heeds. */
export const pythonOptions = {
  appServer: option.choice(['gunicorn', 'uwsgi'], 'gunicorn', 'Python: the server that runs the service', {env: ['APP_SERVER']}),
  // A text: beside gunicorn's own there are classes of packages and of the service.
  workerClass: option.string(undefined, 'Python: sync, gthread, gevent, asgi, uvicorn or a class; default: `worker_class` in pyproject.toml, or sync', {env: ['WORKER_CLASS']}),
} as const;

// Not given is a third value: on a laptop yes, in an image no.
const reload: Option<boolean | undefined> = {
  kind: 'boolean', defaultValue: undefined, env: ['RELOAD'],
  help: 'start again when a file changes; default: yes, but not in an image',
};

/** Settings that gunicorn and uWSGI share with the server for Node, named after gunicorn's. */
export const serverOptions = {
  workers: option.number(undefined, 'worker processes; default: by CPU and memory of the container', {env: ['WEB_CONCURRENCY']}),
  threads: option.number(undefined, 'threads of a worker; default: 4 with gthread', {env: ['THREADS']}),
  timeout: option.number(undefined, 'seconds after which a stuck worker is replaced; default: 30 (uwsgi: never)', {env: ['TIMEOUT']}),
  keepAlive: option.number(undefined, 'seconds for which an idle connection stays open; default: 75, longer than the balancer keeps it', {env: ['KEEP_ALIVE']}),
  maxConnections: option.number(undefined, 'connections of a worker; default: 1000', {env: ['MAX_CONNECTIONS']}),
  maxRequests: option.number(undefined, 'requests after which a worker is replaced; default: never', {env: ['MAX_REQUESTS']}),
  maxRequestsJitter: option.number(undefined, 'up to so many more, so that not all are replaced at once', {env: ['MAX_REQUESTS_JITTER']}),
  backlog: option.number(undefined, "connections that may wait to be accepted; default: the server's", {env: ['BACKLOG']}),
  accessLog: option.boolean(false, 'one line of log a request', {env: ['ACCESS_LOG']}),
  reload,
} as const;

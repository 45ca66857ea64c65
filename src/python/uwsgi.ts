import type {Words} from '../argv.ts';
import type {ServerFacts} from './gunicorn.ts';

const line = '{"time":"${strftime:%Y-%m-%dT%H:%M:%S%z}","level":"info","event":"uwsgi","message":"${msg}"}';

/** uWSGI for the same facts. What it has no word for (a worker class, the length of keep-alive) does not count. */
export function uwsgiWords(program: string, facts: ServerFacts): Words {
  return [
    program,
    '--strict', '--need-app', '--master', '--single-interpreter', '--enable-threads', '--vacuum',
    '--http-socket', facts.bind.replace(/^unix:/, ''),
    '--processes', String(facts.workers),
    ...flag('--threads', facts.threads),
    ...flag('--harakiri', facts.timeout),
    // Its own SIGTERM restarts everything, and the one of --die-on-term cuts requests off.
    '--hook-master-start', 'unix_signal:15 gracefully_kill_them_all',
    ...flag('--worker-reload-mercy', facts.gracefulTimeout),
    ...flag('--max-requests', facts.maxRequests),
    ...flag('--max-requests-delta', facts.maxRequestsJitter),
    ...flag('--listen', facts.backlog),
    // 4 KiB of headers, as by default, is less than what browsers send.
    '--buffer-size', '32768',
    ...facts.pythonPath.flatMap((folder) => ['--pythonpath', folder]),
    ...(facts.accessLog ? [] : ['--disable-logging']),
    // What the service writes as JSON stays as it is; uWSGI's own lines become JSON.
    '--log-master', '--logger', 'service stdio', '--logger', 'own stdio',
    '--log-route', 'service ^{', '--log-route', 'own ^[^{]',
    '--log-encoder', `json:own ${line}`, '--log-encoder', 'nl:own',
    ...(facts.reload ? ['--py-autoreload', '1'] : []),
    ...facts.rest,
    '--module', facts.module,
  ];
}

function flag(name: string, value: number | undefined): Words {
  // Its numbers are whole ones.
  return value === undefined ? [] : [name, String(Math.ceil(value))];
}

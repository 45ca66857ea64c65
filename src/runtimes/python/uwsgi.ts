import type {Words} from '../../shell/argv.ts';
import type {ServerFacts} from './gunicorn.ts';
import {factsWords} from './words.ts';

const line = '{"time":"${strftime:%Y-%m-%dT%H:%M:%S%z}","level":"info","event":"uwsgi","message":"${msg}"}';

/** uWSGI for the same facts. It has no worker classes. */
export function uwsgiWords(program: string, {module, facts, last, pythonPath, more, rest}: ServerFacts): Words {
  return [
    program,
    '--strict', '--need-app', '--master', '--single-interpreter', '--enable-threads', '--vacuum',
    // Its own SIGTERM restarts everything, and the one of --die-on-term cuts requests off.
    '--hook-master-start', 'unix_signal:15 gracefully_kill_them_all',
    // 4 KiB of headers, as by default, is less than what browsers send.
    ...factsWords('uwsgi', {maxHeaderSize: 32_768, ...facts}),
    ...pythonPath.flatMap((folder) => ['--pythonpath', folder]),
    // What the service writes as JSON stays as it is; uWSGI's own lines become JSON.
    '--log-master', '--logger', 'service stdio', '--logger', 'own stdio',
    '--log-route', 'service ^{', '--log-route', 'own ^[^{]',
    '--log-encoder', `json:own ${line}`, '--log-encoder', 'nl:own',
    ...more,
    ...factsWords('uwsgi', last),
    ...rest,
    '--module', module,
  ];
}

import {exitCode, problem} from '../../../errors.ts';
import {type DeprecatedVariable, deprecatedVariable} from '../../../server/settings/given.ts';
import type {Context} from '../../../task.ts';
import type {ServeSources, ServeValues} from '../../serve.ts';
import {findPythonProgram, hasPythonPackage, installFix} from '../program.ts';
import type {OwnServer} from './own.ts';
import type {AppServer} from './settings.ts';

/** The server that runs a service. */
export interface ChosenServer {
  readonly appServer: AppServer;
  /** Where that is said. */
  readonly from: string;
  /** The short name that chose it. */
  readonly short?: DeprecatedVariable;
}

/** What the task `run` was given. */
interface GivenToTask {
  readonly values: ServeValues;
  readonly sources: ServeSources;
}

const servers = ['gunicorn', 'uvicorn', 'uwsgi', 'granian'] as const;

const isServer = (text: string): text is AppServer => (servers as readonly string[]).includes(text);

/**
 * The server: as it was given, as the service's own files say, else the first of gunicorn, granian, uvicorn (for ASGI) and
 * uWSGI that is installed.
 */
export function chooseServer(
  {cwd, env}: Pick<Context, 'cwd' | 'env'>,
  {values, sources}: GivenToTask,
  own: OwnServer,
  isAsgi: boolean,
): ChosenServer {
  const {appServer} = values;
  if (appServer !== undefined)
    return {appServer, from: sources.appServer?.from === 'variable' ? sources.appServer.name : '--app-server'};
  const found = deprecatedVariable('APP_SERVER', 'appServer', env);
  if (found !== undefined && isServer(found.text))
    return {appServer: found.text, from: 'APP_SERVER', short: found.variable};
  const ignored =
    found === undefined ? {} : {short: {...found.variable, ignored: 'not gunicorn, uvicorn, uwsgi or granian'}};
  const has = (name: AppServer): boolean => findPythonProgram({cwd, env}, name) !== undefined;
  if (own.server !== undefined && (has(own.server) || own.from === 'Procfile'))
    return {appServer: own.server, from: own.from, ...ignored};
  // uvicorn comes with frameworks, granian only by name.
  const fits = isAsgi ? (['gunicorn', 'granian', 'uvicorn'] as const) : (['gunicorn', 'granian', 'uwsgi'] as const);
  const usable = fits.find(
    (name) => has(name) && !(name === 'gunicorn' && isAsgi && asgiClass({cwd, env}) === undefined),
  );
  return {
    appServer: usable ?? (isAsgi && !has('gunicorn') ? 'uvicorn' : 'gunicorn'),
    from: 'what is installed',
    ...ignored,
  };
}

/** The worker class by which gunicorn serves an ASGI application, as far as one is installed. */
export function asgiClass(context: Pick<Context, 'cwd' | 'env'>): string | undefined {
  if (hasPythonPackage(context, 'uvicorn_worker')) return 'uvicorn';
  if (hasPythonPackage(context, 'gunicorn/workers/gasgi.py')) return 'asgi';
  if (hasPythonPackage(context, 'uvicorn/workers.py')) return 'uvicorn.workers.UvicornWorker';
  return undefined;
}

/** @returns Problem `no_server` (exit code 69) */
export function noServer(cwd: string, appServer: AppServer): Error {
  return problem({
    code: 'no_server',
    what: `${appServer} is not installed`,
    fix: installFix({cwd}, appServer === 'uwsgi' ? 'pyuwsgi' : appServer),
    exitCode: exitCode.unavailable,
  });
}

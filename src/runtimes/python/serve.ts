import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, problem, usageProblem} from '../../errors.ts';
import type {SettingName} from '../../server/settings/declaration.ts';
import {
  commandLineWords,
  type DeprecatedVariable,
  deprecatedVariable,
  givenByTask,
  moduleByVariable,
  type SettingValues,
} from '../../server/settings/given.ts';
import {cpuCount, heapMegabytes, workerCount} from '../../server/settings/limits.ts';
import type {Context} from '../../task.ts';
import {type Serve, type ServeSources, type ServeValues, warningText} from '../serve.ts';
import {asyncClass, findModule} from './module.ts';
import {findPythonProgram, installFix, pythonLibrary} from './program.ts';
import {pyprojectTexts} from './pyproject.ts';
import {addressWords, gunicornClass, gunicornWords, isAsgi, uwsgiWords, workerKind} from './servers.ts';
import {type AppServer, checkedSettings} from './settings.ts';

// A laptop has more CPUs than one developer needs workers, and each worker restarts at each change.
const workersWithReload = 2;

/**
 * Serves a Python service by gunicorn or uWSGI from the service's own requirements, so that the server is pinned and
 * tested with the code.
 */
export const servePython: Serve = ({cwd, env, rest}, values, sources) => {
  const {appServer, short} = chosenServer(env, values, sources);
  const byVariable = values.module === undefined ? moduleByVariable(env) : undefined;
  const more = commandLineWords(env);
  const {settings: given, deprecated} = checkedSettings(appServer, {env, values, sources}, more.errors);
  const program = findPythonProgram({cwd, env}, appServer);
  if (program === undefined) throw noServer(cwd, appServer);
  // On a laptop; images set ENTRYPOINT_RUN_RELOAD=false.
  const reload = given.reload ?? true;
  const wanted = String(given.workerClass ?? pyprojectTexts(cwd, 'tool.entrypoint')['worker_class'] ?? 'sync');
  const workerClass = appServer === 'gunicorn' && wanted === 'async' ? asyncClass({cwd, env}) : wanted;
  const kind = appServer === 'uwsgi' ? 'sync' : workerKind(workerClass);
  const machine = {cpus: reload ? Math.min(workersWithReload, cpuCount()) : cpuCount(), megabytes: heapMegabytes()};
  const settings: {-readonly [Name in keyof SettingValues]: SettingValues[Name]} = {
    ...given,
    workers: given.workers ?? workerCount(reload ? 'async' : kind, machine),
    workerClass: gunicornClass(workerClass),
    // One thread, gunicorn's default, is a slower sync worker.
    threads: given.threads ?? (kind === 'threads' ? 4 : undefined),
    // Below the 30 s that a deploy leaves between SIGTERM and SIGKILL.
    gracefulTimeout: given.gracefulTimeout ?? 25,
    keepAlive: given.keepAlive ?? 75,
    accessLog: given.accessLog ?? false,
    reload,
  };
  // Flags go before APP_SERVER_CMD_ARGS, and the server takes the last of two words.
  const byTask = givenByTask(values, sources);
  const isLast = (name: SettingName): boolean => {
    const names: readonly SettingName[] = name === 'bind' ? ['bind', 'host', 'port'] : [name];
    return more.words.length > 0 && names.some((one) => byTask.get(one)?.rank === 3);
  };
  const part = (last: boolean): SettingValues =>
    Object.fromEntries(
      Object.entries(settings).filter(([name, value]) => value !== undefined && isLast(name as SettingName) === last),
    );
  // Both servers listen on every address that they are given: the strongest source must be the only one.
  const binds = addressWords(appServer);
  const words = rest.some(binds.isOne) || isLast('bind') ? binds.without(more.words) : more.words;
  if (rest.some(binds.isOne) || words.some(binds.isOne)) delete settings.bind;
  const options = {
    module: findModule(cwd, values.module ?? byVariable?.text, appServer === 'gunicorn' && isAsgi(workerClass)),
    settings: part(false),
    last: part(true),
    more: words,
    pythonPath: [...(isSourceDirectory(join(cwd, 'src')) ? [join(cwd, 'src')] : []), pythonLibrary()],
    memoryDirectory: existsSync('/dev/shm') ? '/dev/shm' : undefined,
    rest: [...configFlags(values, appServer), ...rest],
  };
  return {
    words: appServer === 'uwsgi' ? uwsgiWords(program, options) : gunicornWords(program, options),
    warning: warningText([byVariable?.variable, short, ...deprecated].filter((one) => one !== undefined)),
  };
};

interface ChosenServer {
  readonly appServer: AppServer;
  /** The short name that chose it. */
  readonly short?: DeprecatedVariable;
}

function chosenServer(env: Context['env'], {appServer = 'gunicorn'}: ServeValues, sources: ServeSources): ChosenServer {
  const found = sources.appServer?.from === 'default' ? deprecatedVariable('APP_SERVER', 'appServer', env) : undefined;
  if (found === undefined) return {appServer};
  const {text, variable} = found;
  if (text === 'gunicorn' || text === 'uwsgi') return {appServer: text, short: variable};
  return {appServer, short: {...variable, ignored: 'not gunicorn or uwsgi'}};
}

/** gunicorn has flags of the same names. */
function configFlags({checkConfig, printConfig}: ServeValues, appServer: AppServer): readonly string[] {
  const flags = [
    ...(checkConfig === true ? ['--check-config'] : []),
    ...(printConfig === true ? ['--print-config'] : []),
  ];
  if (flags.length === 0 || appServer === 'gunicorn') return flags;
  throw usageProblem(`uWSGI has no equivalent of ${flags.join(' and ')}`, 'check with gunicorn: --app-server=gunicorn');
}

// With an __init__.py, `src` is a package itself.
function isSourceDirectory(path: string): boolean {
  return existsSync(path) && !existsSync(join(path, '__init__.py'));
}

function noServer(cwd: string, appServer: string): Error {
  return problem({
    code: 'no_server',
    what: `${appServer} is not installed`,
    fix: installFix({cwd}, appServer === 'uwsgi' ? 'pyuwsgi' : appServer),
    exitCode: exitCode.unavailable,
  });
}

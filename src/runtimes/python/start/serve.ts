import {existsSync} from 'node:fs';
import {delimiter, join} from 'node:path';
import {usageProblem} from '../../../errors.ts';
import type {SettingName} from '../../../server/settings/declaration.ts';
import {commandLineWords, givenByTask, moduleByVariable, type SettingValues} from '../../../server/settings/given.ts';
import {cpuCount, heapMegabytes, workerCount} from '../../../server/settings/limits.ts';
import type {Context} from '../../../task.ts';
import {gaps, type Serve, type ServeSources, type ServeValues, warningText} from '../../serve.ts';
import {findPythonProgram, pythonLibrary} from '../program.ts';
import {pyprojectTexts} from '../pyproject.ts';
import {type Application, kindOfModule, ownApplication} from './application.ts';
import {asgiClass, chooseServer, noServer} from './choice.ts';
import {debugged, debuggedSettings} from './debugger.ts';
import {asyncClass, findModule} from './module.ts';
import {type OwnServer, ownName, ownServer} from './own.ts';
import {printedSettings} from './print.ts';
import {addressWords, gunicornClass, gunicornWords, isAsgi, uvicornWords, uwsgiWords, workerKind} from './servers.ts';
import {type AppServer, checkedSettings} from './settings.ts';

// A laptop has more CPUs than one developer needs workers, and each worker restarts at each change.
const workersWithReload = 2;

/**
 * Serves a Python service by gunicorn, uvicorn or uWSGI from the service's own requirements, so that the server is pinned
 * and tested with the code. What its own files say holds: defaults fill gaps.
 */
export const servePython: Serve = ({cwd, env, rest}, values, sources) => {
  const own = ownServer(cwd, env);
  const byVariable = values.module === undefined ? moduleByVariable(env) : undefined;
  const named = namedModule(values, sources, byVariable);
  const application = applicationOf({cwd, env}, named, own, values.appServer);
  const server = chooseServer({cwd, env}, {values, sources}, own, application.kind === 'asgi');
  const {appServer, short} = server;
  const more = commandLineWords(env);
  const {settings: given, deprecated, from} = checkedSettings(appServer, {env, values, sources}, more.errors);
  const program = findPythonProgram({cwd, env}, appServer);
  if (program === undefined) throw noServer(cwd, appServer);
  const ownSets = own.server === undefined || own.server === appServer ? own.sets : new Map<string, never>();
  const isOwn = (name: SettingName): boolean => ownSets.has(ownName(appServer, name) ?? '');
  // On a laptop; images set ENTRYPOINT_RUN_RELOAD=false.
  const reload = given.reload ?? !isOwn('reload');
  const workerClass = workerClassOf({cwd, env}, {given, own, isOwn, application, appServer});
  const kind = appServer === 'uwsgi' ? 'sync' : appServer === 'uvicorn' ? 'async' : workerKind(workerClass);
  const machine = {cpus: reload ? Math.min(workersWithReload, cpuCount()) : cpuCount(), megabytes: heapMegabytes()};
  /** A default, where nothing says otherwise. */
  const fill = <T>(name: SettingName, value: T): T | undefined => (isOwn(name) ? undefined : value);
  const bound = ['bind', 'host', 'port'].some((name) => from.has(name as SettingName));
  const settings: {-readonly [Name in keyof SettingValues]: SettingValues[Name]} = {
    ...debuggedSettings(appServer, given),
    ...given,
    bind: bound ? given.bind : fill('bind', given.bind),
    workers:
      appServer === 'uvicorn' && reload
        ? undefined
        : (given.workers ??
          debuggedSettings(appServer, given).workers ??
          fill('workers', workerCount(reload ? 'async' : kind, machine))),
    workerClass: given.workerClass === undefined && isOwn('workerClass') ? undefined : gunicornClass(workerClass),
    // One thread, gunicorn's default, is a slower sync worker.
    threads: given.threads ?? (kind === 'threads' ? fill('threads', 4) : undefined),
    // Below the 30 s that a deploy leaves between SIGTERM and SIGKILL.
    gracefulTimeout: given.gracefulTimeout ?? fill('gracefulTimeout', 25),
    keepAlive: given.keepAlive ?? fill('keepAlive', 75),
    accessLog: given.accessLog ?? fill('accessLog', false),
    reload: given.reload ?? fill('reload', reload),
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
  const asAsgi = appServer === 'uvicorn' || (appServer === 'gunicorn' && isAsgi(workerClass));
  const isFound = named === undefined && own.module === undefined;
  const served = isFound && asAsgi ? findModule({cwd, env}, true) : application;
  const pythonPath = [...(isSourceDirectory(join(cwd, 'src')) ? [join(cwd, 'src')] : []), pythonLibrary()];
  if (values.printConfig === true) return printedSettings({server, application: served, settings, from, own: ownSets});
  const options = {
    module: served.module,
    own: own.server === appServer ? own.words : [],
    isOwn: (name: string): boolean => ownSets.has(name),
    settings: part(false),
    last: part(true),
    more: words,
    pythonPath,
    memoryDirectory: existsSync('/dev/shm') ? '/dev/shm' : undefined,
    rest: [...checkFlag(values, appServer), ...rest],
  };
  // gunicorn and uWSGI have flags for it.
  const isByVariable = appServer === 'uvicorn' || ownSets.has('pythonpath');
  const variables = own.server === appServer ? gaps(own.env, env) : {};
  const further = env['PYTHONPATH'] ?? variables['PYTHONPATH'];
  const path = [...pythonPath, ...(further === undefined ? [] : [further])].join(delimiter);
  const surroundings = {...variables, ...(isByVariable ? {PYTHONPATH: path} : {})};
  const warning = warningText([byVariable?.variable, short, ...deprecated].filter((one) => one !== undefined));
  return {
    words: debugged(
      {cwd, env},
      {gunicorn: gunicornWords, uvicorn: uvicornWords, uwsgi: uwsgiWords}[appServer](program, options),
      appServer,
      settings,
    ),
    ...(Object.keys(surroundings).length === 0 ? {} : {env: surroundings}),
    warning: [warning, own.note].filter((text) => text !== undefined).join('\n') || undefined,
  };
};

/** The module that the command line or the environment names, and where. */
function namedModule(
  {module}: ServeValues,
  sources: ServeSources,
  byVariable: ReturnType<typeof moduleByVariable>,
): Named | undefined {
  if (module !== undefined)
    return {module, from: sources.module?.from === 'variable' ? sources.module.name : '--module'};
  if (byVariable === undefined) return undefined;
  return {module: byVariable.text, from: byVariable.variable?.name ?? 'ENTRYPOINT_RUN_MODULE'};
}

type Named = Pick<Application, 'module' | 'from'>;

/**
 * The application, before it is known which server runs it: its kind is part of that decision.
 * @throws Problem `no_server_module`, or `no_server` where there is none of both
 */
function applicationOf(
  context: Pick<Context, 'cwd' | 'env'>,
  named: Named | undefined,
  own: OwnServer,
  wanted: AppServer = 'gunicorn',
): Application {
  const {cwd} = context;
  if (named !== undefined) return {kind: 'wsgi', ...kindOfModule(cwd, named.module), ...named};
  const said = ownApplication(cwd, own);
  if (said !== undefined) return said;
  try {
    return findModule(context, false);
  } catch (error) {
    throw findPythonProgram(context, wanted) === undefined ? noServer(cwd, wanted) : error;
  }
}

interface ClassOptions {
  readonly given: SettingValues;
  readonly own: OwnServer;
  readonly isOwn: (name: SettingName) => boolean;
  readonly application: Application;
  readonly appServer: AppServer;
}

function workerClassOf(
  context: Pick<Context, 'cwd' | 'env'>,
  {given, own, isOwn, application, appServer}: ClassOptions,
): string {
  const inFile = isOwn('workerClass') ? (own.sets.get('worker_class')?.value ?? 'own') : undefined;
  const wanted = String(
    given.workerClass ??
      inFile ??
      pyprojectTexts(context.cwd, 'tool.entrypoint')['worker_class'] ??
      (application.kind === 'asgi' ? asgiClass(context) : undefined) ??
      'sync',
  );
  return appServer === 'gunicorn' && wanted === 'async' ? asyncClass(context) : wanted;
}

/** gunicorn has a flag of the same name. */
function checkFlag({checkConfig}: ServeValues, appServer: AppServer): readonly string[] {
  if (checkConfig !== true) return [];
  if (appServer === 'gunicorn') return ['--check-config'];
  throw usageProblem(`${appServer} has no equivalent of --check-config`, 'check with gunicorn: --app-server=gunicorn');
}

// With an __init__.py, `src` is a package itself.
function isSourceDirectory(path: string): boolean {
  return existsSync(path) && !existsSync(join(path, '__init__.py'));
}

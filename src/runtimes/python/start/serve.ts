import {existsSync} from 'node:fs';
import {delimiter, join} from 'node:path';
import {usageProblem} from '../../../errors.ts';
import type {SettingName} from '../../../server/settings/declaration.ts';
import {
  commandLineWords,
  givenByTask,
  moduleByVariable,
  type NamedModule,
  type SettingValues,
} from '../../../server/settings/given.ts';
import {cpuCount, heapMegabytes, workerCount, type WorkerKind} from '../../../server/settings/limits.ts';
import type {Words} from '../../../shell/argv.ts';
import type {Context} from '../../../task.ts';
import {gaps, type Serve, type ServeSources, type ServeValues, warningText} from '../../serve.ts';
import {findPythonProgram, pythonLibrary, pythonProgram} from '../program.ts';
import {pyprojectTexts} from '../pyproject.ts';
import {type Application, kindOfModule, ownApplication} from './application.ts';
import {asgiClass, chooseServer, noServer} from './choice.ts';
import {debugged, debuggedModule, debuggedSettings} from './debugger.ts';
import {granianWords, type Interface, interfaceOf, reloading, requireKept} from './granian.ts';
import {asyncClass, findModule} from './module.ts';
import {type OwnServer, ownName, ownServer} from './own.ts';
import {printedSettings} from './print.ts';
import {addressWords, gunicornClass, gunicornWords, isAsgi, uvicornWords, uwsgiWords, workerKind} from './servers.ts';
import {type AppServer, checkedSettings, reloadVariables, within} from './settings.ts';

// A laptop has more CPUs than one developer needs workers, and each worker restarts at each change.
const workersWithReload = 2;

/**
 * Serves a Python service by gunicorn, uvicorn, uWSGI or granian from the service's own requirements, so that the server is pinned
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
  const {settings: given, deprecated, notes, from} = checkedSettings(appServer, {env, values, sources}, more.errors);
  const program = findPythonProgram({cwd, env}, appServer);
  if (program === undefined) throw noServer(cwd, appServer);
  // Files that are for another server say nothing about this one.
  const mine = own.server === appServer ? own : ownServer(cwd, env, appServer);
  const {sets: ownSets} = mine;
  const isOwn = (name: SettingName): boolean => ownSets.has(ownName(appServer, name) ?? '');
  const workerClass = workerClassOf({cwd, env}, {given, own: mine, isOwn, application, appServer});
  const called = interfaceOf({directory: cwd, application, workerClass, own: mine, more: more.words, rest});
  // On a laptop; images set ENTRYPOINT_RUN_RELOAD=false.
  const {reload, note: reloadNote} = reloading({cwd, env}, appServer, given.reload, isOwn('reload'));
  const kind = kindOf(appServer, workerClass, called);
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
          fill('workers', workerCount(reload || appServer === 'granian' ? 'async' : kind, machine))),
    workerClass: given.workerClass === undefined && isOwn('workerClass') ? undefined : gunicornClass(workerClass),
    threads: given.threads ?? threadsOf(appServer, kind, fill),
    // Below the 30 s that a deploy leaves between SIGTERM and SIGKILL.
    gracefulTimeout: given.gracefulTimeout ?? fill('gracefulTimeout', 25),
    keepAlive: given.keepAlive ?? fill('keepAlive', within(appServer, 'keepAlive', 75)),
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
  // A server listens on every address that it is given: the strongest source must be the only one.
  const binds = addressWords(appServer);
  const words = rest.some(binds.isOne) || isLast('bind') ? binds.without(more.words) : more.words;
  if (rest.some(binds.isOne) || words.some(binds.isOne)) delete settings.bind;
  const asAsgi =
    appServer === 'uvicorn' ||
    (appServer === 'gunicorn' && isAsgi(workerClass)) ||
    (appServer === 'granian' && called.name.startsWith('asgi'));
  const isFound = named === undefined && own.module === undefined;
  const served = isFound && asAsgi ? findModule({cwd, env}, true) : application;
  if (appServer === 'granian') requireKept(called, {directory: cwd, module: served.module, workerClass}, given);
  const pythonPath = [...(isSourceDirectory(join(cwd, 'src')) ? [join(cwd, 'src')] : []), pythonLibrary()];
  if (values.printConfig === true)
    return printedSettings({
      server,
      application: served,
      called: appServer === 'granian' ? called : undefined,
      settings,
      from,
      own: ownSets,
    });
  const {module, env: debugging} = debuggedModule(served.module, appServer, called.name, settings);
  const options = {
    module,
    own: mine.words,
    isOwn: (name: string): boolean => ownSets.has(name),
    settings: part(false),
    last: part(true),
    more: words,
    pythonPath,
    memoryDirectory: existsSync('/dev/shm') ? '/dev/shm' : undefined,
    rest: [...checkFlag(values, appServer), ...rest],
  };
  // gunicorn and uWSGI have flags for it.
  const isByVariable = appServer === 'uvicorn' || appServer === 'granian' || ownSets.has('pythonpath');
  const variables = {...gaps(mine.env, env), ...reloadVariables(appServer, settings), ...debugging};
  const further = env['PYTHONPATH'] ?? variables['PYTHONPATH'];
  const path = [...pythonPath, ...(further === undefined ? [] : [further])].join(delimiter);
  const surroundings = {...variables, ...(isByVariable ? {PYTHONPATH: path} : {})};
  const warning = warningText([byVariable?.variable, short, ...deprecated].filter((one) => one !== undefined));
  const line =
    appServer === 'granian'
      ? granianWords(program, options, called)
      : {gunicorn: gunicornWords, uvicorn: uvicornWords, uwsgi: uwsgiWords}[appServer](program, options);
  const isChecked = values.checkConfig === true && appServer !== 'gunicorn';
  return {
    words: isChecked ? checking({cwd, env}, appServer, line) : debugged({cwd, env}, line, appServer, settings),
    ...(Object.keys(surroundings).length === 0 ? {} : {env: surroundings}),
    warning: [warning, ...notes, reloadNote, own.note].filter((text) => text !== undefined).join('\n') || undefined,
  };
};

/** The module that the command line or the environment names, and where. */
function namedModule(
  {module}: ServeValues,
  sources: ServeSources,
  byVariable: NamedModule | undefined,
): Named | undefined {
  if (module !== undefined)
    return {module, from: sources.module?.from === 'variable' ? sources.module.name : '--module'};
  return byVariable?.text === undefined ? undefined : {module: byVariable.text, from: byVariable.from};
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
      (appServer === 'gunicorn' && application.kind === 'asgi' ? asgiClass(context) : undefined) ??
      (appServer === 'granian' ? '' : 'sync'),
  );
  return appServer === 'gunicorn' && wanted === 'async' ? asyncClass(context) : wanted;
}

/** How a worker serves, which decides how many there are. */
function kindOf(appServer: AppServer, workerClass: string, {name}: Interface): WorkerKind {
  if (appServer === 'granian') return name !== 'wsgi' ? 'async' : workerClass === 'sync' ? 'sync' : 'threads';
  return appServer === 'uwsgi' ? 'sync' : appServer === 'uvicorn' ? 'async' : workerKind(workerClass);
}

/** gunicorn's default of one thread is a slower sync worker; granian's is hundreds. */
function threadsOf(
  appServer: AppServer,
  kind: WorkerKind,
  fill: (name: SettingName, value: number) => number | undefined,
): number | undefined {
  if (kind === 'threads') return fill('threads', 4);
  return appServer === 'granian' && kind === 'sync' ? fill('threads', 1) : undefined;
}

/** gunicorn has a flag of the same name; of the others, a program of ours reads the command line. */
function checkFlag({checkConfig}: ServeValues, appServer: AppServer): readonly string[] {
  if (checkConfig !== true) return [];
  if (appServer === 'gunicorn') return ['--check-config'];
  if (appServer !== 'uwsgi') return [];
  throw usageProblem('uwsgi has no equivalent of --check-config', 'check with gunicorn: --app-server=gunicorn');
}

/** Loads the application as uvicorn or granian would, with the words that they would get, and does not serve. */
function checking(context: Pick<Context, 'cwd' | 'env'>, appServer: AppServer, words: Words): Words {
  return [pythonProgram(context), '-m', 'entrypoint_check', appServer, ...words.slice(1)];
}

// With an __init__.py, `src` is a package itself.
function isSourceDirectory(path: string): boolean {
  return existsSync(path) && !existsSync(join(path, '__init__.py'));
}

import {exitCode, problem, usageProblem} from '../../../errors.ts';
import {declaration} from '../../../server/settings/declaration.ts';
import type {SettingValues} from '../../../server/settings/given.ts';
import type {Words} from '../../../shell/argv.ts';
import type {ServiceContext} from '../../runtime.ts';
import {hasPythonPackage, installFix} from '../program.ts';
import {type Application, kindOfModule} from './application.ts';
import type {OwnServer} from './own.ts';
import {isAsgi, logNames, type ServerOptions} from './servers.ts';
import {type AppServer, settingsWords} from './settings.ts';

/** How granian calls the application. Its own default, RSGI, is no framework's. */
export interface Interface {
  /** `wsgi`, `asgi`, `asginl` or `rsgi`. */
  readonly name: string;
  readonly from: string;
  /** Whether granian reads it there itself. */
  readonly isOwn: boolean;
}

/** Everything that decides on it. */
export interface InterfaceOptions {
  readonly directory: string;
  readonly application: Application;
  /** As it was given, or in pyproject.toml; empty if it is not. */
  readonly workerClass: string;
  readonly own: OwnServer;
  /** Words of APP_SERVER_CMD_ARGS. */
  readonly more: Words;
  /** Words after `--`. */
  readonly rest: Words;
}

/** The interface: as granian's words or variables say, as the worker class needs it, else that of the application. */
export function interfaceOf({directory, application, workerClass, own, more, rest}: InterfaceOptions): Interface {
  const places: readonly (readonly [from: string, words: Words])[] = [
    ['--', rest],
    ['APP_SERVER_CMD_ARGS', more],
    [own.from, own.words],
  ];
  for (const [from, words] of places) {
    const name = interfaceIn(words);
    if (name !== undefined) return {name, from, isOwn: true};
  }
  const variable = own.sets.get('interface');
  if (variable?.value !== undefined) return {name: variable.value, from: variable.from, isOwn: true};
  if (workerClass !== '')
    return {name: workerClass === 'async' || isAsgi(workerClass) ? 'asgi' : 'wsgi', from: 'worker class', isOwn: false};
  // A line without an interface, for something that is no known framework's, means granian's default.
  if (own.server === 'granian' && own.module !== undefined && kindOfModule(directory, application.module) === undefined)
    return {name: 'rsgi', from: 'default of granian', isOwn: true};
  return {name: application.kind, from: application.from, isOwn: false};
}

function interfaceIn(words: Words): string | undefined {
  const at = words.findLastIndex((word) => /^--interface(?:=|$)/.test(word));
  if (at === -1) return undefined;
  return words[at]?.split('=')[1] ?? words[at + 1];
}

/**
 * Refuses what the interface cannot keep.
 * @throws Problem `no_async_worker` (exit code 69) for an application that no event loop can serve, `usage` (64) for threads
 * that an event loop does not have
 */
export function requireKept(
  {name, isOwn}: Interface,
  {directory, module, workerClass}: {readonly directory: string; readonly module: string; readonly workerClass: string},
  {threads}: SettingValues,
): void {
  if (!isOwn && name === 'asgi' && kindOfModule(directory, module)?.kind === 'wsgi')
    throw problem({
      code: 'no_async_worker',
      what: `the worker class ${workerClass} needs an ASGI application; ${module} is none`,
      fix: 'name asgi_module in pyproject.toml, or leave --worker-class out',
      exitCode: exitCode.unavailable,
    });
  if (name !== 'wsgi' && threads !== undefined && threads !== declaration.threads.defaultValue)
    throw usageProblem(
      `granian has no --threads for an application of ${name.toUpperCase()}, which an event loop serves`,
      'leave it out, or set --workers',
    );
}

/**
 * Whether a server restarts when a file changes: granian by watchfiles. A default that it cannot keep is a warning.
 * @throws Problem `not_installed` (exit code 69) where reloading is asked for
 */
export function reloading(
  context: ServiceContext,
  appServer: AppServer,
  given: SettingValues['reload'],
  isOwn: boolean,
): {readonly reload: boolean; readonly note?: string} {
  const reload = Boolean(given ?? !isOwn);
  if (!reload || appServer !== 'granian' || hasPythonPackage(context, 'watchfiles')) return {reload};
  const what = 'granian reloads by watchfiles, which is not installed';
  const fix = installFix(context, 'granian[reload]');
  if (given !== undefined) throw problem({code: 'not_installed', what, fix, exitCode: exitCode.unavailable});
  return {
    reload: false,
    note: `no restart when a file changes: ${what}\nfix: ${fix}, or set ENTRYPOINT_RUN_RELOAD=false`,
  };
}

/** Defaults of granian's that drop what a service expects of a server. */
function expected({reload}: SettingValues, isOwn: (name: string) => boolean): Words {
  return [
    // Without it, a worker that dies ends the server.
    ...(isOwn('respawn_failed_workers') ? [] : ['--respawn-failed-workers']),
    // A file that is wrong while it is edited would end it as well.
    ...(reload === true && !isOwn('reload_ignore_worker_failure') ? ['--reload-ignore-worker-failure'] : []),
  ];
}

/** The command line of granian, which serves WSGI, ASGI and RSGI applications. */
export function granianWords(
  program: string,
  {module, own = [], isOwn = () => false, settings, last, pythonPath, more, rest}: ServerOptions,
  {name, isOwn: isSaid}: Interface,
): Words {
  const factory = module.endsWith('()');
  return [
    program,
    ...own,
    ...(isSaid ? [] : ['--interface', name]),
    ...settingsWords('granian', settings),
    ...expected(settings, isOwn),
    ...(logNames.granian.some(isOwn) ? [] : ['--log-config', `${pythonPath.at(-1)}/granian_logging.json`]),
    ...(factory && !isOwn('factory') ? ['--factory'] : []),
    ...more,
    ...settingsWords('granian', last),
    ...rest,
    factory ? module.slice(0, -2) : module,
  ];
}

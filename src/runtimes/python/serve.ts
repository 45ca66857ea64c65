import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, problem} from '../../errors.ts';
import {cpuCount, heapMegabytes, workerCount} from '../../server/settings/limits.ts';
import {saidDirectly} from '../../server/settings/said.ts';
import type {SettingName} from '../../server/settings/settings.ts';
import {type Command, splitWords} from '../../shell/argv.ts';
import type {Context} from '../../task.ts';
import {asyncClass, findModule} from './module.ts';
import {findPythonProgram, installFix, pythonLibrary} from './program.ts';
import {pyprojectTexts} from './pyproject.ts';
import {gunicornClass, gunicornWords, isAsgi, uwsgiWords, workerKind} from './servers.ts';
import {type AppServer, checkedFacts, type Facts} from './settings.ts';

/** What was said of the server. Undefined: the default that is told below, or else the server's own. */
export type ServeValues = Facts & {
  readonly module?: string | undefined;
  readonly appServer?: AppServer | undefined;
  readonly checkConfig?: boolean;
  readonly printConfig?: boolean;
};

// A laptop has more CPUs than one developer needs workers, and each of them starts again at each change.
const workersWithReload = 2;

/**
 * The command that serves a Python service: gunicorn or uWSGI from the service's own requirements, so that it is
 * pinned and tested with the code.
 * @throws Problem `no_server` (exit code 69) when it is not installed, `no_server_module` (65), or `usage` (64) for
 * values that are wrong and settings that the server does not have
 */
export function pythonServer(context: Pick<Context, 'cwd' | 'env' | 'rest' | 'flags'>, values: ServeValues): Command {
  const {cwd, env, rest} = context;
  const {appServer = 'gunicorn'} = values;
  const direct = saidDirectly(values, context.flags, env);
  const said = checkedFacts(appServer, values, direct);
  const more = splitWords(env['APP_SERVER_CMD_ARGS'] ?? '');
  if (more === undefined)
    throw problem({
      code: 'usage',
      what: 'APP_SERVER_CMD_ARGS has a quotation that is not closed',
      fix: 'close it, or put a backslash before the quote',
      exitCode: exitCode.usage,
    });
  const program = findPythonProgram({cwd, env}, appServer);
  if (program === undefined) throw noServer(cwd, appServer);
  // The image says no, also to a task of the service's own that calls this one.
  const reload = said.reload ?? env['ENTRYPOINT_RUN_RELOAD'] !== 'false';
  const given = String(said.workerClass ?? pyprojectTexts(cwd, 'tool.entrypoint')['worker_class'] ?? 'sync');
  const workerClass = appServer === 'gunicorn' && given === 'async' ? asyncClass({cwd, env}) : given;
  const kind = appServer === 'uwsgi' ? 'sync' : workerKind(workerClass);
  const machine = {cpus: reload ? Math.min(workersWithReload, cpuCount()) : cpuCount(), megabytes: heapMegabytes()};
  const facts: Facts = {
    ...said,
    workers: said.workers ?? workerCount(reload ? 'async' : kind, machine),
    workerClass: gunicornClass(workerClass),
    // One thread, gunicorn's default, is a slower sync worker.
    threads: said.threads ?? (kind === 'threads' ? 4 : undefined),
    // Below the 30 s that a deploy leaves between SIGTERM and SIGKILL.
    gracefulTimeout: said.gracefulTimeout ?? 25,
    keepAlive: said.keepAlive ?? 75,
    accessLog: said.accessLog ?? false,
    reload,
  };
  // What stands on the command line goes before APP_SERVER_CMD_ARGS, and the last word wins.
  const lastNames = new Set<SettingName>(
    more.length === 0 ? [] : direct.map((name) => (name === 'host' || name === 'port' ? 'bind' : name)),
  );
  const parts = Map.groupBy(Object.entries(facts) as [SettingName, Facts[SettingName]][], ([name]) =>
    lastNames.has(name),
  );
  const common = {
    module: findModule(cwd, values.module, appServer === 'gunicorn' && isAsgi(workerClass)),
    facts: Object.fromEntries(parts.get(false) ?? []),
    last: Object.fromEntries(parts.get(true) ?? []),
    more,
    pythonPath: [...(isSourceDirectory(join(cwd, 'src')) ? [join(cwd, 'src')] : []), pythonLibrary()],
    memoryDirectory: existsSync('/dev/shm') ? '/dev/shm' : undefined,
    rest: [...lookOnly(values, appServer), ...rest],
  };
  return {words: appServer === 'uwsgi' ? uwsgiWords(program, common) : gunicornWords(program, common)};
}

/** gunicorn has flags of the same names. */
function lookOnly({checkConfig, printConfig}: ServeValues, appServer: AppServer): readonly string[] {
  const flags = [
    ...(checkConfig === true ? ['--check-config'] : []),
    ...(printConfig === true ? ['--print-config'] : []),
  ];
  if (flags.length === 0 || appServer === 'gunicorn') return flags;
  throw problem({
    code: 'usage',
    what: `${flags.join(' and ')}: uWSGI has nothing like it`,
    fix: 'take gunicorn (APP_SERVER=gunicorn) to look',
    exitCode: exitCode.usage,
  });
}

// With an __init__.py, `src` is a package itself.
function isSourceDirectory(path: string): boolean {
  return existsSync(path) && !existsSync(join(path, '__init__.py'));
}

function noServer(cwd: string, appServer: string): Error {
  return problem({
    code: 'no_server',
    what: `${appServer} is not installed, and run serves the service with it`,
    fix: installFix({cwd}, appServer === 'uwsgi' ? 'pyuwsgi' : appServer),
    exitCode: exitCode.unavailable,
  });
}

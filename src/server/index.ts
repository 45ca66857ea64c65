import cluster from 'node:cluster';
import {existsSync} from 'node:fs';
import {resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {exitCode, problem, type Problem, type UsageError, usageErrorText, usageProblem} from '../errors.ts';
import {nearest} from '../text/nearest.ts';
import {handleSignals} from './arbiter/signals.ts';
import {schedulingPolicy} from './arbiter/workers.ts';
import {bindServer} from './bind-server.ts';
import {type Log, serverLog} from './process/log.ts';
import type {BootFailure} from './process/messages.ts';
import {type declaration, type SettingName, settings as declared} from './settings/declaration.ts';
import {cpuCount, heapMegabytes} from './settings/limits.ts';
import {readSettings} from './settings/reader.ts';
import type {Setting, Settings} from './settings/settings.ts';
import {readSetting} from './settings/value.ts';

export type {Level, Log} from './process/log.ts';

type ValueOf<S extends Setting> = S extends {readonly choices: readonly (infer Choice)[]}
  ? Choice
  : S extends {readonly list: true}
    ? string | readonly string[]
    : {
        number: number;
        bytes: number | string;
        boolean: boolean;
        text: string;
        format: string;
        address: string;
        networks: string;
        choice: string;
        host: string;
        mode: string;
        owner: string;
      }[S['kind']];

/** The server's settings, by their names in camelCase. Defaults and limits: docs/server.md. */
export type ServerSettings = {
  readonly [Name in SettingName]?: ValueOf<(typeof declaration)[Name]> | undefined;
};

/** Options of {@link serve}: the module, and any of the server's settings. */
export interface ServeOptions extends ServerSettings {
  /** The file that exports the handler; relative to the working directory. */
  readonly module: string | URL;
  /** The service's own arguments: its `process.argv` from the third on. Default: none. */
  readonly args?: readonly string[] | undefined;
  /** Handle gunicorn's signals: TERM, INT, QUIT, HUP, TTIN, TTOU, USR1, USR2, WINCH. Default: false. */
  readonly signals?: boolean | undefined;
  /** Receives the server's own events. Default: one JSON object a line on stdout. Workers always log to stdout. */
  readonly log?: Log | undefined;
}

/** A server that listens. */
export interface RunningServer {
  /** Its main address: `127.0.0.1:3000`, with the actual port if 0 was given; `unix:/run/app.sock`. */
  readonly address: string;
  /** All addresses, if `bind` names several, the main one first. */
  readonly addresses: readonly string[];
  /** Undefined if it listens on Unix sockets only. */
  readonly port: number | undefined;
  /**
   * Reloads the service, one worker after the other, without losing a request. Resolves when all workers are replaced.
   * @throws Problem `reload_failed` when the new code does not boot: the old workers keep serving
   */
  readonly reload: () => Promise<void>;
  /** Drains: answers every request that has begun, within the graceful timeout. Resolves with the exit code, 0. */
  readonly stop: () => Promise<number>;
  /**
   * Resolves when the server has ended, with the code with which its program would exit: 0 after `stop`, 3 when no worker
   * boots any more. Never rejects.
   */
  readonly exited: Promise<number>;
}

const ownOptions: ReadonlySet<string> = new Set(['module', 'args', 'signals', 'log']);

/**
 * Starts the app server for a module: this process becomes the arbiter, which binds the address and keeps worker
 * processes that load and serve the module. Resolves when the first worker is ready. Reads neither `process.argv` nor
 * environment variables, never exits this process, and installs no signal handlers unless `signals` is true.
 *
 * With `reload`, a service that does not boot is logged, and `serve` waits until a file changes.
 *
 * Several servers can run in one process, except with different `dispatch`: node:cluster has one policy per process.
 * @example
 * import {serve} from 'entrypoint/server';
 *
 * const server = await serve({module: new URL('./service.js', import.meta.url), port: 0, workers: 2});
 * const response = await fetch(`http://127.0.0.1:${server.port}/`);
 * await server.reload();
 * await server.stop();
 * @throws Problem `usage` with all invalid options at once, `no_server_module`, `not_listening` (the address cannot be
 * bound), `boot_failed` (the module does not load or exports no handler), `not_primary`, `dispatch_conflict`
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const settings = settingsOf(options);
  checkCluster(settings);
  const log = options.log ?? serverLog();
  const server = await bindServer(settings, log);
  if ('exitCode' in server) throw failed('not_listening', server);
  const {arbiter, port, addresses} = server;
  const removeHandlers = options.signals === true ? handleSignals(arbiter, log) : () => {};
  const exited = server.run().finally(removeHandlers);
  const stopped: BootFailure = {message: 'the server was stopped before it listened', exitCode: exitCode.failed};
  const failure = await Promise.race([arbiter.listening, exited.then(() => stopped)]);
  if (failure !== undefined) {
    await exited;
    throw failed('boot_failed', failure);
  }
  return {
    address: addresses[0] as string,
    addresses,
    port,
    reload: async () => {
      const reloadFailure = await arbiter.reload('reload()');
      if (reloadFailure !== undefined) throw failed('reload_failed', reloadFailure);
    },
    stop: () => {
      arbiter.stop('stop()');
      return exited;
    },
    exited,
  };
}

function settingsOf(options: ServeOptions): Settings {
  const given = Object.entries(options).filter(([name, value]) => value !== undefined && !ownOptions.has(name));
  const errors = given.flatMap(([name, value]): UsageError[] => {
    const setting = declared.find(([known]) => known === name)?.[1];
    if (setting === undefined) {
      const meant = nearest(name, [...declared.map(([known]) => known), ...ownOptions]);
      return [{what: `${name} is not an option`, meant, fix: 'docs/server.md lists them'}];
    }
    const result = readSetting(setting, String(value), name);
    return 'error' in result ? [result.error] : [];
  });
  if (errors.length > 0) throw invalidOptions(errors);
  const module = resolve(options.module instanceof URL ? fileURLToPath(options.module) : options.module);
  if (!existsSync(module))
    throw problem({
      code: 'no_server_module',
      what: `no such module: ${module}`,
      fix: 'pass the file that exports the handler as `module`',
      exitCode: exitCode.badData,
    });
  const reading = readSettings({
    argv: [module, '--', ...(options.args ?? [])],
    values: Object.fromEntries(given) as ServerSettings,
    env: {},
    cwd: process.cwd(),
    machine: {cpus: cpuCount(), megabytes: heapMegabytes()},
  });
  if (reading.settings === undefined) throw invalidOptions(reading.errors);
  return reading.settings;
}

function invalidOptions(errors: readonly UsageError[]): Problem {
  return usageProblem(
    `${errors.length} invalid option${errors.length === 1 ? '' : 's'} for serve(); nothing was started`,
    'see docs/server.md',
    errors.map(usageErrorText),
  );
}

function checkCluster({dispatch}: Settings): void {
  if (!cluster.isPrimary)
    throw problem({
      code: 'not_primary',
      what: 'serve() was called in a worker of node:cluster',
      fix: 'call it in the primary process: the server starts its own workers',
    });
  // node:cluster fixes its policy with the first `setupPrimary`.
  if (cluster.settings.exec !== undefined && cluster.schedulingPolicy !== schedulingPolicy(dispatch))
    throw problem({
      code: 'dispatch_conflict',
      what: `dispatch ${dispatch} conflicts with an earlier server or cluster of this process`,
      fix: 'run each in its own process',
    });
}

function failed(code: string, {message, stack, fix, exitCode: exit}: BootFailure): Problem {
  return problem({code, what: message, fix, details: stack?.split('\n') ?? [], exitCode: exit});
}

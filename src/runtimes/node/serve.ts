import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, problem, usageErrorsProblem, usageProblem} from '../../errors.ts';
import {serverProgram} from '../../server/process/programs.ts';
import type {SettingName} from '../../server/settings/declaration.ts';
import {flagText} from '../../server/settings/flag.ts';
import {moduleByVariable} from '../../server/settings/given.ts';
import {cpuCount, heapMegabytes} from '../../server/settings/limits.ts';
import {type Reading, readSettings} from '../../server/settings/reader.ts';
import {configText} from '../../server/settings/text.ts';
import type {Words} from '../../shell/argv.ts';
import {type Serve, warningText} from '../serve.ts';
import {readPackage} from './package.ts';
import {startedModule} from './start-script.ts';
import {nodeProgram, plugAndPlay} from './tooling.ts';

const usualModules = [
  'src/server.ts',
  'src/server.js',
  'server.ts',
  'server.js',
  'src/index.ts',
  'src/index.js',
  'index.js',
];

/** Serves a Node service by the app server. */
export const serveNode: Serve = ({cwd, env, rest}, values, sources) => {
  if (values.appServer !== undefined && values.appServer !== 'gunicorn')
    throw usageProblem(
      '--app-server is a setting of Python services, and this is a Node service',
      'leave it out, or unset ENTRYPOINT_RUN_APP_SERVER',
    );
  const file = values.module ?? (moduleByVariable(env) === undefined ? moduleOf(cwd) : undefined);
  const reading = readSettings({
    argv: [...(file === undefined ? [] : [file]), ...rest],
    env,
    cwd,
    machine: {cpus: cpuCount(), megabytes: heapMegabytes()},
    values,
    sources,
    // On a laptop; images set ENTRYPOINT_RUN_RELOAD=false.
    defaults: {reload: true},
  });
  if (reading.module === undefined || !existsSync(join(cwd, reading.module))) throw noModule(cwd, reading.module);
  if (reading.errors.length > 0) throw usageErrorsProblem(reading.errors, 'entrypoint --help run');
  const warning = warningText(reading.deprecated);
  if (values.printConfig === true || reading.mode === 'print-config')
    return {text: configText(reading).trimEnd(), settings: {module: reading.module, ...reading.origins}, warning};
  return {
    words: [
      nodeProgram(env),
      '--disable-sigusr1',
      serverProgram('serve'),
      ...serverWords(reading, values.checkConfig === true || reading.mode === 'check-config'),
    ],
    ...plugAndPlay(cwd, env),
    warning,
  };
};

/** `main`, else a usual file, else the file that the service's own start script runs. */
function moduleOf(cwd: string): string | undefined {
  const {main, scripts} = readPackage(cwd) ?? {};
  // `main` of a package that generators made is often a file that does not exist.
  const started = startedModule(scripts).find((name) => existsSync(join(cwd, name)));
  if (main !== undefined) return existsSync(join(cwd, main)) ? main : (started ?? main);
  return usualModules.find((name) => existsSync(join(cwd, name))) ?? started;
}

/** Every setting that was given or computed: the line is the same server in a shell without our variables. */
function serverWords({module = '', origins, settings}: Reading, check: boolean): Words {
  // The server itself does not reload: without a word, it does what an image's ENTRYPOINT_RUN_RELOAD=false asks for.
  const reload =
    origins.reload.value === true || (origins.reload.given && !origins.reload.from.startsWith('ENTRYPOINT_'));
  const computed: Partial<Record<SettingName, boolean>> = {
    bind: true,
    host: false,
    port: false,
    workers: true,
    maxHeap: origins.maxHeap.value !== 0,
    reload,
  };
  const names = (Object.keys(origins) as SettingName[]).filter((name) => computed[name] ?? origins[name].given);
  const args = settings?.args ?? [];
  return [
    module,
    ...(check ? ['--check-config'] : []),
    ...names.map((name) => flagText(name, origins[name].value)),
    ...(args.length === 0 ? [] : ['--', ...args]),
  ];
}

function noModule(cwd: string, file: string | undefined): Error {
  return problem({
    code: 'no_server_module',
    what:
      file === undefined ? `no module to serve: no ${usualModules[0]} in ${cwd}` : `no such module in ${cwd}: ${file}`,
    fix: 'name it: entrypoint run --module=FILE, or `main` in package.json',
    exitCode: exitCode.badData,
  });
}

import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {exitCode, usageErrorsProblem, problem, usageProblem} from '../../errors.ts';
import {option} from '../../option.ts';
import {readPackage} from '../../runtimes/node/package.ts';
import {nodeProgram} from '../../runtimes/node/tooling.ts';
import {pythonOptions} from '../../runtimes/python/options.ts';
import {isPythonService} from '../../runtimes/python/program.ts';
import {pythonServer} from '../../runtimes/python/serve.ts';
import {serverProgram} from '../../server/process/programs.ts';
import {cpuCount, heapMegabytes} from '../../server/settings/limits.ts';
import {type Reading, readSettings} from '../../server/settings/reader.ts';
import {serverOptions} from '../../server/settings/run-options.ts';
import {saidDirectly} from '../../server/settings/said.ts';
import type {SettingName} from '../../server/settings/settings.ts';
import {configText, flagText} from '../../server/settings/text.ts';
import type {Words} from '../../shell/argv.ts';
import {type Context, task} from '../../task.ts';

const usualModules = [
  'src/server.ts',
  'src/server.js',
  'server.ts',
  'server.js',
  'src/index.ts',
  'src/index.js',
  'index.js',
];

/** This process becomes the server: same pid, nothing of the CLI left in memory. */
export const run = task(
  'Serve: replace this process by the service',
  {
    module: option.string(
      undefined,
      `module that exports the handler; default: \`main\` of package.json, or ${usualModules[0]}; Python: package.module:app`,
      {env: ['APP_MODULE']},
    ),
    ...serverOptions,
    ...pythonOptions,
    checkConfig: option.boolean(false, 'load the module and look at the settings, but do not serve'),
    printConfig: option.boolean(false, 'every setting, its value and where that comes from'),
  },
  async (context, values) => {
    const {cwd, env, run: runner} = context;
    if (isPythonService(cwd)) return runner.become(pythonServer(context, values));
    if (values.appServer !== pythonOptions.appServer.defaultValue)
      throw usageProblem(
        '--app-server (APP_SERVER) is a setting of Python services, and this is a Node service',
        'leave it out, or unset the variable',
      );
    const file = values.module ?? readPackage(cwd)?.main ?? usualModules.find((name) => existsSync(join(cwd, name)));
    const said = saidDirectly(values, context.flags, env).map((name) => flagText(name, values[name]));
    const reading = readSettings({
      argv: [...(file === undefined ? [] : [file]), ...said, ...context.rest],
      env,
      cwd,
      machine: {cpus: cpuCount(), megabytes: heapMegabytes()},
      // An image says no by ENTRYPOINT_RUN_RELOAD.
      defaults: {reload: true},
    });
    if (reading.module === undefined || !existsSync(join(cwd, reading.module))) throw noModule(cwd, reading.module);
    if (reading.errors.length > 0) throw usageErrorsProblem(reading.errors, 'entrypoint --help run');
    if (values.printConfig) return print(context, reading);
    await runner.become({
      words: [
        nodeProgram(env),
        '--disable-sigusr1',
        serverProgram('serve'),
        ...serverWords(reading, values.checkConfig),
      ],
    });
  },
);

/** Everything that was said, whoever said it, and what was computed: the same server from a shell that says nothing. */
function serverWords({module = '', origins, settings}: Reading, check: boolean): Words {
  // What an image says of reloading is what the server does by itself.
  const reload =
    origins.reload.value === true || (origins.reload.said && !origins.reload.from.startsWith('ENTRYPOINT_'));
  const computed: Partial<Record<SettingName, boolean>> = {
    bind: true,
    host: false,
    port: false,
    workers: true,
    maxHeap: origins.maxHeap.value !== 0,
    reload,
  };
  const names = (Object.keys(origins) as SettingName[]).filter((name) => computed[name] ?? origins[name].said);
  const args = settings?.args ?? [];
  return [
    module,
    ...(check ? ['--check-config'] : []),
    ...names.map((name) => flagText(name, origins[name].value)),
    ...(args.length === 0 ? [] : ['--', ...args]),
  ];
}

async function print({say}: Pick<Context, 'say'>, reading: Reading): Promise<unknown> {
  say(configText(reading).trimEnd());
  return {module: reading.module, ...reading.origins};
}

function noModule(cwd: string, file: string | undefined): Error {
  return problem({
    code: 'no_server_module',
    what:
      file === undefined
        ? `there is no ${usualModules[0]} in ${cwd} to serve`
        : `the module to serve, ${file}, does not exist in ${cwd}`,
    fix: 'name it: entrypoint run --module=FILE, or `main` in package.json',
    exitCode: exitCode.badData,
  });
}

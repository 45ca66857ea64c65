import {existsSync} from 'node:fs';
import {resolve} from 'node:path';
import {exitCode, type Problem, problem, usageErrorsProblem, usageProblem} from '../../../errors.ts';
import {serverProgram} from '../../../server/process/programs.ts';
import type {SettingName} from '../../../server/settings/declaration.ts';
import {flagText} from '../../../server/settings/flag.ts';
import {moduleByVariable, noSuchFile, type OwnSetting} from '../../../server/settings/given.ts';
import {cpuCount, heapMegabytes} from '../../../server/settings/limits.ts';
import {type Reading, readSettings} from '../../../server/settings/reader.ts';
import {configText} from '../../../server/settings/text.ts';
import type {Words} from '../../../shell/argv.ts';
import {gaps, type Serve, warningText} from '../../serve.ts';
import {nodeProgram, plugAndPlay} from '../tooling.ts';
import {type NodeStart, nodeStart} from './start.ts';

/** Serves a Node service by the app server. */
export const serveNode: Serve = ({cwd, env, rest}, values, sources) => {
  if (values.appServer !== undefined)
    throw usageProblem(
      '--app-server is a setting of Python services, and this is a Node service',
      'leave it out, or unset ENTRYPOINT_RUN_APP_SERVER',
    );
  const byVariable = moduleByVariable(env, noSuchFile(cwd));
  const isNamed = values.module !== undefined || byVariable?.text !== undefined;
  const start = isNamed ? undefined : nodeStart(cwd);
  const file = values.module ?? start?.module;
  const more = start === undefined || start.args.length === 0 ? [] : withArguments(rest, start.args);
  const reading = readSettings({
    argv: [...(file === undefined ? [] : [file]), ...(more.length === 0 ? rest : more)],
    own: ownSettings(start),
    env,
    cwd,
    machine: {cpus: cpuCount(), megabytes: heapMegabytes()},
    values,
    sources,
    // On a laptop; images set ENTRYPOINT_RUN_RELOAD=false.
    defaults: {reload: true},
  });
  const {module, errors} = reading;
  if (module === undefined) throw noModule(cwd);
  if (!existsSync(resolve(cwd, module))) {
    const missing = noModule(cwd, module, module === byVariable?.text ? byVariable.from : undefined);
    throw errors.length === 0
      ? missing
      : usageErrorsProblem([...errors, {what: missing.message, fix: missing.fix}], 'entrypoint --help run');
  }
  if (errors.length > 0) throw usageErrorsProblem(errors, 'entrypoint --help run');
  // Where a start script or --module names the module, the reader does not look at the variable.
  const foreign = start !== undefined && byVariable?.variable !== undefined ? [byVariable.variable] : [];
  const warning =
    [warningText([...foreign, ...reading.deprecated]), start?.note].filter((text) => text !== undefined).join('\n') ||
    undefined;
  if (values.printConfig === true || reading.mode === 'print-config')
    return {
      text: configText(reading, start?.from).trimEnd(),
      settings: {module, ...(start === undefined ? {} : {moduleFrom: start.from}), ...reading.origins},
      warning,
    };
  const surroundings = {...gaps(start?.env ?? {}, env), ...plugAndPlay(cwd, env).env};
  return {
    words: [
      nodeProgram(env),
      '--disable-sigusr1',
      ...(start?.nodeOptions ?? []),
      serverProgram('serve'),
      ...serverWords(reading, values.checkConfig === true || reading.mode === 'check-config'),
    ],
    ...(Object.keys(surroundings).length === 0 ? {} : {env: surroundings}),
    warning,
  };
};

/** The port and the address that the start script names fill gaps: everything else is stronger. */
function ownSettings(start: NodeStart | undefined): readonly OwnSetting[] {
  if (start === undefined) return [];
  return (['port', 'host'] as const).flatMap((name) => {
    const text = start[name];
    return text === undefined ? [] : [{name, text, from: start.from}];
  });
}

/** The words after `--`, with those of the start script for the service in front of the user's. */
function withArguments(rest: Words, args: Words): Words {
  const at = rest.indexOf('--');
  return at === -1 ? [...rest, '--', ...args] : [...rest.slice(0, at), '--', ...args, ...rest.slice(at + 1)];
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

function noModule(cwd: string, file?: string, from?: string): Problem {
  return problem({
    code: 'no_server_module',
    what:
      file === undefined
        ? `no module to serve in ${cwd}`
        : `no such module in ${cwd}: ${file}${from === undefined ? '' : ` (${from})`}`,
    fix: 'name it: entrypoint run --module=FILE, or `main` in package.json',
    exitCode: exitCode.badData,
  });
}

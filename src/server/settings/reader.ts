import {resolve} from 'node:path';
import type {UsageError} from '../../errors.ts';
import {mainFirst, splitAddresses} from './address.ts';
import {computed} from './computed.ts';
import {type SettingName, settings} from './declaration.ts';
import {withoutForeign} from './deprecated.ts';
import {
  commandLineWords,
  type DeprecatedVariable,
  givenByService,
  givenByTask,
  givenByVariables,
  givenByWords,
  type GivenSettings,
  type Mode,
  moduleByVariable,
  noSuchFile,
  type OwnSetting,
  type SettingSources,
  type SettingValues,
  strongest,
} from './given.ts';
import type {Resources} from './limits.ts';
import type {Setting, Settings} from './settings.ts';
import {type Origin, originOf} from './value.ts';

/** Everything that decides the settings. */
export interface ReaderOptions {
  /** Words of the command line: the module, flags, and after `--` the service's own words. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly machine: Resources;
  /** Values of the task `run`; what came from its command line has the rank of `argv`, and `argv` wins. */
  readonly values?: SettingValues;
  readonly sources?: SettingSources;
  /** What the service's own files set. */
  readonly own?: readonly OwnSetting[];
  /** Other defaults than those of the declaration. */
  readonly defaults?: Partial<Readonly<Record<SettingName, number | boolean | string>>>;
}

export interface Reading {
  readonly mode: Mode;
  /** Undefined if there are errors. */
  readonly settings: Settings | undefined;
  readonly origins: Readonly<Record<SettingName, Origin>>;
  /** The module as it was written. */
  readonly module: string | undefined;
  /** Variables whose short names will not count in the next version. */
  readonly deprecated: readonly DeprecatedVariable[];
  /** All of them at once. */
  readonly errors: readonly UsageError[];
}

/**
 * Reads the settings as gunicorn does: the command line overrides APP_SERVER_CMD_ARGS, which overrides single
 * variables, which override the defaults. Never throws: errors are collected.
 */
export function readSettings({
  argv,
  env,
  cwd,
  machine,
  values = {},
  sources = {},
  own = [],
  defaults = {},
}: ReaderOptions): Reading {
  const more = commandLineWords(env);
  const byVariable = givenByWords(more.words, 2);
  const byArgv = givenByWords(argv, 3);
  const {given, deprecated} = withoutForeign(
    strongest(givenByService(own), givenByVariables(env), byVariable.given, givenByTask(values, sources), byArgv.given),
  );
  const named = byArgv.words.length === 0 ? moduleByVariable(env, noSuchFile(cwd)) : undefined;
  const [module = named?.text, ...others] = byArgv.words;
  const errors = [
    ...more.errors,
    ...byVariable.errors,
    ...byArgv.errors,
    ...[...others, ...byVariable.words].map((word) => ({
      what: `unexpected argument ${word}: only one module can be served`,
      fix: 'put arguments of the service after --',
    })),
  ];
  const read: Partial<Record<SettingName, Origin>> = {};
  for (const [name, setting] of settings) {
    const declared: Setting = {...setting, defaultValue: defaults[name] ?? setting.defaultValue} as Setting;
    read[name] = originOf(declared, given.get(name), errors);
  }
  const origins = computed(read as Record<SettingName, Origin>, given, machine);
  errors.push(...socketErrors(origins, given));
  // A word after an unknown flag could be the module: correct the flag first.
  if (module === undefined && byArgv.mode !== 'help' && byArgv.errors.length === 0)
    errors.push({what: 'no module to serve', fix: 'name its file: serve.js FILE, or ENTRYPOINT_RUN_MODULE=FILE'});
  return {
    mode: byArgv.mode,
    origins,
    errors,
    module,
    deprecated: [...(named?.variable === undefined ? [] : [named.variable]), ...deprecated],
    settings:
      errors.length > 0 || module === undefined
        ? undefined
        : settingsOf(origins, resolve(cwd, module), [...byVariable.args, ...byArgv.args]),
  };
}

/** Settings of Unix sockets, where there are none. */
function socketErrors(origins: Readonly<Record<SettingName, Origin>>, given: GivenSettings): readonly UsageError[] {
  if ([origins.bind, origins.adminBind].some(({value}) => /(^|,)unix:/.test(String(value)))) return [];
  return (['socketMode', 'socketOwner'] as const)
    .flatMap((name) => given.get(name) ?? [])
    .map(({subject}) => ({
      what: `${subject} applies only to Unix sockets, and none is bound`,
      fix: 'leave it out, or bind a path: --bind=unix:/run/app.sock',
    }));
}

function settingsOf(origins: Readonly<Record<SettingName, Origin>>, module: string, args: readonly string[]): Settings {
  const {host: _host, port: _port, inspect, inspectBind, ...others} = origins;
  const values = Object.fromEntries(Object.entries(others).map(([name, {value}]) => [name, value]));
  return {
    ...values,
    bind: mainFirst(splitAddresses(String(origins.bind.value))),
    inspect: inspect.value === true ? String(inspectBind.value) : undefined,
    module,
    args,
  } as unknown as Settings;
}

import {type UsageError, usageErrorsProblem} from '../../../errors.ts';
import {parseAddress, splitAddresses} from '../../../server/settings/address.ts';
import {bindOf} from '../../../server/settings/computed.ts';
import {declaration, type SettingName, settings} from '../../../server/settings/declaration.ts';
import {withoutForeign} from '../../../server/settings/deprecated.ts';
import {
  type DeprecatedVariable,
  type Given,
  givenByTask,
  givenByVariables,
  type SettingSources,
  type SettingValues,
  strongest,
} from '../../../server/settings/given.ts';
import type {Setting} from '../../../server/settings/settings.ts';
import {originOf, readSetting} from '../../../server/settings/value.ts';
import type {Words} from '../../../shell/argv.ts';
import {kebab} from '../../../text/names.ts';

export type AppServer = 'gunicorn' | 'uwsgi' | 'uvicorn';

/** Settings for which the general rule, flag and value, does not hold. */
const special: {
  readonly [Server in AppServer]: {
    readonly [Name in SettingName]?: (value: string | number | boolean, flag: string) => Words | undefined;
  };
} = {
  gunicorn: {
    bind: (value, flag) => splitAddresses(String(value)).flatMap((one) => [flag, one]),
    accessLog: (value, flag) => (value === true ? [flag, '-'] : []),
    // JSON is the format of our logger class.
    accessLogFormat: (value, flag) => (value === 'json' ? [] : [flag, String(value)]),
    dispatch: (value, flag) => dispatchWords(value, flag),
    reloadExtraFile: (value, flag) => fileWords(value, flag),
  },
  uvicorn: {
    bind: (value) => uvicornAddress(String(value)),
    accessLog: (value) => [value === true ? '--access-log' : '--no-access-log'],
  },
  uwsgi: {
    bind: (value, flag) => splitAddresses(String(value)).flatMap((one) => [flag, one.replace(/^unix:/, '')]),
    accessLog: (value) => (value === true ? [] : ['--disable-logging']),
    reload: (value, flag) => (value === true ? [flag, '1'] : []),
    dispatch: (value, flag) => dispatchWords(value, flag),
    reloadExtraFile: (value, flag) => fileWords(value, flag),
  },
};

/** uvicorn listens on one address. */
function uvicornAddress(text: string): Words | undefined {
  const [first = '', second] = splitAddresses(text);
  const address = parseAddress(first);
  if (second !== undefined || address === undefined) return undefined;
  return 'path' in address ? ['--uds', address.path] : ['--host', address.host, '--port', String(address.port)];
}

function fileWords(value: string | number | boolean, flag: string): Words {
  return String(value)
    .split(',')
    .flatMap((name) => (name === '' ? [] : [flag, name]));
}

function dispatchWords(value: string | number | boolean, flag: string): Words | undefined {
  if (value === 'shared') return [];
  return value === 'reuseport' ? [flag] : undefined;
}

/** The flag of a server that means a setting. */
export const flagOf = (server: AppServer, name: SettingName): string | undefined =>
  (declaration[name] as Setting)[server];

/** A setting as words of this server; undefined if it has no equivalent. */
export function settingWords(
  server: AppServer,
  name: SettingName,
  value: string | number | boolean,
): Words | undefined {
  const flag = flagOf(server, name);
  if (flag === undefined) return undefined;
  const own = special[server][name];
  if (own !== undefined) return own(value, flag);
  if (typeof value === 'boolean') return value ? [flag] : [];
  // Both servers take whole numbers only.
  return [flag, String(typeof value === 'number' ? Math.ceil(value) : value)];
}

/** All of these settings as words, in the order of the declaration, without those that the server does not have. */
export function settingsWords(server: AppServer, values: SettingValues): Words {
  return settings.flatMap(([name]) => {
    const value = values[name];
    return value === undefined
      ? []
      : (settingWords(server, name, typeof value === 'object' ? value.join(',') : value) ?? []);
  });
}

// Not passed to the server as such: serve.ts chooses the class, and host and port become one `bind`.
const notPassedOn: ReadonlySet<SettingName> = new Set(['workerClass', 'host', 'port']);

/** The settings that were given, and where each comes from. */
export interface Checked {
  readonly settings: SettingValues;
  readonly deprecated: readonly DeprecatedVariable[];
  /** Also for `host` and `port`, which are in `bind`. */
  readonly from: ReadonlyMap<SettingName, string>;
}

/**
 * The given settings, within their limits and in canonical form, with host and port as one `bind`.
 * @throws Problem `usage` (exit code 64) for all wrong values, and for settings without an equivalent in this server:
 * they would be ignored. `errors` are those found before.
 */
export function checkedSettings(
  server: AppServer,
  {env, values, sources}: GivenToTask,
  errors: readonly UsageError[],
): Checked {
  const {given, deprecated} = withoutForeign(
    strongest(givenByVariables(env), givenByTask(values, sources)),
    (name, one) => (isRefused(server, name, one.text) ? `${server} has no equivalent` : undefined),
  );
  const wrong: UsageError[] = [...errors];
  const checked: {[Name in SettingName]?: string | number | boolean} = {};
  for (const [name] of settings) {
    const one = given.get(name);
    if (one === undefined) continue;
    const reading = readHere(name, one);
    if ('error' in reading) wrong.push(reading.error);
    else if (!isRefused(server, name, one.text)) checked[name] = reading.value;
    else
      wrong.push({
        what: `${server} has no equivalent of --${kebab(name)}${one.rank === 1 ? ` (${one.from})` : ''}`,
        fix: one.rank === 1 ? 'unset the variable' : 'leave it out',
      });
  }
  if (wrong.length > 0) throw usageErrorsProblem(wrong, 'entrypoint --help run');
  const {host: _host, port: _port, ...others} = checked;
  const origin = (name: 'bind' | 'host' | 'port'): ReturnType<typeof originOf> =>
    originOf(declaration[name], given.get(name), wrong);
  const {value: bind} = bindOf({bind: origin('bind'), host: origin('host'), port: origin('port')}, given);
  return {settings: {...others, bind}, deprecated, from: new Map([...given].map(([name, one]) => [name, one.from]))};
}

/** What the task `run` was given. */
export interface GivenToTask {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly values: SettingValues;
  readonly sources: SettingSources;
}

function readHere(name: SettingName, {text, subject}: Given): ReturnType<typeof readSetting> {
  // Packages and the service can bring worker classes of their own. uWSGI has none: one variable serves both.
  return name === 'workerClass' ? {value: text} : readSetting(declaration[name], text, subject);
}

/** Whether a value has no equivalent in the server. A default that is spelt out has no effect either way. */
function isRefused(server: AppServer, name: SettingName, text: string): boolean {
  const setting: Setting = declaration[name];
  const reading = readSetting(setting, text, name);
  // debugpy runs the server. uWSGI is no program of Python.
  if (server !== 'uwsgi' && (name === 'inspect' || name === 'inspectBind')) return false;
  if (notPassedOn.has(name) || 'error' in reading || reading.value === setting.defaultValue) return false;
  return settingWords(server, name, reading.value) === undefined;
}

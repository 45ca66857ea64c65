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

export type AppServer = 'gunicorn' | 'uwsgi' | 'uvicorn' | 'granian';

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
    bind: (value) => oneAddress(String(value)),
    accessLog: (value) => [value === true ? '--access-log' : '--no-access-log'],
    reloadEngine: byWatchfiles,
  },
  granian: {
    bind: (value) => numericAddress(String(value)),
    accessLog: (value) => [value === true ? '--access-log' : '--no-access-log'],
    // One limit, in milliseconds, for an idle connection and for headers to arrive.
    keepAlive: (value, flag) => (value === 0 ? ['--no-http1-keep-alive'] : [flag, String(Number(value) * 1000)]),
    // It reads a number that begins with 0 as octal, and any other as decimal.
    socketMode: (value, flag) => [flag, `0${String(value).replace(/^0/, '')}`],
    maxRss: (value, flag) => (value === 0 ? [] : [flag, String(value)]),
    // Its workers have sockets of their own.
    dispatch: (value) => (value === 'rr' ? undefined : []),
    // It watches any kind of file, with paths of its own only those.
    reloadExtraFile: (value, flag) => (value === '' ? [] : [flag, '.', ...fileWords(value, flag)]),
    reloadEngine: byWatchfiles,
  },
  uwsgi: {
    bind: (value, flag) => splitAddresses(String(value)).flatMap((one) => [flag, one.replace(/^unix:/, '')]),
    accessLog: (value) => (value === true ? [] : ['--disable-logging']),
    reload: (value, flag) => (value === true ? [flag, '1'] : []),
    dispatch: (value, flag) => dispatchWords(value, flag),
    reloadExtraFile: (value, flag) => fileWords(value, flag),
  },
};

/** watchfiles, by which uvicorn and granian notice changes, takes this from a variable: @see reloadVariables. */
function byWatchfiles(): Words {
  return [];
}

/** The variables by which a server notices changes as `--reload-engine` says. */
export const reloadVariables = (server: AppServer, {reloadEngine}: SettingValues): Readonly<Record<string, string>> =>
  reloadEngine === 'poll' && special[server].reloadEngine === byWatchfiles ? {WATCHFILES_FORCE_POLLING: 'true'} : {};

/** uvicorn and granian listen on one address. */
function oneAddress(text: string): Words | undefined {
  const [first = '', second] = splitAddresses(text);
  const address = parseAddress(first);
  if (second !== undefined || address === undefined) return undefined;
  return 'path' in address ? ['--uds', address.path] : ['--host', address.host, '--port', String(address.port)];
}

/** granian looks up no names. */
function numericAddress(text: string): Words | undefined {
  const words = oneAddress(text)?.map((word) => (word === 'localhost' ? '127.0.0.1' : word));
  const [flag, host = ''] = words ?? [];
  return flag === '--host' && process.getBuiltinModule('node:net').isIP(host) === 0 ? undefined : words;
}

/** The least and the most that a server takes. What is beyond is brought within, with a warning. */
const ranges: {
  readonly [Server in AppServer]?: {readonly [Name in SettingName]?: readonly [least: number, most: number]};
} = {
  granian: {
    gracefulTimeout: [1, 1800],
    keepAlive: [0, 60],
    maxHeaderSize: [8192, Infinity],
    backlog: [128, Infinity],
  },
};

/** A value as far as the server takes it. */
export function within(server: AppServer, name: SettingName, value: number): number {
  const [least, most] = ranges[server]?.[name] ?? [-Infinity, Infinity];
  return Math.min(Math.max(value, least), most);
}

/** What to write instead of a setting that a server does not have. */
const instead: {readonly [Server in AppServer]?: {readonly [Name in SettingName]?: string}} = {
  uvicorn: {bind: 'uvicorn listens on one address: name one'},
  granian: {
    bind: 'granian listens on one address, without a name to look up: name one IP address and port',
    threads: 'leave it out: an ASGI application is served in an event loop',
    headersTimeout: 'leave it out: --keep-alive of granian limits both',
    forwardedAllowIps: 'wrap the application by granian.utils.proxies, and leave it out',
    accessLogFormat: "leave it out, or write granian's own: -- --access-log-fmt FORMAT",
  },
};

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

/** Whether a server has a setting at all. */
export const hasSetting = (server: AppServer, name: SettingName): boolean =>
  flagOf(server, name) !== undefined || special[server][name] !== undefined;

const fixOf = (server: AppServer, name: SettingName): Pick<UsageError, 'fix'> => {
  const fix = instead[server]?.[name];
  return fix === undefined ? {} : {fix};
};

/** A setting as words of this server; undefined if it has no equivalent. */
export function settingWords(
  server: AppServer,
  name: SettingName,
  value: string | number | boolean,
): Words | undefined {
  const flag = flagOf(server, name);
  const own = special[server][name];
  if (own !== undefined) return own(value, flag ?? '');
  if (flag === undefined) return undefined;
  if (typeof value === 'boolean') return value ? [flag] : [];
  // All of them take whole numbers only.
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
  /** Values that the server takes only in part, as warnings. */
  readonly notes: readonly string[];
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
  const notes: string[] = [];
  for (const [name] of settings) {
    const one = given.get(name);
    if (one === undefined) continue;
    const reading = readHere(name, one);
    if ('error' in reading) wrong.push(reading.error);
    else if (isRefused(server, name, one.text))
      wrong.push({
        what: `${server} has no equivalent of --${kebab(name)}${one.rank === 1 ? ` (${one.from})` : ''}`,
        fix: one.rank === 1 ? 'unset the variable' : 'leave it out',
        ...fixOf(server, name),
      });
    else {
      const {value} = reading;
      checked[name] = typeof value === 'number' ? within(server, name, value) : value;
      if (checked[name] !== value)
        notes.push(`${server} cannot have ${one.from} at ${value}: ${checked[name]} is the nearest that it takes`);
    }
  }
  const {host: _host, port: _port, ...others} = checked;
  const origin = (name: 'bind' | 'host' | 'port'): ReturnType<typeof originOf> =>
    originOf(declaration[name], given.get(name), wrong);
  const {value: bind} = bindOf({bind: origin('bind'), host: origin('host'), port: origin('port')}, given);
  // A host name can be none for the server, although a whole address is.
  if (wrong.length === 0 && bind !== undefined && settingWords(server, 'bind', bind) === undefined)
    wrong.push({what: `${server} cannot listen on ${String(bind)}`, ...fixOf(server, 'bind')});
  if (wrong.length > 0) throw usageErrorsProblem(wrong, 'entrypoint --help run');
  return {
    settings: {...others, bind},
    deprecated,
    notes,
    from: new Map([...given].map(([name, one]) => [name, one.from])),
  };
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

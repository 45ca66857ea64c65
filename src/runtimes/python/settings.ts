import {type UsageError, usageErrorsProblem} from '../../errors.ts';
import {addressText, parseAddress} from '../../server/settings/address.ts';
import {readSetting} from '../../server/settings/reader.ts';
import {declaration, flagName, type Setting, type SettingName, settings} from '../../server/settings/settings.ts';
import type {Words} from '../../shell/argv.ts';

export type AppServer = 'gunicorn' | 'uwsgi';

/** A value that was said, or that we choose. */
export type Facts = {readonly [Name in SettingName]?: string | number | boolean | undefined};

/** Where the general rule, flag and value, is not what the server expects. */
const special: {
  readonly [Server in AppServer]: {
    readonly [Name in SettingName]?: (value: string | number | boolean, flag: string) => Words | undefined;
  };
} = {
  gunicorn: {
    accessLog: (value, flag) => (value === true ? [flag, '-'] : []),
    // Its own format is that of our logger.
    accessLogFormat: (value, flag) => (value === 'json' ? [] : [flag, String(value)]),
    dispatch: (value, flag) => dispatchWords(value, flag),
  },
  uwsgi: {
    bind: (value, flag) => [flag, String(value).replace(/^unix:/, '')],
    accessLog: (value) => (value === true ? [] : ['--disable-logging']),
    reload: (value, flag) => (value === true ? [flag, '1'] : []),
    dispatch: (value, flag) => dispatchWords(value, flag),
  },
};

function dispatchWords(value: string | number | boolean, flag: string): Words | undefined {
  if (value === 'shared') return [];
  return value === 'reuseport' ? [flag] : undefined;
}

/** A setting as words of this server; undefined where it has none for that. */
export function settingWords(
  server: AppServer,
  name: SettingName,
  value: string | number | boolean,
): Words | undefined {
  const setting: Setting = declaration[name];
  const flag = setting[server];
  if (flag === undefined) return undefined;
  const own = special[server][name];
  if (own !== undefined) return own(value, flag);
  if (typeof value === 'boolean') return value ? [flag] : [];
  // Their numbers are whole ones.
  return [flag, String(typeof value === 'number' ? Math.ceil(value) : value)];
}

/** All of these settings as words, in the order of the declaration; what the server has no word for is left out. */
export function factsWords(server: AppServer, facts: Facts): Words {
  return settings.flatMap(([name]) => {
    const value = facts[name];
    return value === undefined ? [] : (settingWords(server, name, value) ?? []);
  });
}

const own: ReadonlySet<SettingName> = new Set(['workerClass', 'host', 'port']);

/**
 * What was said, within its limits and in one form, with host and port as one `bind`.
 * @throws Problem `usage` for everything that is wrong, and for what this server has no word for: it would be ignored
 */
export function checkedFacts(server: AppServer, values: Facts, direct: readonly SettingName[]): Facts {
  const errors: UsageError[] = [];
  const facts: {[Name in SettingName]?: string | number | boolean} = {};
  for (const [name, setting] of settings) {
    const given = values[name];
    if (given === undefined) continue;
    // Worker classes are those of packages and of the service, too; uWSGI has none, and one variable chooses it.
    const reading =
      name === 'workerClass' ? {value: given} : readSetting(setting, String(given), `--${flagName(name)}`);
    if ('error' in reading) errors.push(reading.error);
    else if (own.has(name) || settingWords(server, name, reading.value) !== undefined) facts[name] = reading.value;
    else if (reading.value !== (setting as Setting).defaultValue)
      errors.push({
        what: `--${flagName(name)} (${setting.env.join(', ')}) is nothing that ${server} can be told`,
        fix: 'leave it out, or unset the variable',
      });
  }
  if (errors.length > 0) throw usageErrorsProblem(errors, 'entrypoint --help run');
  const {host, port, ...others} = facts;
  return {...others, bind: bindOf({bind: facts.bind, host, port}, direct)};
}

// A --port of the command line goes before a BIND of the environment; else the whole address goes before its parts.
function bindOf({bind, host, port}: Facts, direct: readonly SettingName[]): string {
  const whole = bind === undefined ? undefined : parseAddress(String(bind));
  const parts = {
    host: String(host ?? declaration.host.defaultValue),
    port: Number(port ?? declaration.port.defaultValue),
  };
  if (whole === undefined) return addressText(parts);
  const later = (['host', 'port'] as const).filter((name) => direct.includes(name) && !direct.includes('bind'));
  const base = 'host' in whole ? whole : parts;
  return later.length === 0
    ? addressText(whole)
    : addressText({...base, ...Object.fromEntries(later.map((name) => [name, parts[name]]))});
}

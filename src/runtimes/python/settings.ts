import {type UsageError, usageErrorsProblem} from '../../errors.ts';
import {splitAddresses} from '../../server/settings/address.ts';
import {bindOf} from '../../server/settings/computed.ts';
import {givenByTask, type SettingSources, type SettingValues} from '../../server/settings/given.ts';
import {declaration, type Setting, type SettingName, settings} from '../../server/settings/settings.ts';
import {originOf, readSetting} from '../../server/settings/value.ts';
import type {Words} from '../../shell/argv.ts';
import {kebab} from '../../text/names.ts';

export type AppServer = 'gunicorn' | 'uwsgi';

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
  },
  uwsgi: {
    bind: (value, flag) => splitAddresses(String(value)).flatMap((one) => [flag, one.replace(/^unix:/, '')]),
    accessLog: (value) => (value === true ? [] : ['--disable-logging']),
    reload: (value, flag) => (value === true ? [flag, '1'] : []),
    dispatch: (value, flag) => dispatchWords(value, flag),
  },
};

function dispatchWords(value: string | number | boolean, flag: string): Words | undefined {
  if (value === 'shared') return [];
  return value === 'reuseport' ? [flag] : undefined;
}

/** A setting as words of this server; undefined if it has no equivalent. */
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

/**
 * The given settings, within their limits and in canonical form, with host and port as one `bind`.
 * @throws Problem `usage` (exit code 64) for all wrong values, and for settings without an equivalent in this server:
 * they would be ignored. `errors` are those found before.
 */
export function checkedSettings(
  server: AppServer,
  values: SettingValues,
  sources: SettingSources,
  errors: readonly UsageError[],
): SettingValues {
  const given = givenByTask(values, sources);
  const wrong: UsageError[] = [...errors];
  const checked: {[Name in SettingName]?: string | number | boolean} = {};
  for (const [name, setting] of settings) {
    const one = given.get(name);
    if (one === undefined) continue;
    // Packages and the service can bring worker classes of their own. uWSGI has none: one variable serves both.
    const reading = name === 'workerClass' ? {value: one.text} : readSetting(setting, one.text, one.subject);
    if ('error' in reading) wrong.push(reading.error);
    else if (notPassedOn.has(name) || settingWords(server, name, reading.value) !== undefined)
      checked[name] = reading.value;
    else if (reading.value !== setting.defaultValue)
      wrong.push({
        what: `${server} has no equivalent of --${kebab(name)} (${setting.env.join(', ')})`,
        fix: 'leave it out, or unset the variable',
      });
  }
  if (wrong.length > 0) throw usageErrorsProblem(wrong, 'entrypoint --help run');
  const {host: _host, port: _port, ...others} = checked;
  const origin = (name: 'bind' | 'host' | 'port'): ReturnType<typeof originOf> =>
    originOf(declaration[name], given.get(name), wrong);
  const {value: bind} = bindOf({bind: origin('bind'), host: origin('host'), port: origin('port')}, given);
  return {...others, bind};
}

import type {Words} from '../../shell/argv.ts';
import {declaration, settings} from '../../server/settings/settings.ts';
import type {Setting, SettingName} from '../../server/settings/settings.ts';

export type AppServer = 'gunicorn' | 'uwsgi';

/** A value that was said, or that we choose. */
export type Facts = {readonly [Name in SettingName]?: string | number | boolean | undefined};

/** Where the general rule, flag and value, is not what the server expects. */
const special: {readonly [Server in AppServer]: {readonly [Name in SettingName]?: (value: string | number | boolean, flag: string) => Words | undefined}} = {
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
export function settingWords(server: AppServer, name: SettingName, value: string | number | boolean): Words | undefined {
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
    return value === undefined ? [] : settingWords(server, name, value) ?? [];
  });
}

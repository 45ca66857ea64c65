import {type SettingName, settings as declared} from '../../../server/settings/declaration.ts';
import type {SettingValues} from '../../../server/settings/given.ts';
import {kebab} from '../../../text/names.ts';
import {table} from '../../../text/table.ts';
import type {PrintedSettings} from '../../serve.ts';
import type {Application} from './application.ts';
import type {ChosenServer} from './choice.ts';
import {usualAddress} from './debugger.ts';
import type {Interface} from './granian.ts';
import {type OwnServer, ownName} from './own.ts';
import {logNames} from './servers.ts';
import {type AppServer, hasSetting} from './settings.ts';

/** Everything that `--print-config` shows. */
export interface PrintOptions {
  readonly server: ChosenServer;
  readonly application: Pick<Application, 'module' | 'from'>;
  /** How granian calls it. */
  readonly called?: Pick<Interface, 'name' | 'from'> | undefined;
  readonly settings: SettingValues;
  /** Where those that were given come from. */
  readonly from: ReadonlyMap<SettingName, string>;
  readonly own: OwnServer['sets'];
}

interface Row {
  readonly value: unknown;
  readonly from: string;
}

/** `--print-config` of a Python service: each setting, its value and where it comes from. */
export function printedSettings({server, application, called, settings, from, own}: PrintOptions): PrintedSettings {
  const {appServer} = server;
  const rows: Record<string, Row> = {
    server: {value: appServer, from: server.from},
    module: {value: application.module, from: application.from},
    ...(called === undefined ? {} : {interface: {value: called.name, from: called.from}}),
    log: logOf(appServer, own),
  };
  if (settings.inspect === true)
    rows['inspect'] = {value: settings.inspectBind ?? usualAddress, from: from.get('inspect') ?? 'default'};
  for (const [name] of declared) {
    if (!hasSetting(appServer, name)) continue;
    const key = ownName(appServer, name) ?? '';
    const origin = name === 'bind' ? (from.get('bind') ?? from.get('port') ?? from.get('host')) : from.get(name);
    const inFile = own.get(key);
    if (origin !== undefined)
      rows[kebab(name)] = {
        value: settings[name],
        from: inFile === undefined ? origin : `${origin}, which overrides ${inFile.from}`,
      };
    else if (inFile !== undefined) rows[kebab(name)] = {value: inFile.value ?? '(computed)', from: inFile.from};
    else if (settings[name] !== undefined) rows[kebab(name)] = {value: settings[name], from: 'default'};
    else rows[kebab(name)] = {value: '', from: `default of ${appServer}`};
  }
  const lines = Object.entries(rows).map(([name, row]) => [name, String(row.value), row.from]);
  return {text: table([['setting', 'value', 'from'], ...lines]).join('\n'), settings: rows};
}

/** Whose log it is: what the service's own files configure stays as it is. */
function logOf(appServer: AppServer, own: OwnServer['sets']): Row {
  const [found] = logNames[appServer].flatMap((name) => own.get(name) ?? []);
  return found === undefined
    ? {value: 'lines of entrypoint_log', from: 'default'}
    : {value: "the service's own", from: found.from};
}

import type {Option} from '../../option.ts';
import {declaration, type SettingName, settings} from './declaration.ts';
import {defaultTextOf, valueNameOf} from './flag.ts';
import type {Setting} from './settings.ts';

type OptionOf<S extends Setting> = S['kind'] extends 'number'
  ? Option<number | undefined>
  : S['kind'] extends 'boolean'
    ? Option<boolean | undefined>
    : S extends {readonly list: true}
      ? Option<readonly string[] | undefined>
      : Option<string | undefined>;

// Where `run` decides otherwise than the server alone.
const defaultTexts: {readonly [Name in SettingName]?: string} = {
  reload: 'on (off in images)',
  workerClass: 'async (Python: sync)',
};

/**
 * The settings as options of the task `run`. None has a default value: the server that serves, Node's or Python's,
 * decides what was not given.
 */
export const serverOptions = Object.fromEntries(settings.map(([name, setting]) => [name, optionOf(name, setting)])) as {
  readonly [Name in SettingName]: OptionOf<(typeof declaration)[Name]>;
};

function optionOf(name: SettingName, setting: Setting): Option<unknown> {
  const {kind, env = [], help, list} = setting;
  return {
    // A choice is a text here: Python has the worker classes of packages and of the service as well.
    kind: list === true ? 'list' : kind === 'number' || kind === 'boolean' ? kind : 'string',
    help,
    defaultValue: undefined,
    defaultText: defaultTexts[name] ?? defaultTextOf(setting),
    env,
    valueName: valueNameOf(setting),
  };
}

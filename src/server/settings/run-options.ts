import type {Option} from '../../option.ts';
import {declaration, type Setting, type SettingName, settings} from './settings.ts';
import {defaultText} from './text.ts';

type OptionOf<S extends Setting> = S['kind'] extends 'number'
  ? Option<number | undefined>
  : S['kind'] extends 'boolean'
    ? Option<boolean | undefined>
    : Option<string | undefined>;

/**
 * The settings as options of the task `run`. None has a value of its own: what nobody says is decided by the server
 * that serves, Node's or Python's.
 */
export const serverOptions = Object.fromEntries(settings.map(([name, setting]) => [name, optionOf(setting)])) as {
  readonly [Name in SettingName]: OptionOf<(typeof declaration)[Name]>;
};

function optionOf(setting: Setting): Option<unknown> {
  const {kind, env, help} = setting;
  // A text where the server decides what counts: Python has worker classes of packages and of the service.
  return {
    kind: kind === 'number' || kind === 'boolean' ? kind : 'string',
    defaultValue: undefined,
    defaultText: defaultText(setting),
    env,
    help,
  };
}

import {readVariable} from '../../option.ts';
import {variablesOf} from './reader.ts';
import {serverOptions} from './run-options.ts';
import {declaration, type SettingName, settings} from './settings.ts';

/** Values of the options of `run`: undefined where nobody said anything. */
export type RunValues = {readonly [Name in SettingName]?: string | number | boolean | undefined};

/**
 * Which settings come from the command line, or from code that calls the task, and not from variables?
 * The two have different ranks, with APP_SERVER_CMD_ARGS between them.
 */
export function saidDirectly(
  values: RunValues,
  flags: ReadonlySet<string> | undefined,
  env: Readonly<Record<string, string | undefined>>,
): readonly SettingName[] {
  return settings
    .map(([name]) => name)
    .filter((name) => {
      const value = values[name];
      if (value === undefined || flags?.has(name) === true) return value !== undefined;
      const reading = readVariable(serverOptions[name], variablesOf(name, declaration[name]), env);
      return reading === undefined || !('value' in reading) || reading.value !== value;
    });
}

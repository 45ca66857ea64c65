import {type ConfigResult, showConfiguration} from '../../config/service/index.ts';
import {option} from '../../option.ts';
import {task} from '../../task.ts';

/** Shows what a service needs and what it has; validates, writes, compares and explains its variables. */
export const config = task(
  'Show the variables that the service needs, what it has, and from where',
  {
    environment: option.string('show what a deploy to this environment passes; with --diff, the second one', {
      positional: true,
      defaultText: 'the variables of this shell',
      valueName: 'ENVIRONMENT',
    }),
    check: option.string('validate what a deploy to this environment passes; fail if the service would not start', {
      valueName: 'ENVIRONMENT',
    }),
    format: option.choice('write the declaration in this format', {
      choices: ['env', 'markdown', 'json-schema', 'kubernetes', 'dotenv-schema'],
    }),
    diff: option.string('compare this environment with ENVIRONMENT, without showing a value that can be a secret', {
      valueName: 'ENVIRONMENT',
    }),
    explain: option.string('explain one variable: its form, who uses it, where it is set and named', {
      valueName: 'NAME',
    }),
  },
  async (context, options): Promise<ConfigResult> => {
    const shown = await showConfiguration(context, options);
    context.say(shown.text);
    return shown;
  },
);

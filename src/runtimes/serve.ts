import {option, type Sources, type Values} from '../option.ts';
import {deprecationText} from '../server/settings/deprecated.ts';
import type {DeprecatedVariable} from '../server/settings/given.ts';
import {serverOptions} from '../server/settings/run-options.ts';
import type {Command} from '../shell/argv.ts';
import type {Context} from '../task.ts';

/** The options of the task `run`, for every runtime. */
export const serveOptions = {
  module: option.string('file that exports the handler (Python: package.module:variable)', {
    defaultText: 'what the start script or `main` of package.json names (Python: what pyproject.toml names, or app.py)',
    valueName: 'MODULE',
  }),
  ...serverOptions,
  appServer: option.choice('Python: the server that runs the service', {
    choices: ['gunicorn', 'uvicorn', 'uwsgi', 'granian'],
    defaultText: 'what the Procfile names, else what is installed',
  }),
  checkConfig: option.boolean('check the settings and load the module, but do not serve'),
  printConfig: option.boolean('print every setting with its value and its origin'),
} as const;

/** Values of the task `run`. Undefined: the runtime's own default. */
export type ServeValues = Partial<Values<typeof serveOptions>>;

/** Where they come from. Default: code that calls the task. */
export type ServeSources = Partial<Sources<typeof serveOptions>>;

/** Settings to print instead of serving. */
export interface PrintedSettings {
  readonly text: string;
  /** For `--json`. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A warning to print first. */
interface WithWarning {
  readonly warning?: string | undefined;
}

/**
 * How a runtime serves: the command that the process becomes, or, with `--print-config`, the settings to print.
 * @throws Problem `usage` (exit code 64) for wrong settings, `no_server_module` (65), or `no_server` (69)
 */
export type Serve = (
  context: Pick<Context, 'cwd' | 'env' | 'rest'>,
  values: ServeValues,
  sources: ServeSources,
) => (Command | PrintedSettings) & WithWarning;

/**
 * Variables of the service's own start line that fill gaps: what the environment has already is stronger, the port is the
 * server's, and what refers to other variables needs a shell.
 */
export const gaps = (
  own: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(own).filter(([name, value]) => name !== 'PORT' && env[name] === undefined && !value.includes('$')),
  );

/** The warning for deprecated variables, as text; undefined for none. */
export function warningText(deprecated: readonly DeprecatedVariable[]): string | undefined {
  const text = deprecationText(deprecated);
  return text && `${text.message}\nfix: ${text.fix}`;
}

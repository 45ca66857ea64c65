import {kebab} from '../../text/names.ts';
import {table} from '../../text/table.ts';
import {declaration, type SettingName, settings} from './declaration.ts';
import {defaultTextOf, valueNameOf, variablesOf} from './flag.ts';
import type {Reading} from './reader.ts';
import type {Setting} from './settings.ts';
import type {Origin} from './value.ts';

/** `--help` of the server. */
export function helpText(): string {
  const rows = settings.flatMap(([name, setting]) => [
    [formOf(name, setting), setting.help],
    ['', `default: ${defaultTextOf(setting)}; environment: ${variablesOf(name, setting).join(', ')}`],
  ]);
  return [
    'usage: node serve.js FILE [FLAGS] [-- SERVICE ARGUMENTS]',
    '',
    'Serves the default export of FILE: a fetch handler, a (request, response) listener, an http.Server that does not',
    'listen yet, or an express, fastify, hono or koa app. FILE can come from ENTRYPOINT_RUN_MODULE.',
    'Flags override APP_SERVER_CMD_ARGS (a line of flags), which overrides single variables.',
    '',
    'signals: TERM drains and exits; INT, QUIT exit at once; HUP reloads the service, one worker at a time;',
    '         TTIN, TTOU add and remove a worker; USR1 flushes the access log; WINCH stops the workers',
    '',
    ...table(
      [
        ['--check-config', 'check the settings, load the module and exit: 0, 3, 64 or 65'],
        ['--print-config', 'print every setting with its value and its origin'],
        ...rows,
      ],
      {indent: 2, width: 120},
    ),
    '',
  ].join('\n');
}

/** `--print-config`: one line per setting. `moduleFrom` says where the module is named. */
export function configText(
  {origins, module}: Pick<Reading, 'origins' | 'module'>,
  moduleFrom = 'command line',
): string {
  const rows = Object.entries(origins).map(([name, origin]) => [
    kebab(name),
    originText(name as SettingName, origin),
    origin.from,
  ]);
  return `${table([['setting', 'value', 'from'], ['module', module ?? '', moduleFrom], ...rows]).join('\n')}\n`;
}

function originText(name: SettingName, {value}: Origin): string {
  if (value === undefined) return declaration[name].kind === 'address' ? 'off' : '';
  return value === '' ? '(empty)' : String(value);
}

/** The table of docs/server.md. */
export function manualTable(): string {
  const rows = settings.map(
    ([name, setting]) =>
      `| \`--${kebab(name)}\` | \`${variablesOf(name, setting).at(-1)}\` | ${defaultTextOf(setting)} | ${setting.help.replaceAll('|', '\\|')} |`,
  );
  return ['| flag | variable | default | |', '|---|---|---|---|', ...rows, ''].join('\n');
}

function formOf(name: SettingName, setting: Setting): string {
  const value = valueNameOf(setting);
  const flag =
    value !== undefined
      ? `--${kebab(name)}=${value}`
      : `--${setting.defaultValue === false ? '' : '[no-]'}${kebab(name)}`;
  return setting.short === undefined ? flag : `-${setting.short}, ${flag}`;
}

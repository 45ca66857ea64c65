import type {Origin, Reading} from './reader.ts';
import {declaration, flagName, type Setting, type SettingName, settings} from './settings.ts';

/** `--help` of the server. */
export function helpText(): string {
  const rows = settings.flatMap(([name, setting]) => [
    [formOf(name, setting), setting.help],
    ['', `default: ${defaultText(setting)}; environment: ${setting.env.join(', ')}`],
  ]);
  return [
    'usage: node serve.js FILE [FLAGS] [-- WORDS OF THE SERVICE]',
    '',
    'Serves what the default export of FILE is: a fetch handler, a (request, response) listener, an http.Server that',
    'does not listen yet, or an express, fastify, hono or koa app. FILE may come from APP_MODULE. Flags go before',
    'APP_SERVER_CMD_ARGS (a line of flags), which goes before single variables.',
    '',
    'signals: TERM drains and ends; INT, QUIT end at once; HUP loads the service anew, one worker at a time;',
    '         TTIN, TTOU one worker more, one less; USR1 writes out what is buffered; WINCH stops the workers',
    '',
    ...columns([
      ['--check-config', 'load the module and look at the settings, listen nowhere: exit code 0, 3, 64 or 65'],
      ['--print-config', 'every setting, its value and where that comes from'],
      ...rows,
    ]),
    '',
  ].join('\n');
}

/** `--print-config`: one line a setting. */
export function configText({origins, module}: Pick<Reading, 'origins' | 'module'>): string {
  const rows = Object.entries(origins).map(([name, origin]) => [
    flagName(name),
    originText(name as SettingName, origin),
    origin.from,
  ]);
  return `${columns(
    [['setting', 'value', 'from'], ['module', module ?? '', 'command line'], ...rows].map(
      (row) => row as [string, string, string],
    ),
  )
    .map((line) => line.trim())
    .join('\n')}\n`;
}

function originText(name: SettingName, {value}: Origin): string {
  if (value === undefined) return declaration[name].kind === 'address' ? 'off' : '';
  return value === '' ? '(empty)' : String(value);
}

/** The manual's table, for docs/server.md. */
export function manualTable(): string {
  const rows = settings.map(
    ([name, setting]) =>
      `| \`--${flagName(name)}\` | \`${setting.env[0]}\` | ${defaultText(setting)} | ${setting.help.replaceAll('|', '\\|')} |`,
  );
  return ['| flag | variable | default | |', '|---|---|---|---|', ...rows, ''].join('\n');
}

/** A setting as a word of the command line. */
export function flagText(name: SettingName, value: Origin['value']): string {
  const {kind} = declaration[name];
  if (kind === 'boolean') return value === true ? `--${flagName(name)}` : `--no-${flagName(name)}`;
  return `--${flagName(name)}=${String(value)}`;
}

export function defaultText({kind, defaultValue, defaultText: told}: Setting): string {
  if (told !== undefined) return told;
  if (kind === 'boolean') return defaultValue === true ? 'on' : 'off';
  if (kind === 'bytes') return bytesText(Number(defaultValue));
  return String(defaultValue);
}

function bytesText(bytes: number): string {
  if (bytes > 0 && bytes % 1024 ** 2 === 0) return `${bytes / 1024 ** 2}m`;
  return bytes > 0 && bytes % 1024 === 0 ? `${bytes / 1024}k` : String(bytes);
}

function formOf(name: SettingName, setting: Setting): string {
  const {kind, choices, short} = setting;
  const flag =
    kind === 'boolean'
      ? `--${setting.defaultValue === true ? 'no-' : ''}${flagName(name)}`
      : `--${flagName(name)}=${choices?.join('|') ?? {number: 'NUMBER', bytes: 'BYTES', address: 'ADDRESS', text: 'TEXT', format: 'FORMAT', choice: ''}[kind]}`;
  return short === undefined ? flag : `-${short}, ${flag}`;
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows.reduce<number[]>(
    (found, row) => row.map((cell, index) => Math.max(found[index] ?? 0, cell.length)),
    [],
  );
  return rows.map((row) => `  ${row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('   ')}`.trimEnd());
}

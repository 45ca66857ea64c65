import {kebab, variableOf} from '../../text/names.ts';
import {declaration, type SettingName} from './declaration.ts';
import type {Setting} from './settings.ts';

/** A setting as a word of the command line: `--workers=2`, `--no-reload`. */
export function flagText(name: SettingName, value: string | number | boolean | undefined): string {
  const {kind} = declaration[name];
  if (kind === 'boolean') return value === true ? `--${kebab(name)}` : `--no-${kebab(name)}`;
  return `--${kebab(name)}=${String(value)}`;
}

const valueNames = {
  number: 'NUMBER',
  bytes: 'BYTES',
  address: 'ADDRESS',
  text: 'TEXT',
  networks: 'LIST',
  format: 'FORMAT',
  choice: 'TEXT',
  host: 'HOST',
  mode: 'MODE',
  owner: 'USER:GROUP',
  boolean: undefined,
} as const;

/** Name of the value of a setting in usage lines; undefined for a switch. */
export function valueNameOf({kind, choices}: Pick<Setting, 'kind' | 'choices'>): string | undefined {
  return choices?.join('|') ?? valueNames[kind];
}

/** The variables that set it: that of the task `run` overrides the others. */
export function variablesOf(name: string, {env = []}: Pick<Setting, 'env'>): readonly string[] {
  return [variableOf('run', name), ...env];
}

/** The default as the help and the manual show it. */
export function defaultTextOf({kind, defaultValue, defaultText}: Setting): string {
  if (defaultText !== undefined) return defaultText;
  if (kind === 'boolean') return defaultValue === true ? 'on' : 'off';
  if (kind === 'bytes') return bytesText(Number(defaultValue));
  return String(defaultValue);
}

function bytesText(bytes: number): string {
  if (bytes > 0 && bytes % 1024 ** 2 === 0) return `${bytes / 1024 ** 2}m`;
  return bytes > 0 && bytes % 1024 === 0 ? `${bytes / 1024}k` : String(bytes);
}

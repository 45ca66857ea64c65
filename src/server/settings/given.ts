import {existsSync} from 'node:fs';
import {resolve} from 'node:path';
import type {UsageError} from '../../errors.ts';
import {setVariable, type Source} from '../../option.ts';
import {splitWords, type Words} from '../../shell/argv.ts';
import {kebab, variableOf} from '../../text/names.ts';
import {nearest} from '../../text/nearest.ts';
import {scan, type ScannableFlag, wordsBehindDashes} from '../../text/scan.ts';
import {declaration, type SettingName, settings} from './declaration.ts';
import {valueNameOf, variablesOf} from './flag.ts';
import type {Setting} from './settings.ts';

/** A setting as it was given, and where. */
export interface Given {
  readonly text: string;
  /** Its name in messages: `--workers`, `the environment variable PORT`. */
  readonly subject: string;
  /** How `--print-config` names its origin: `--workers`, `PORT`, `APP_SERVER_CMD_ARGS`. */
  readonly from: string;
  /**
   * 3: command line or code; 2: APP_SERVER_CMD_ARGS; 1: a single variable; 0: the service's own start script. The highest
   * rank wins.
   */
  readonly rank: 0 | 1 | 2 | 3;
  /** Set if it comes from a short name, @see withoutForeign. */
  readonly deprecated?: DeprecatedVariable | undefined;
}

export type GivenSettings = ReadonlyMap<SettingName, Given>;

/** Values of the task `run`. */
export type SettingValues = {
  readonly [Name in SettingName]?: string | number | boolean | readonly string[] | undefined;
};

/** Their sources. Default: code that calls the task. */
export type SettingSources = {readonly [Name in SettingName]?: Source | undefined};

export type Mode = 'serve' | 'check-config' | 'print-config' | 'help';

const modes: readonly Mode[] = ['check-config', 'print-config', 'help'];
const commandLineVariable = 'APP_SERVER_CMD_ARGS';

/** A variable without the prefix that would change the server. */
export interface DeprecatedVariable {
  readonly name: string;
  readonly replacement: string;
  /** Why it has no effect; undefined if it has one. */
  readonly ignored?: string | undefined;
}

/** A setting's short name, or one of `run`'s other two, if it is set. */
export function deprecatedVariable(
  name: string | undefined,
  option: string,
  env: Readonly<Record<string, string | undefined>>,
): {readonly text: string; readonly variable: DeprecatedVariable} | undefined {
  const text = name === undefined ? '' : (env[name] ?? '');
  if (name === undefined || text === '') return undefined;
  return {text, variable: {name, replacement: variableOf('run', option)}};
}

/** The settings whose variables are set and not empty; those of deprecated short names are marked. */
export function givenByVariables(env: Readonly<Record<string, string | undefined>>): GivenSettings {
  const given = new Map<SettingName, Given>();
  for (const [name, setting] of settings) {
    const variable = setVariable(variablesOf(name, setting), env);
    if (variable !== undefined) given.set(name, fromVariable(variable));
    const short = variable === undefined ? deprecatedVariable(setting.deprecatedEnv, name, env) : undefined;
    if (short !== undefined)
      given.set(name, {...fromVariable({name: short.variable.name, text: short.text}), deprecated: short.variable});
  }
  return given;
}

/** The module that a variable names. */
export interface NamedModule {
  /** Undefined if the variable has no effect. */
  readonly text: string | undefined;
  /** Name of the variable. */
  readonly from: string;
  /** Set if it is the short name. */
  readonly variable?: DeprecatedVariable | undefined;
}

/**
 * The module that a variable names: ENTRYPOINT_RUN_MODULE, or APP_MODULE, which has other meanings as well.
 * @param ignored why the text of APP_MODULE cannot be a module, if so
 */
export function moduleByVariable(
  env: Readonly<Record<string, string | undefined>>,
  ignored: (text: string) => string | undefined = () => undefined,
): NamedModule | undefined {
  const set = setVariable([variableOf('run', 'module')], env);
  if (set !== undefined) return {text: set.text, from: set.name};
  const short = deprecatedVariable('APP_MODULE', 'module', env);
  if (short === undefined) return undefined;
  const variable = {...short.variable, ignored: ignored(short.text)};
  return {text: variable.ignored === undefined ? short.text : undefined, from: variable.name, variable};
}

/** What APP_MODULE names is not a file: other programs' modules look like `app.main:app`. */
export const noSuchFile =
  (cwd: string) =>
  (text: string): string | undefined =>
    existsSync(resolve(cwd, text)) ? undefined : 'no such file';

/** The values of the task `run`, ranked by their sources. */
export function givenByTask(values: SettingValues, sources: SettingSources): GivenSettings {
  const given = new Map<SettingName, Given>();
  for (const [name] of settings) {
    const value = values[name];
    const source = sources[name] ?? {from: 'call'};
    if (value === undefined || source.from === 'default') continue;
    const [text, flag] = [String(value), `--${kebab(name)}`];
    given.set(
      name,
      source.from === 'variable' ? fromVariable({name: source.name, text}) : {text, subject: flag, from: flag, rank: 3},
    );
  }
  return given;
}

/** A setting that the service's own files have, such as the port of its start script. */
export interface OwnSetting {
  readonly name: SettingName;
  readonly text: string;
  /** Where: `start` of package.json. */
  readonly from: string;
}

/** What the service's own files set. Everything else is stronger. */
export function givenByService(own: readonly OwnSetting[]): GivenSettings {
  return new Map(own.map(({name, text, from}) => [name, {text, subject: `the ${name} in ${from}`, from, rank: 0}]));
}

function fromVariable({name, text}: {readonly name: string; readonly text: string}): Given {
  return {text, subject: `the environment variable ${name}`, from: name, rank: 1};
}

/** The words of APP_SERVER_CMD_ARGS, split as a shell splits them. */
export function commandLineWords(env: Readonly<Record<string, string | undefined>>): {
  readonly words: Words;
  readonly errors: readonly UsageError[];
} {
  const words = splitWords(env[commandLineVariable] ?? '');
  if (words !== undefined) return {words, errors: []};
  const fix = 'close it, or put a backslash before the quote';
  return {words: [], errors: [{what: `${commandLineVariable} has an unterminated quote`, fix}]};
}

export interface GivenWords {
  readonly given: GivenSettings;
  /** Positional arguments: the module. */
  readonly words: Words;
  readonly mode: Mode;
  /** Arguments after `--`, for the service itself. */
  readonly args: Words;
  readonly errors: readonly UsageError[];
}

interface ServerFlag extends ScannableFlag {
  readonly name: SettingName | Mode;
}

/** Reads the server's flags from words of the command line, or of APP_SERVER_CMD_ARGS (rank 2). */
export function givenByWords(all: Words, rank: 2 | 3): GivenWords {
  const given = new Map<SettingName, Given>();
  const errors: UsageError[] = [];
  const words: string[] = [];
  let mode: Mode = 'serve';
  for (const token of scan(all, findFlag)) {
    if (token.type === 'word') {
      if (!token.afterUnknownFlag) words.push(token.text);
      continue;
    }
    const {written} = token;
    const subject = rank === 2 ? `${written} in ${commandLineVariable}` : written;
    if (token.type === 'unknown') errors.push({what: `${subject} is not a flag of the server`, ...meantBy(written)});
    else if (token.type === 'wrong') errors.push({what: `${subject} ${token.wrong}`, fix: token.fix});
    else if (isMode(token.flag.name)) mode = token.value === 'true' ? token.flag.name : mode;
    else
      given.set(token.flag.name, {
        text: joined(token.flag.name, given.get(token.flag.name)?.text, token.value),
        subject,
        from: rank === 2 ? commandLineVariable : written,
        rank,
      });
  }
  return {given, words, mode, args: wordsBehindDashes(all), errors};
}

/** A list grows with each flag; of any other setting, the last value counts. */
function joined(name: SettingName, before: string | undefined, text: string): string {
  const {list}: Setting = declaration[name];
  return list === true && before !== undefined ? `${before},${text}` : text;
}

/** For each setting, the value with the highest rank; among equal ranks, the last one. */
export function strongest(...all: readonly GivenSettings[]): GivenSettings {
  const found = new Map<SettingName, Given>();
  for (const given of all)
    for (const [name, one] of given) if (one.rank >= (found.get(name)?.rank ?? 0)) found.set(name, one);
  return found;
}

function findFlag(flag: string, length: 'long' | 'short'): ServerFlag | undefined {
  const mode = length === 'long' ? modes.find((name) => name === flag) : undefined;
  if (mode !== undefined) return {name: mode};
  const found = settings.find(([name, {short, alias}]) =>
    length === 'short' ? short === flag : kebab(name) === flag || alias === flag,
  );
  return found && {name: found[0], value: valueNameOf(found[1])};
}

function isMode(name: SettingName | Mode): name is Mode {
  return (modes as readonly string[]).includes(name);
}

function meantBy(written: string): Pick<UsageError, 'meant' | 'fix'> {
  const near = written.startsWith('--')
    ? nearest(written.slice(2), [...settings.map(([name]) => kebab(name)), ...modes])
    : undefined;
  return near === undefined ? {fix: '--help lists them'} : {meant: `--${near}`};
}

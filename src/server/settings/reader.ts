import {resolve} from 'node:path';
import type {UsageError} from '../../errors.ts';
import {readValue} from '../../option.ts';
import {splitWords} from '../../shell/argv.ts';
import {nearest} from '../../text/nearest.ts';
import {addressText, parseAddress} from './address.ts';
import {type Machine, nodeWorkerCount} from './limits.ts';
import {flagName, type Setting, type SettingName, settings, type Settings} from './settings.ts';

/** What is read: nothing else decides. */
export interface Sources {
  /** Words of the command line: the module, flags, and behind `--` the service's own words. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly machine: Machine;
  /** What else is taken than the declaration's own defaults. */
  readonly defaults?: Partial<Readonly<Record<SettingName, number | boolean | string>>>;
}

export type Mode = 'serve' | 'check-config' | 'print-config' | 'help';

/** A value and where it came from: `--workers`, `WEB_CONCURRENCY`, `APP_SERVER_CMD_ARGS`, or why it is so by itself. */
export interface Origin {
  readonly value: number | boolean | string | undefined;
  readonly from: string;
  /** Did somebody say it? */
  readonly said: boolean;
}

export interface Reading {
  readonly mode: Mode;
  /** Undefined where there are errors. */
  readonly settings: Settings | undefined;
  readonly origins: Readonly<Record<SettingName, Origin>>;
  /** The module as it was written. */
  readonly module: string | undefined;
  /** All of them at once. */
  readonly errors: readonly UsageError[];
}

interface Given {
  readonly text: string;
  /** What the user wrote it behind, for messages. */
  readonly subject: string;
  readonly from: string;
  /** A command line goes before APP_SERVER_CMD_ARGS, and that before single variables. */
  readonly rank: 1 | 2 | 3;
}

const modes: readonly string[] = ['check-config', 'print-config', 'help'];
const wordsVariable = 'APP_SERVER_CMD_ARGS';

/**
 * Reads the settings as gunicorn does: the command line goes before APP_SERVER_CMD_ARGS, which goes before single
 * variables, which go before the defaults. Never throws: errors are collected.
 */
export function readSettings({argv, env, cwd, machine, defaults = {}}: Sources): Reading {
  const errors: UsageError[] = [];
  const given = new Map<SettingName, Given>();
  for (const [name, setting] of settings) {
    const variable = variablesOf(name, setting).find((candidate) => (env[candidate] ?? '') !== '');
    if (variable !== undefined)
      given.set(name, {
        text: env[variable] ?? '',
        subject: `the environment variable ${variable}`,
        from: variable,
        rank: 1,
      });
  }
  const more = splitWords(env[wordsVariable] ?? '');
  if (more === undefined)
    errors.push({
      what: `${wordsVariable} has a quotation that is not closed`,
      fix: 'close it, or put a backslash before the quote',
    });
  const before = readWords(more ?? [], given, errors, 2);
  const {
    words: [module, ...superfluous],
    mode,
    args,
  } = readWords(argv, given, errors, 3);
  // Behind an unknown flag, a word may be its value: one mistake is not told twice.
  const clear = errors.length === 0;
  for (const word of clear ? [...superfluous, ...before.words] : [])
    errors.push({
      what: `${word} is one word too many: one module is served`,
      fix: `words for the service itself stand behind --`,
    });
  const values: Partial<Record<SettingName, Origin>> = {};
  for (const [name, setting] of settings)
    values[name] = valueOf(
      {...setting, defaultValue: defaults[name] ?? setting.defaultValue} as Setting,
      given.get(name),
      errors,
    );
  const origins = computed(values as Record<SettingName, Origin>, given, machine);
  const file = module ?? (env['APP_MODULE'] || undefined);
  if (file === undefined && mode !== 'help')
    errors.push({what: 'there is no module to serve', fix: 'name its file: serve FILE, or APP_MODULE'});
  return {
    mode,
    origins,
    errors,
    module: file,
    settings:
      errors.length > 0 || file === undefined
        ? undefined
        : settingsOf(origins, resolve(cwd, file), [...before.args, ...args]),
  };
}

/** The variables that set it, in their order: the task's own one goes first. */
export function variablesOf(name: string, {env}: Pick<Setting, 'env'>): readonly string[] {
  return [`ENTRYPOINT_RUN_${flagName(name).replaceAll('-', '_').toUpperCase()}`, ...env];
}

function readWords(
  all: readonly string[],
  given: Map<SettingName, Given>,
  errors: UsageError[],
  rank: 2 | 3,
): {words: string[]; mode: Mode; args: readonly string[]} {
  const end = all.includes('--') ? all.indexOf('--') : all.length;
  const words: string[] = [];
  let mode: Mode = 'serve';
  for (let at = 0; at < end; at += 1) {
    const word = all[at] ?? '';
    if (!/^-./.test(word)) {
      words.push(word);
      continue;
    }
    const flag = flagOf(word);
    const where = rank === 2 ? `${flag.written} in ${wordsVariable}` : flag.written;
    const found = findSetting(flag.name);
    if (modes.includes(flag.name)) mode = flag.name as Mode;
    else if (found === undefined) errors.push({what: `${where} is not a flag of the server`, ...meantBy(flag.name)});
    else {
      const boolean = found.setting.kind === 'boolean';
      let text = flag.value ?? (boolean ? String(!found.negated) : undefined);
      if (text === undefined && at + 1 < end) text = all[(at += 1)];
      if (text === undefined) errors.push({what: `${where} needs a value`, fix: `write ${flag.written}=VALUE`});
      else given.set(found.name, {text, subject: where, from: rank === 2 ? wordsVariable : flag.written, rank});
    }
  }
  return {words, mode, args: all.slice(end + 1)};
}

function flagOf(word: string): {written: string; name: string; value: string | undefined} {
  if (word.startsWith('--')) {
    const [written = '', ...value] = word.split('=');
    return {
      written,
      name: written.slice(2).replaceAll('_', '-'),
      value: value.length === 0 ? undefined : value.join('='),
    };
  }
  return {written: word.slice(0, 2), name: word.slice(1, 2), value: word.length > 2 ? word.slice(2) : undefined};
}

function findSetting(flag: string): {name: SettingName; setting: Setting; negated: boolean} | undefined {
  for (const [name, setting] of settings) {
    if ([flagName(name), setting.short, setting.alias].includes(flag)) return {name, setting, negated: false};
    if (setting.kind === 'boolean' && flag === `no-${flagName(name)}`) return {name, setting, negated: true};
  }
  return undefined;
}

function meantBy(name: string): Pick<UsageError, 'meant' | 'fix'> {
  const near = name.length < 2 ? undefined : nearest(name, [...settings.map(([known]) => flagName(known)), ...modes]);
  return near === undefined ? {fix: '--help lists them'} : {meant: `--${near}`};
}

function valueOf(setting: Setting, given: Given | undefined, errors: UsageError[]): Origin {
  if (given === undefined) return {value: setting.defaultValue, from: 'default', said: false};
  const reading = readSetting(setting, given.text, given.subject);
  if ('error' in reading) errors.push(reading.error);
  return {value: 'value' in reading ? reading.value : undefined, from: given.from, said: true};
}

type Value = {readonly value: number | boolean | string} | {readonly error: UsageError};

// https://docs.gunicorn.org/en/stable/settings.html#access-log-format
const atomName = /^(?:[hlutrmUqHsBbfaTDMLp]|\{[^}]+\}[ioe])$/;
const units: Readonly<Record<string, number>> = {'': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3};

/** One value from its text, within its limits; `subject` is what it was written behind. */
export function readSetting(setting: Setting, text: string, subject: string): Value {
  const wrong = (must: string): Value => ({
    error: {what: `${subject} is ${text === '' ? 'empty' : `'${text}'`}, and must be ${must}`, fix: setting.help},
  });
  if (setting.kind === 'address') {
    const address = parseAddress(text);
    return address === undefined
      ? wrong('an address such as 0.0.0.0:3000 or unix:/run/app.sock')
      : {value: addressText(address)};
  }
  if (setting.kind === 'format') {
    const unknown = [...text.matchAll(/%\(([^)]*)\)s/g)].find(([, name = '']) => !atomName.test(name));
    return unknown === undefined ? {value: text} : wrong(`json or made of gunicorn's atoms, and ${unknown[0]} is none`);
  }
  if (setting.kind === 'bytes' || setting.kind === 'number') {
    const [, digits = '', unit = ''] =
      (setting.kind === 'bytes'
        ? /^(\d+)([kmg]?)$/i
        : setting.fraction === true
          ? /^(\d+\.?\d*|\.\d+)$/
          : /^(\d+)$/
      ).exec(text) ?? [];
    const value =
      digits === '' ? NaN : Number(digits) * (setting.kind === 'bytes' ? (units[unit.toLowerCase()] ?? NaN) : 1);
    return value >= (setting.min ?? 0) && value <= (setting.max ?? Infinity) ? {value} : wrong(numberText(setting));
  }
  const reading = readValue(
    {
      kind: setting.kind === 'text' ? 'string' : setting.kind,
      defaultValue: undefined,
      help: '',
      ...(setting.choices === undefined ? {} : {choices: setting.choices}),
    },
    [text],
    subject,
  );
  return reading as Value;
}

function numberText({kind, min = 0, max = Infinity, fraction}: Setting): string {
  const what =
    kind === 'bytes' ? 'a number of bytes (16384, 16k, 10m, 1g)' : fraction === true ? 'a number' : 'a whole number';
  return max === Infinity ? `${what} of at least ${min}` : `${what} from ${min} to ${max}`;
}

/** What follows from other settings and from the machine. */
function computed(
  values: Record<SettingName, Origin>,
  given: ReadonlyMap<SettingName, Given>,
  machine: Machine,
): Record<SettingName, Origin> {
  const kind = (values.workerClass.value ?? 'async') as Settings['workerClass'];
  const threads = Number(values.threads.value ?? 1);
  const memory = machine.megabytes === undefined ? 'no memory limit' : `${machine.megabytes} MiB, 3/4 of the memory`;
  const workers = values.workers.said
    ? values.workers
    : values.reload.value === true
      ? {value: 1, from: 'default with reload', said: false}
      : {value: nodeWorkerCount(kind, threads, machine), from: `default: ${machine.cpus} CPU, ${memory}`, said: false};
  const heaps = Number(workers.value ?? 1) * (kind === 'threads' ? threads : 1);
  const maxHeap = values.maxHeap.said
    ? values.maxHeap
    : {
        value: machine.megabytes === undefined ? 0 : Math.max(16, Math.floor(machine.megabytes / heaps)),
        from: `default: ${memory}`,
        said: false,
      };
  return {...values, workers, maxHeap, bind: bindOf(values, given)};
}

// Whoever speaks last is heard: a --port of the command line goes before a BIND of the environment.
function bindOf({bind, host, port}: Record<SettingName, Origin>, given: ReadonlyMap<SettingName, Given>): Origin {
  const rank = (name: SettingName): number => given.get(name)?.rank ?? 0;
  const own = typeof bind.value === 'string' ? parseAddress(bind.value) : undefined;
  const later = (['host', 'port'] as const).filter((name) => rank(name) > rank('bind'));
  if (own !== undefined && later.length === 0) return bind;
  const base = own !== undefined && 'host' in own ? own : {host: String(host.value), port: Number(port.value)};
  const said = later.filter((name) => given.has(name)).map((name) => given.get(name)?.from);
  return {
    value: addressText({
      host: later.includes('host') ? String(host.value) : base.host,
      port: later.includes('port') ? Number(port.value) : base.port,
    }),
    from: [...(own === undefined ? [] : [bind.from]), ...said].join(', ') || 'default',
    said: own !== undefined || said.length > 0,
  };
}

function settingsOf(origins: Record<SettingName, Origin>, module: string, args: readonly string[]): Settings {
  const {host: _host, port: _port, inspect, inspectBind, ...others} = origins;
  const values = Object.fromEntries(Object.entries(others).map(([name, {value}]) => [name, value]));
  return {
    ...values,
    inspect: inspect.value === true ? String(inspectBind.value) : undefined,
    module,
    args,
  } as unknown as Settings;
}

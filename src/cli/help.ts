import {exitCodes} from '../errors.ts';
import type {Option} from '../option.ts';
import {quote} from '../shell/argv.ts';
import {screaming, snake, variableOf} from '../text/names.ts';
import {table} from '../text/table.ts';
import {type CoreFlag, coreFlags, flagsOf, type TaskFlag} from './flags.ts';
import {type KnownTask, shownName} from './tasks.ts';

const width = 100;

/** `entrypoint --help` */
export function generalHelp(tasks: readonly KnownTask[], columns: number | undefined): string {
  const layout = {indent: 2, width};
  return [
    'usage: entrypoint [FLAGS] TASK [OPTIONS] [TASK [OPTIONS]]... [-- WORDS]',
    '',
    'Runs tasks in order and stops at the first one that fails. test_unit, test-unit and testUnit are one',
    'task. WORDS go to the last task. Without a task, prints the list. `entrypoint -- WORDS`, or any program',
    'on PATH in place of a task, runs that program instead.',
    '',
    'flags:',
    ...table(
      coreFlags.map((flag) => [coreForm(flag), flag.help]),
      layout,
    ),
    '',
    'exit codes:',
    ...table(
      exitCodes.map(({code, meaning}) => [String(code), meaning]),
      layout,
    ),
    '',
    'tasks:',
    listText(tasks, columns, 2),
  ].join('\n');
}

function coreForm({name, short, value, shown}: CoreFlag): string {
  return `${short === undefined ? '    ' : `-${short}, `}${shown ?? `--${name}${value === undefined ? '' : `=${value}`}`}`;
}

// A longer usage line helps no reader; the table below it has all options.
const mostInUsage = 8;

function isInEveryUsage({option}: TaskFlag): boolean {
  return option.positional === true || option.required === true;
}

/** `entrypoint --help TASK` */
export function taskHelp(task: KnownTask): string {
  const flags = flagsOf(task);
  const shown = flags.length <= mostInUsage ? flags : flags.filter(isInEveryUsage);
  const words = [shownName(task.name), ...(shown === flags ? [] : ['[OPTIONS]']), ...shown.map(usageWord)];
  return [
    ...table([['usage: entrypoint', words.join(' ')]], {gap: 1, width}),
    ...(task.description.summary === '' ? [] : ['', task.description.summary]),
    ...(flags.length === 0
      ? []
      : [
          '',
          'options:',
          ...table(
            flags.flatMap((flag) => optionRows(task, flag)),
            {indent: 2, width},
          ),
        ]),
    '',
  ].join('\n');
}

function usageWord({name, option, value}: TaskFlag): string {
  const word = option.positional === true ? placeForm(name, option) : optionForm(name, option, value, 'usage');
  const bracketed = option.required === true ? word : `[${word}]`;
  return option.kind === 'list' ? `${bracketed}...` : bracketed;
}

function placeForm(name: string, {choices}: Option<unknown>): string {
  return choices?.join('|') ?? screaming(name);
}

// A usage line shows the form of a switch that changes its default: `--no-x` if it is on by default.
function optionForm(
  name: string,
  {defaultValue}: Option<unknown>,
  value: string | undefined,
  where: 'usage' | 'table',
): string {
  if (value !== undefined) return `--${name}=${value}`;
  if (defaultValue === false) return `--${name}`;
  return where === 'table' ? `--[no-]${name}` : defaultValue === true ? `--no-${name}` : `--${name}`;
}

function optionRows(task: KnownTask, {key, name, option, value}: TaskFlag): readonly (readonly string[])[] {
  const form = optionForm(name, option, value, 'table');
  const properties = [
    `${option.kind}${option.required === true ? ', required' : ''}`,
    ...(option.kind === 'list' ? ['can be repeated'] : []),
    ...defaultOf(option),
  ];
  return [
    [option.positional === true ? `${screaming(name)}, ${form}` : form, option.help],
    ['', properties.join('; ')],
    ['', `environment: ${[variableOf(task.name, key), ...(option.env ?? [])].join(', ')}`],
  ];
}

function defaultOf({kind, defaultValue, defaultText, required}: Option<unknown>): readonly string[] {
  if (defaultText !== undefined) return [`default: ${defaultText}`];
  if (required === true || defaultValue === undefined || defaultValue === null) return [];
  const values = (kind === 'list' ? (defaultValue as readonly string[]) : [defaultValue]).map((value) =>
    typeof value === 'string' ? quote(value) : String(value),
  );
  return values.length === 0 ? [] : [`default: ${values.join(' ')}`];
}

/** The tasks below the headings of their groups; `columns` is the width of the terminal, undefined without one. */
export function listText(tasks: readonly KnownTask[], columns: number | undefined, indent = 0): string {
  const lines = table(
    tasks.map(({name, description}) => [shownName(name), description.summary]),
    {indent: indent + 2},
  );
  return tasks
    .flatMap(({group}, at) => [
      ...(group === tasks[at - 1]?.group ? [] : [`${' '.repeat(indent)}${group}:`]),
      lines[at] ?? '',
    ])
    .map((line) => `${columns === undefined || line.length <= columns ? line : `${line.slice(0, columns - 3)}...`}\n`)
    .join('');
}

/** The list for programs: everything that the help shows. */
export function listJson(directory: string, file: string | undefined, tasks: readonly KnownTask[]): string {
  const described = tasks.map((task) => ({
    name: snake(task.name),
    group: task.group,
    summary: task.description.summary,
    options: flagsOf(task).map(({key, name, option}) => ({
      flag: `--${name}`,
      kind: option.kind,
      required: option.required === true,
      default: option.defaultValue ?? null,
      choices: option.choices ?? null,
      positional: option.positional === true,
      environment: [variableOf(task.name, key), ...(option.env ?? [])],
      help: option.help,
    })),
  }));
  return `${JSON.stringify({directory, file: file ?? null, tasks: described}, undefined, 2)}\n`;
}

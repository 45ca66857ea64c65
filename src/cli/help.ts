import type {Option} from '../option.ts';
import {quote} from '../shell/argv.ts';
import {type CoreFlag, coreFlags, flagsOf, sampleOf, type TaskFlag} from './flags.ts';
import {type KnownTask, screaming, snake, variableOf} from './tasks.ts';

const exitCodes = `exit codes:
  0     done
  1     a task failed (a failed command's own code is passed on)
  64    the command line is wrong; nothing was run
  65    a file of the service is wrong: tasks.ts, deploy.yaml, ...
  69    a program or a service that the task needs is missing
  124   a command took too long and was killed
  130   interrupted by Ctrl-C (129: hang-up, 143: SIGTERM)
`;

/** `entrypoint --help` */
export function generalHelp(tasks: readonly KnownTask[], columns: number | undefined): string {
  const rows = coreFlags.map((flag) => [coreForm(flag), flag.help] as const);
  return [
    'usage: entrypoint [FLAGS] TASK [OPTIONS] [TASK [OPTIONS]]... [-- WORDS]\n',
    'Runs tasks in order; the first one that fails ends the run. test_unit, test-unit and testUnit are one task.\n' +
      'WORDS go to the last task. Without a task: the list.\n',
    `flags:\n${table(rows)}`,
    exitCodes,
    `tasks:\n${listText(tasks, columns, '  ')}`,
  ].join('\n');
}

function coreForm({long, short, value, shown}: CoreFlag): string {
  return `${short === undefined ? '    ' : `-${short}, `}${shown ?? `--${long}${value === undefined ? '' : `=${value}`}`}`;
}

const mostInUsage = 8;

/** `entrypoint --help TASK` */
export function taskHelp(task: KnownTask): string {
  const flags = flagsOf(task);
  // What does not fit into two lines is not read in one: the list below has all of it.
  const shown = flags.length <= mostInUsage ? flags : flags.filter(({option}) => option.positional === true);
  const usage = [
    'usage: entrypoint',
    snake(task.name),
    ...(shown === flags ? [] : ['[OPTIONS]']),
    ...shown.map(usageWord),
  ].join(' ');
  const summary = task.facts.summary === '' ? '' : `\n${task.facts.summary}\n`;
  const options = flags.length === 0 ? '' : `\noptions:\n${table(flags.flatMap((flag) => optionRows(task, flag)))}`;
  return `${usage}\n${summary}${options}`;
}

function usageWord({name, option}: TaskFlag): string {
  if (option.positional === true) return `[${screaming(name)}]${option.kind === 'list' ? '...' : ''}`;
  if (option.kind === 'list') return `[--${name}=${sampleOf(option)}]...`;
  return option.kind === 'boolean' ? `[--${booleanForm(name, option)}]` : `[--${name}=${sampleOf(option)}]`;
}

function optionRows(task: KnownTask, {key, name, option}: TaskFlag): readonly (readonly [string, string])[] {
  const form = option.kind === 'boolean' ? `--${booleanForm(name, option)}` : `--${name}=${sampleOf(option)}`;
  const variables = [variableOf(task.name, key), ...(option.env ?? [])].join(', ');
  const repeat = option.kind === 'list' ? '; may be repeated' : '';
  return [
    [option.positional === true ? `${screaming(name)}, ${form}` : form, `${option.help}${repeat}`],
    ['', `${option.kind}; default: ${defaultText(option)}; environment: ${variables}`],
  ];
}

// The form that changes something: of a boolean that is on already, the one that turns it off.
function booleanForm(name: string, {defaultValue}: Option<unknown>): string {
  return defaultValue === true ? `no-${name}` : name;
}

function defaultText({kind, defaultValue, defaultText: told}: Option<unknown>): string {
  if (told !== undefined) return told;
  if (defaultValue === undefined || defaultValue === null) return 'none';
  if (kind === 'list') return (defaultValue as readonly string[]).map(quote).join(' ') || 'none';
  return typeof defaultValue === 'string' ? quote(defaultValue) : String(defaultValue);
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `${`  ${left.padEnd(width)}   ${right}`.trimEnd()}\n`).join('');
}

/** One line a task; `columns` is the width of the terminal, undefined where there is none. */
export function listText(tasks: readonly KnownTask[], columns: number | undefined, indent = ''): string {
  const width = Math.max(0, ...tasks.map(({name}) => name.length));
  return tasks
    .map(({name, facts}) => {
      const line = `${indent}${snake(name).padEnd(width)}   ${facts.summary}`.trimEnd();
      return `${columns === undefined || line.length <= columns ? line : `${line.slice(0, columns - 3)}...`}\n`;
    })
    .join('');
}

/** The same for programs, with all that the help knows. */
export function listJson(directory: string, file: string | undefined, tasks: readonly KnownTask[]): string {
  const described = tasks.map((task) => ({
    name: snake(task.name),
    summary: task.facts.summary,
    options: flagsOf(task).map(({key, name, option}) => ({
      flag: `--${name}`,
      kind: option.kind,
      default: option.defaultValue ?? null,
      choices: option.choices ?? null,
      positional: option.positional === true,
      environment: [variableOf(task.name, key), ...(option.env ?? [])],
      help: option.help,
    })),
  }));
  return `${JSON.stringify({directory, file: file ?? null, tasks: described}, undefined, 2)}\n`;
}

import {flagsOf} from './flags.ts';
import type {KnownTask} from './tasks.ts';
import {snake, variableOf} from './names.ts';

/** One line a task; `columns` is the width of the terminal, undefined where there is none. */
export function listText(tasks: readonly KnownTask[], columns: number | undefined, indent = ''): string {
  const width = Math.max(0, ...tasks.map(({name}) => name.length));
  return tasks.map(({name, facts}) => {
    const line = `${indent}${snake(name).padEnd(width)}   ${facts.summary}`.trimEnd();
    return `${columns === undefined || line.length <= columns ? line : `${line.slice(0, columns - 3)}...`}\n`;
  }).join('');
}

/** The same for programs, with all that the help knows. */
export function listJson(folder: string, file: string | undefined, tasks: readonly KnownTask[]): string {
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
  return `${JSON.stringify({folder, file: file ?? null, tasks: described}, undefined, 2)}\n`;
}

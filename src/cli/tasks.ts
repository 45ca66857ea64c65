import type {Task, TaskDescription} from '../task.ts';
import {snake} from '../text/names.ts';

/** A task as the command line knows it. */
export interface KnownTask {
  /** With dashes. */
  readonly name: string;
  /** Heading in the list: a directory of src/tasks, or the service's file. */
  readonly group: string;
  readonly description: TaskDescription;
  readonly call: Task;
}

/** The standard tasks by the directories of src/tasks, each group in the order of the list. */
export const standardTasks = {
  lifecycle: [
    'static-analysis',
    'test-unit',
    'test-integration',
    'build',
    'publish',
    'promote',
    'deploy',
    'run',
    'test-sanity',
    'init',
  ],
  inspect: ['check', 'status', 'history', 'logs', 'logs-check', 'config', 'config-audit'],
  operate: ['exec', 'maintenance', 'rollback', 'remove'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

const groups: readonly (readonly [string, readonly string[]])[] = Object.entries(standardTasks);

/** The names of the standard tasks, with dashes. */
export const standardNames: readonly string[] = groups.flatMap(([, names]) => names);

/** Tasks that are written as two words: `config audit`. `config_audit` is the same. */
export const twoWordTasks: readonly string[] = ['config-audit', 'logs-check'];

/** A task's name as the list and the help show it. */
export function shownName(name: string): string {
  return twoWordTasks.includes(name) ? name.replace('-', ' ') : snake(name);
}

/** A task's heading in the list: a standard name keeps its group, wherever the function comes from. */
export function groupOf(name: string, file: string | undefined): string {
  return groups.find(([, names]) => names.includes(name))?.[0] ?? file ?? 'tasks';
}

/** The standard tasks first, in the order of their groups; then the service's own by file and name. */
export function inOrder(tasks: readonly KnownTask[]): readonly KnownTask[] {
  const standard = standardNames.flatMap((name) => tasks.filter((task) => task.name === name));
  const own = tasks.filter(({name}) => !standardNames.includes(name));
  const key = ({group, name}: KnownTask): string => `${group} ${name}`;
  return [...standard, ...own.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))];
}

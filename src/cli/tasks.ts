import type {Task, TaskDescription} from '../task.ts';

/** A task as the command line knows it. */
export interface KnownTask {
  /** With dashes. */
  readonly name: string;
  readonly facts: TaskDescription;
  readonly call: Task;
}

/** The standard tasks in the order of a service's life, with what comes after its start at the end. */
export const standardOrder: readonly string[] = [
  'static-analysis',
  'test-unit',
  'build',
  'check',
  'test-integration',
  'publish',
  'promote',
  'deploy',
  'run',
  'test-sanity',
  'status',
  'history',
  'logs',
  'exec',
  'maintenance',
  'rollback',
  'remove',
];

/** A service's own tasks first, by name; then the standard ones, in the order of a service's life. */
export function inOrder(tasks: readonly KnownTask[]): readonly KnownTask[] {
  const rank = ({name}: KnownTask): number => standardOrder.indexOf(name);
  return [...tasks].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

/** `testUnit`, `test_unit` and `test-unit` are one name: this is its form with dashes. */
export function kebab(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();
}

/** A task's name as it is shown: `test_unit`. */
export function snake(name: string): string {
  return kebab(name).replaceAll('-', '_');
}

/** As the name of an export: `testUnit`. */
export function camel(name: string): string {
  return kebab(name).replaceAll(/-+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** As part of the name of an environment variable: `TEST_UNIT`. */
export function screaming(name: string): string {
  return snake(name).toUpperCase();
}

/** The variable that sets an option of a task: `ENTRYPOINT_DEPLOY_LOG_LEVEL`. */
export function variableOf(task: string, option: string): string {
  return `ENTRYPOINT_${screaming(task)}_${screaming(option)}`;
}

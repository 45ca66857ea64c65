import type {Task, TaskFacts} from '../task.ts';

/** A task as the command line knows it. */
export interface KnownTask {
  /** With dashes. */
  readonly name: string;
  readonly facts: TaskFacts;
  readonly call: Task;
}

/** The standard tasks in the order of a service's life, with what comes after its start at the end. */
export const standardOrder: readonly string[] = [
  'static-analysis', 'test-unit', 'build', 'check', 'test-integration', 'publish', 'promote', 'deploy', 'run', 'test-sanity',
  'status', 'history', 'logs', 'exec', 'maintenance', 'rollback', 'remove',
];

/** A service's own tasks first, by name; then the standard ones, in the order of a service's life. */
export function inOrder(tasks: readonly KnownTask[]): readonly KnownTask[] {
  const rank = ({name}: KnownTask): number => standardOrder.indexOf(name);
  return [...tasks].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

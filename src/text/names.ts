/** `testUnit`, `test_unit` and `test-unit` are one name; this is its form with dashes. */
export function kebab(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();
}

/** With underscores, as tasks are shown: `test_unit`. */
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

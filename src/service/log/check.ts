import type {SecretReference} from '../../shell/argv.ts';
import {nearest} from '../../text/nearest.ts';
import {isSecretName} from '../../text/secret-name.ts';
import {everyDriver, type LogDriver, type LogDriverSettings, logDrivers} from './drivers.ts';

// Problems of `log` in deploy.yaml that docker would find in the middle of a deploy.

/** `log` of an environment. */
export interface LogSettings extends LogDriverSettings {
  /** Options whose values are secrets. */
  readonly secrets?: Readonly<Record<string, SecretReference>> | undefined;
}

/** A problem at a path below `log`: the end of a sentence that begins with the path. */
export interface LogIssue {
  readonly path: readonly string[];
  readonly message: string;
}

/** The problems of a log driver's options and secrets. */
export function logIssues({driver: name, options = {}, secrets = {}}: LogSettings): LogIssue[] {
  const driver = logDrivers[name];
  return [
    ...Object.entries(options).flatMap(([option, value]) =>
      problems(optionProblem(name, driver, option, value), ['options', option]),
    ),
    ...Object.keys(secrets).flatMap((option) =>
      problems(secretProblem(name, driver, option, option in options), ['secrets', option]),
    ),
    ...[...everyDriver(options), ...(driver?.together?.(options) ?? [])].map(([option, message]) => ({
      path: ['options', option],
      message,
    })),
  ];
}

const problems = (message: string | undefined, path: readonly string[]): LogIssue[] =>
  message === undefined ? [] : [{path, message}];

function optionProblem(name: string, driver: LogDriver | undefined, option: string, value: string): string | undefined {
  if (driver?.secrets?.includes(option) === true || (driver === undefined && isSecretOption(option)))
    return `is a secret, and this file holds none: name its source, log.secrets: {${option}: {env: NAME}}`;
  if (/^[a-z0-9+.-]+:\/\/[^/\s@]*:[^/\s@]+@/i.test(value))
    return `has a password in it: name the source of the whole address, log.secrets: {${option}: {env: NAME}}`;
  if (driver === undefined) return undefined;
  return Object.hasOwn(driver.options, option) ? driver.options[option]?.(value) : unknown(name, driver, option);
}

/** Options of plugins have dashes: `sumo-url`, `logdna-api-key`. */
const isSecretOption = (option: string): boolean => isSecretName(option.replaceAll(/[-.]/g, '_'));

function secretProblem(
  name: string,
  driver: LogDriver | undefined,
  option: string,
  isOption: boolean,
): string | undefined {
  if (isOption) return 'is in log.options as well: keep one of them';
  return driver === undefined || Object.hasOwn(driver.options, option) ? undefined : unknown(name, driver, option);
}

function unknown(name: string, {options}: LogDriver, option: string): string {
  const known = Object.keys(options);
  const near = nearest(option, known);
  const hint =
    near !== undefined
      ? `; did you mean ${near}?`
      : known.length === 0
        ? ', which has none'
        : ` (it has: ${known.join(', ')})`;
  return `is no option of the log driver ${name}${hint}`;
}

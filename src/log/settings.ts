import {exitCode, problem} from '../errors.ts';
import {levelNames, type LogThreshold, thresholdOf} from '../text/log/levels.ts';

/** How lines are written: JSON for a sink, JSON in the Elastic Common Schema, or text for people. */
export type LogFormat = 'json' | 'ecs' | 'text';

const formats: readonly LogFormat[] = ['json', 'ecs', 'text'];

/** What the environment says, and what of it has no meaning. */
export interface LogSettings {
  readonly level: LogThreshold;
  readonly format: LogFormat;
  readonly problems: readonly string[];
}

/**
 * Reads LOG_LEVEL and LOG_FORMAT: the service's own variables, which have these names already where there are any. A wrong
 * one does not keep the service from starting, and a value is not repeated: it can be that of another variable.
 */
export function logSettings(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): LogSettings {
  const {LOG_LEVEL: level = '', LOG_FORMAT: format = ''} = env;
  const threshold = level === '' ? 'info' : thresholdOf(level);
  const usual = isTerminal ? 'text' : 'json';
  const form = format === '' ? usual : formats.find((name) => name === format.trim().toLowerCase());
  return {
    level: threshold ?? 'info',
    format: form ?? usual,
    problems: [
      ...(threshold === undefined
        ? [`LOG_LEVEL is no level: expected ${words([...levelNames, 'silent'])}; info is used`]
        : []),
      ...(form === undefined ? [`LOG_FORMAT is no format: expected ${words(formats)}; ${usual} is used`] : []),
    ],
  };
}

const words = (all: readonly string[]): string => `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`;

/** Reads the level that a program sets. @throws Problem `bad_log_level` (exit code 64) */
export function readLevel(text: string): LogThreshold {
  const level = thresholdOf(text);
  if (level !== undefined) return level;
  throw problem({
    code: 'bad_log_level',
    what: `${JSON.stringify(text)} is no level of a log`,
    fix: `use ${words([...levelNames, 'silent'])}`,
    exitCode: exitCode.usage,
  });
}

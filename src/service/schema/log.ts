import * as v from 'valibot';
import {type LogIssue, logIssues} from '../log/check.ts';
import {fallbackDrivers, logDrivers} from '../log/drivers.ts';
import {described, secret, section, string, strings} from './values.ts';

// The setting `log` of an environment in deploy.yaml.

const optionName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9._-]+$/, 'must be the name of an option of the log driver'));
const options = strings(
  optionName,
  'must be a map of options',
  "Options of the log driver. Those of Docker's own drivers are checked.",
);

/** Reports each problem at its option, so that it has its line. */
const reported =
  <T>(issuesOf: (value: T) => readonly LogIssue[]) =>
  ({dataset, addIssue}: v.RawCheckContext<T>): void => {
    if (!dataset.typed) return;
    for (const {path, message} of issuesOf(dataset.value)) addIssue({message, path: pathOf(dataset.value, path)});
  };

function pathOf(value: unknown, keys: readonly string[]): [v.IssuePathItem, ...v.IssuePathItem[]] {
  let input = value as Record<string, unknown>;
  const items = keys.map((key): v.IssuePathItem => {
    const item = {type: 'object' as const, origin: 'value' as const, input, key, value: input[key]};
    input = input[key] as Record<string, unknown>;
    return item;
  });
  return items as [v.IssuePathItem, ...v.IssuePathItem[]];
}

const fallback = v.pipe(
  section({
    driver: described(
      v.picklist(fallbackDrivers, `must be ${fallbackDrivers.join(', ')}: these start without an endpoint`),
      'Log driver that starts without an endpoint.',
    ),
    options: v.optional(options),
  }),
  v.rawCheck(reported((value) => logIssues(value))),
);

export const log = v.pipe(
  section({
    driver: described(v.pipe(string, v.nonEmpty('must be the name of a log driver')), 'Name of the log driver.'),
    options: v.optional(options),
    secrets: v.optional(
      described(
        v.record(optionName, secret, 'must be a map of options to references'),
        'Options whose values are secrets, such as splunk-token: {env: NAME}, {file: path} or {command: [words]}.',
      ),
    ),
    fallback: v.optional(
      described(
        fallback,
        'Log driver to start with while the endpoint of the other is down. Default: a deploy is refused.',
      ),
    ),
    reader: v.optional(
      described(
        section({
          command: described(
            v.pipe(v.array(string, 'must be a list of words'), v.minLength(1, 'must not be empty')),
            'Command that prints what the sink has of ENTRYPOINT_LOG_TOKEN.',
          ),
        }),
        'How `logs check --measure` reads lines back from where the driver sends them.',
      ),
    ),
  }),
  v.rawCheck(
    reported((value) => [
      ...logIssues(value),
      ...(value.fallback !== undefined && logDrivers[value.driver]?.isLocal === true
        ? [{path: ['fallback'], message: `is never used: ${value.driver} starts without an endpoint`}]
        : []),
    ]),
  ),
);

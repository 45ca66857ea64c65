import {type Command, quote, wordsText} from '../../shell/argv.ts';
import {dockerRemove} from './containers.ts';
import {createWithSecrets, markedOptions} from './log-secrets.ts';
import {type ContainerOptions, createSecrets, logWords, type LogDriverOptions, optionWords} from './run.ts';

/** What a container starts with while the endpoint of its log driver is down. */
export interface LogFallback {
  readonly log: LogDriverOptions;
  /** Labels that it has then. */
  readonly labels: Readonly<Record<string, string>>;
  /** Shell text that prints why the endpoint is known to be down, or nothing. Default: only docker says so. */
  readonly known?: string | undefined;
}

/** Before a line on the standard error of a step that is for the user. */
export const logMark = 'log: ';

/**
 * `docker run --detach` with a log driver, or with another one if docker cannot start the first. Says so on the standard
 * error, after {@link logMark}.
 */
export function dockerRunWithFallback(options: ContainerOptions, {log: other, labels, known}: LogFallback): Command {
  const {log = {driver: ''}, name = '', ...rest} = options;
  const secrets = log.secrets ?? {};
  const count = Object.keys(secrets).length;
  const named = ['start', 'run', '--detach', '--name', name];
  const marked = {driver: log.driver, options: {...log.options, ...markedOptions(secrets)}};
  const first =
    count === 0
      ? wordsText([...named, ...logWords(log)])
      : `${createWithSecrets(wordsText(['start', 'create', ...logWords(marked)]), name, count)}; docker start "$id"`;
  const second = wordsText([
    ...named,
    ...logWords(other),
    ...Object.entries(labels).flatMap(([key, value]) => ['--label', `${key}=${value}`]),
  ]);
  const remove = `${wordsText(dockerRemove(name))} >/dev/null 2>&1`;
  return {
    words: [
      'sh',
      '-c',
      [
        // All options but these: they can be long, and are here once.
        `start() { docker "$@" ${optionWords(rest).map(quote).join(' ')}; }`,
        known === undefined ? 'why=' : `why=$(${known})`,
        // Docker's words for a driver that cannot start, in all versions.
        `[ -n "$why" ] || { out=$( (${first}) 2>&1) && echo "$out"; } || { r=$?; why=$(printf '%s\\n' "$out" | grep 'logging driver') || { printf '%s\\n' "$out" >&2; exit "$r"; }; ${remove} || :; }`,
        `[ -z "$why" ] || { printf '%s\\n' ${quote(`${logMark}warning: ${name} logs to ${other.driver} in place of ${log.driver}: `)}"$why" >&2; ${second}; }`,
      ].join('; '),
    ],
    ...(Object.keys(createSecrets(options)).length === 0 ? {} : {secrets: createSecrets(options)}),
  };
}

import {quote, type SecretReference, wordsText} from '../../shell/argv.ts';

// Options of a log driver whose values are secrets. Docker's client takes them as words only, which every process of the
// machine can read. The engine takes them in the body of a request, and `docker system dial-stdio`, by which clients reach
// engines over ssh, sends one: wherever there is a client, by the engine that it uses, with its certificates.
//
// The body is that of the client: it creates a container with the same options and a mark in the place of each secret.
// What the engine then says of that container is what it takes for another one, without the mark and the default name of
// its host.

/** The variable of a command's environment that has the value of a secret option. */
const variable = (index: number): string => `ENTRYPOINT_LOG_SECRET_${index + 1}`;
const mark = (index: number): string => `entrypoint-secret-${index + 1}`;

/** Options with a mark in the place of each secret. */
export const markedOptions = (secrets: Readonly<Record<string, SecretReference>>): Record<string, string> =>
  Object.fromEntries(Object.keys(secrets).map((option, index) => [option, mark(index)]));

/** The secrets of log options, by the variables in which {@link createWithSecrets} reads them. */
export const logSecretVariables = (
  secrets: Readonly<Record<string, SecretReference>>,
): Record<string, SecretReference> =>
  Object.fromEntries(Object.values(secrets).map((reference, index) => [variable(index), reference]));

const inspected = [
  '{"NetworkingConfig":{"EndpointsConfig":{{json .NetworkSettings.Networks}}}',
  '"HostConfig":{{json .HostConfig}}',
  '{{json .Config}}',
].join(',');

/** Replaces the first occurrence of a text, both as words of a shell, in a variable. */
const replace = (name: string, from: string, to: string): string =>
  `${name}=\${${name}%%${from}*}${to}\${${name}#*${from}}`;

/**
 * Shell text that creates a container with secret log options, and sets `id`. It ends the shell with 125 when the engine
 * refuses, as `docker run` does, with a message in which no secret is left.
 * @param create the text that creates one with the marks, and prints its id
 * @param name the container's name; undefined: one that the engine makes up
 */
export function createWithSecrets(create: string, name: string | undefined, count: number): string {
  const secrets = Array.from({length: count}, (_, index) => index);
  const inspect = wordsText(['docker', 'inspect', '--format', inspected]);
  const request = [
    `POST /containers/create${name === undefined ? '' : `?name=${encodeURIComponent(name)}`} HTTP/1.1`,
    'Host: docker',
    'Content-Type: application/json',
    'Content-Length: %s',
    'Connection: close',
    '',
    '%s',
  ].join(String.raw`\r\n`);
  return [
    `t=$(${create}) || exit 125`,
    `b=$(${inspect} "$t") || b=`,
    'docker rm --force --volumes "$t" >/dev/null 2>&1 || :',
    // Neither the start of the second object nor the id of the first container is part of the new one.
    `case $b in *',{"Hostname":"'*) ;; *) echo 'docker: cannot read the settings of a container' >&2; exit 125 ;; esac`,
    replace('b', `',{"Hostname":"'`, `',"Hostname":"'`),
    `h=$(printf '"Hostname":"%.12s"' "$t")`,
    `case $b in *"$h"*) ${replace('b', '"$h"', `'"Hostname":""'`)} ;; esac`,
    ...secrets.flatMap((index) => [
      `v=$(printf %s "$${variable(index)}" | sed 's/[\\"]/\\\\&/g')`,
      `${replace('b', `'"${mark(index)}"'`, '\\"$v\\"')}`,
    ]),
    `a=$(printf ${quote(request)} "$(($(printf %s "$b" | wc -c)))" "$b" | docker system dial-stdio) || a=`,
    'b=',
    // An engine can repeat in its message what it has been given.
    `case $a in 'HTTP/1.1 201 '*) ;; *) a=\${a##*'"message":"'}; a=\${a%%'"}'*}; ${secrets
      .map((index) => `case $a in *"$${variable(index)}"*) a='it refuses the options of the log driver' ;; esac; `)
      .join('')}printf 'docker: Error response from daemon: %s\\n' "$a" >&2; exit 125 ;; esac`,
    `id=\${a##*'"Id":"'}; id=\${id%%'"'*}`,
  ].join('; ');
}

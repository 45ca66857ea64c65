import {splitWords} from '../../shell/argv.ts';
import {type Interpolated, interpolated} from './compose-interpolation.ts';
import {dashed, isMap, listOf, mountOf, pairsOf, type Places, type YamlMap} from './compose-words.ts';
import {needsReference} from './secret-name.ts';
import {flow, flowList, flowText} from './yaml-lines.ts';

/** Variables: those with the name of a secret become references. */
export interface Variables {
  readonly environment: Readonly<Record<string, string>>;
  /** References, as YAML. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly left: readonly {readonly name: string; readonly reason: string}[];
}

/** The variables of `NAME=VALUE` words, of a service or of one beside it. */
export function environmentOf(words: readonly string[], isService: boolean): Variables {
  const environment: Record<string, string> = {};
  const secrets: Record<string, string> = {};
  const left: {name: string; reason: string}[] = [];
  for (const word of words) {
    const {name, text, missing} = variableOf(word);
    const [only] = missing;
    if (isService && name === 'PORT') left.push({name, reason: '`port` of deploy.yaml sets it'});
    // A value of several parts is one secret, of its own name.
    else if (needsReference(name))
      secrets[name] = `{env: ${missing.length === 1 && text === '' && only !== undefined ? only : name}}`;
    else if (only === undefined) environment[name] = text;
    else
      left.push({
        name,
        reason: `its value needs ${missing.join(', ')} of the shell: write it, or secrets: {${name}: {env: ${name}}}`,
      });
  }
  return {environment, secrets, left};
}

/** Variables that cannot be references: labels, and arguments of a build. */
export function textsOf(words: readonly string[]): Pick<Variables, 'environment' | 'left'> {
  const all = words.map(variableOf);
  return {
    environment: Object.fromEntries(
      all.filter(({missing}) => missing.length === 0).map(({name, text}) => [name, text]),
    ),
    left: all
      .filter(({missing}) => missing.length > 0)
      .map(({name, missing}) => ({name, reason: `its value needs ${missing.join(', ')} of the shell: write it`})),
  };
}

/** `NAME` alone has the value of the shell. */
function variableOf(word: string): {readonly name: string} & Interpolated {
  const at = word.indexOf('=');
  return at === -1
    ? {name: word, text: '', missing: [word]}
    : {name: word.slice(0, at), ...interpolated(word.slice(at + 1))};
}

/** `1m30s` in seconds. */
export function secondsOf(value: unknown): number | undefined {
  const [, hours = 0, minutes = 0, seconds = 0] =
    /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)(?:\.\d+)?s?)?$/.exec(String(value ?? 'x')) ?? [];
  const all = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return all === 0 ? undefined : all;
}

/** Commands by which well-known images say that they are ready. */
const usualReady: readonly (readonly [RegExp, readonly string[]])[] = [
  [/postgres|postgis|timescale|pgvector/, ['pg_isready', '--quiet', '--host', 'localhost']],
  [/redis/, ['redis-cli', 'ping']],
  [/valkey/, ['valkey-cli', 'ping']],
  [/mysql/, ['mysqladmin', 'ping', '--silent']],
  [/mariadb/, ['healthcheck.sh', '--connect']],
  [/mongo/, ['mongosh', '--quiet', '--eval', 'db.adminCommand("ping")']],
  [/rabbitmq/, ['rabbitmq-diagnostics', '--quiet', 'ping']],
];

/** A backing service, as lines of deploy.yaml. */
export interface Backing {
  readonly name: string;
  readonly lines: readonly string[];
  /** What could not be taken, by its key: `volumes`, `environment.MODE`. */
  readonly left: readonly {readonly path: readonly string[]; readonly reason: string}[];
}

/** A service beside the one that is built. */
export function backingOf(given: string, service: YamlMap, places: Places): Backing {
  const name = dashed(given);
  const left: {path: readonly string[]; reason: string}[] = [];
  const leave = (path: readonly string[], reason: string): void => void left.push({path, reason});
  const image = String(service['image']);
  const {environment, secrets, left: open} = environmentOf(pairsOf(service['environment']), false);
  for (const one of open) leave(['environment', one.name], one.reason);
  const {healthcheck} = service;
  const ready = readyOf(healthcheck, image);
  for (const key of Object.keys(isMap(healthcheck) ? healthcheck : {}))
    if (key !== 'test') leave(['healthcheck', key], 'the command runs until it succeeds, for `ready_timeout_seconds`');
  if (ready === undefined) leave(['image'], 'no command is known by which it says that it is ready: write `ready`');
  const volumes: Record<string, string> = {};
  for (const {target, volume, reason} of listOf(service['volumes']).map((one) => mountOf(one, places)))
    if (volume === undefined || reason !== undefined)
      leave(['volumes', target], reason ?? 'a backing service has volumes only, and no paths of the host');
    else volumes[volume] = target;
  const {command} = service;
  const words = Array.isArray(command) ? command.map(String) : splitWords(String(command ?? ''));
  if (words === undefined) leave(['command'], 'it has an unterminated quote');
  const references = Object.entries(secrets).map(([key, one]) => `${key}: ${one}`);
  return {
    name,
    left,
    lines: [
      `  ${name}:`,
      `    image: ${flowText(image)}`,
      ...(Object.keys(environment).length === 0 ? [] : [`    environment: ${flow(environment)}`]),
      ...(references.length === 0 ? [] : [`    secrets: {${references.join(', ')}}`]),
      `    ready: ${flowList(ready ?? ['true'])}`,
      ...(Object.keys(volumes).length === 0 ? [] : [`    volumes: ${flow(volumes)}`]),
      ...(words === undefined || words.length === 0 ? [] : [`    command: ${flowList(words)}`]),
    ],
  };
}

function readyOf(healthcheck: unknown, image: string): readonly string[] | undefined {
  const test = isMap(healthcheck) ? healthcheck['test'] : undefined;
  if (Array.isArray(test) && test[0] === 'CMD') return test.slice(1).map(String);
  const shell = Array.isArray(test) ? test.slice(1).join(' ') : test;
  if (typeof shell === 'string' && shell !== '') return ['sh', '-c', shell];
  return usualReady.find(([pattern]) => pattern.test(image))?.[1];
}

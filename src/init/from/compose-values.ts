import {splitWords} from '../../shell/argv.ts';
import type {YamlMap} from './compose-words.ts';
import {flow, flowList, flowText} from './yaml-lines.ts';

const secretName = /SECRET|PASSWORD|PASSWD|TOKEN|(?:^|_)KEY|CREDENTIAL|_DSN$|DATABASE_URL|REDIS_URL/;

/** Variables: those that the shell sets become references if they are secrets. */
export interface Variables {
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly left: readonly {readonly name: string; readonly reason: string}[];
}

/** The variables of `NAME=VALUE` words. */
export function environmentOf(words: readonly string[], references = true): Variables {
  const environment: Record<string, string> = {};
  const secrets: Record<string, string> = {};
  const left: {name: string; reason: string}[] = [];
  for (const word of words) {
    const at = word.indexOf('=');
    const [name, value] = at === -1 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
    const [, variable, fallback] = /^\$\{?(\w+)(?::?-([^}]*)|:?\?[^}]*)?\}?$/.exec(value ?? '') ?? [];
    if (references && name === 'PORT') left.push({name, reason: '`port` of deploy.yaml sets it'});
    else if (references && secretName.test(name)) secrets[name] = `{env: ${variable ?? name}}`;
    else if (value === undefined)
      left.push({name, reason: `its value is of the shell: write it, or secrets: {${name}: {env: ${name}}}`});
    else if (variable !== undefined && fallback === undefined)
      left.push({name, reason: `its value is of the shell: write it, or secrets: {${name}: {env: ${variable}}}`});
    else environment[name] = (fallback ?? value).replaceAll('$$', '$');
  }
  return {environment, secrets, left};
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

/** A service beside the one that is built, as lines of `backing_services`, and the keys that could not be taken. */
export function backingLines(
  name: string,
  service: YamlMap,
  pairsOf: (value: unknown) => readonly string[],
): {
  readonly lines: readonly string[];
  readonly left: ReadonlyMap<string, string>;
} {
  const left = new Map<string, string>();
  const image = String(service['image']);
  const {environment, secrets, left: open} = environmentOf(pairsOf(service['environment']));
  if (open.length > 0) left.set('environment', open.map((one) => `${one.name}: ${one.reason}`).join('; '));
  const ready = readyOf(service['healthcheck'], image, left);
  const volumes: Record<string, string> = {};
  for (const one of Array.isArray(service['volumes']) ? service['volumes'] : []) {
    const [source = '', target] =
      typeof one === 'object' && one !== null
        ? [String((one as YamlMap)['source'] ?? ''), String((one as YamlMap)['target'])]
        : String(one).split(':');
    if (/^[A-Za-z0-9]/.test(source) && target !== undefined) volumes[source] = target;
    else left.set('volumes', `${String(source)} is a path of the host`);
  }
  const command = service['command'];
  const words = Array.isArray(command) ? command.map(String) : splitWords(String(command ?? ''));
  return {
    left,
    lines: [
      `  ${name}:`,
      `    image: ${flowText(image)}`,
      ...(Object.keys(environment).length === 0 ? [] : [`    environment: ${flow(environment)}`]),
      ...(Object.keys(secrets).length === 0
        ? []
        : [
            `    secrets: {${Object.entries(secrets)
              .map(([key, one]) => `${key}: ${one}`)
              .join(', ')}}`,
          ]),
      `    ready: ${flowList(ready)}`,
      ...(Object.keys(volumes).length === 0 ? [] : [`    volumes: ${flow(volumes)}`]),
      ...(command === undefined || words === undefined || words.length === 0
        ? []
        : [`    command: ${flowList(words)}`]),
    ],
  };
}

function readyOf(healthcheck: unknown, image: string, left: Map<string, string>): readonly string[] {
  const test = typeof healthcheck === 'object' && healthcheck !== null ? (healthcheck as YamlMap)['test'] : undefined;
  if (Array.isArray(test) && test[0] === 'CMD') return test.slice(1).map(String);
  const shell = Array.isArray(test) ? test.slice(1).join(' ') : test;
  if (typeof shell === 'string' && shell !== '') return ['sh', '-c', shell.replaceAll('$$', '$')];
  const usual = usualReady.find(([pattern]) => pattern.test(image))?.[1];
  if (usual !== undefined) return usual;
  left.set('image', 'no command is known by which it says that it is ready: write `ready`');
  return ['true'];
}

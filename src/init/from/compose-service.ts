import {buildKeys, deployKeys, type Fate, healthKeys, serviceKeys} from './compose-keys.ts';
import {environmentOf, secondsOf} from './compose-values.ts';
import {
  healthOf,
  isMap,
  listOf,
  memoryOf,
  mountOf,
  optionWords,
  pairsOf,
  portsOf,
  type YamlMap,
} from './compose-words.ts';
import {flow, flowText} from './yaml-lines.ts';

/** What was found so far. */
export interface Found {
  /** Lines for the top of deploy.yaml, and for the environment. */
  readonly top: string[];
  readonly local: string[];
  readonly options: string[];
  readonly environment: Record<string, string>;
  /** References. */
  readonly secrets: Record<string, string>;
  readonly labels: Record<string, string>;
  /** The fate of a key: what it became, or why it was left. */
  readonly record: (path: readonly string[], fate: {readonly as: string} | {readonly reason: string}) => void;
}

/** Takes a key. Returns what it became, or nothing if it has recorded that itself. */
type Handler = (given: unknown, path: readonly string[], found: Found, file: YamlMap) => string | undefined;

const plain =
  (key: string, text: (given: unknown) => string = String): Handler =>
  (given, _path, {local}) => {
    local.push(`${key}: ${text(given)}`);
    return `${key}: ${text(given)}`;
  };

const handlers: Readonly<Record<string, Handler>> = {
  environment: (given, path, found) => {
    const {environment, secrets, left} = environmentOf(pairsOf(given));
    Object.assign(found.environment, environment);
    Object.assign(found.secrets, secrets);
    for (const {name, reason} of left) found.record([...path, name], {reason});
    return '`environment` and `secrets`';
  },
  labels: (given, _path, {labels}) => {
    Object.assign(labels, environmentOf(pairsOf(given), false).environment);
    return '`labels`';
  },
  secrets: (given, path, {secrets, record}, file) => {
    for (const one of listOf(given)) {
      const source = String(isMap(one) ? one['source'] : one);
      const declared = isMap(file['secrets']) ? file['secrets'][source] : undefined;
      const reference = isMap(declared)
        ? declared['file'] === undefined
          ? declared['environment'] === undefined
            ? undefined
            : `{env: ${String(declared['environment'])}}`
          : `{file: ${flowText(String(declared['file']))}}`
        : undefined;
      if (reference === undefined) record([...path, source], {reason: 'it is neither a file nor a variable'});
      else secrets[source.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')] = reference;
    }
    return '`secrets`: as variables, not as files below /run/secrets';
  },
  ports: takePorts,
  expose: takePorts,
  volumes: (given, path, {local, options, record}) => {
    const volumes: Record<string, string> = {};
    for (const {source, target, isNamed, words} of listOf(given).map(mountOf)) {
      if (isNamed && source !== undefined) volumes[source] = target;
      else if (words.length === 0)
        record([...path, target], {reason: 'it has no name: a new release would not find it'});
      else options.push(...words);
    }
    if (Object.keys(volumes).length > 0) local.push(`volumes: ${flow(volumes)}`);
    return '`volumes`, and directories of the host in `docker_options`';
  },
  healthcheck: (given, path, found) => {
    if (!isMap(given)) return 'nothing';
    const health = healthOf(given);
    if (health !== undefined) found.top.push(`health: ${health}`);
    const start = secondsOf(given['start_period']);
    if (start !== undefined && start > 60) found.local.push(`ready_timeout_seconds: ${start}`);
    const as: Readonly<Record<string, string>> = {
      test: `health: ${health}`,
      disable: `health: ${health}`,
      start_period: '`ready_timeout_seconds`, if it is longer than 60',
    };
    recordEach(given, path, healthKeys, found, as);
    return undefined;
  },
  build: (given, path, found) => {
    if (!isMap(given)) return 'the directory of the service';
    const args = given['args'];
    if (args !== undefined) found.top.push(`image: {args: ${flow(environmentOf(pairsOf(args), false).environment)}}`);
    recordEach(given, path, buildKeys, found, {args: '`image.args`', context: 'the directory of the service'});
    return undefined;
  },
  deploy: (given, path, found, file) => {
    if (!isMap(given)) return 'nothing';
    const {replicas, labels, resources} = given;
    if (replicas !== undefined) found.local.push(`replicas: ${String(replicas)}`);
    if (labels !== undefined) handlers['labels']?.(labels, path, found, file);
    const limits = isMap(resources) && isMap(resources['limits']) ? resources['limits'] : {};
    if (limits['memory'] !== undefined) found.local.push(`memory: ${memoryOf(limits['memory'])}`);
    if (limits['cpus'] !== undefined) found.local.push(`cpus: ${String(limits['cpus'])}`);
    if (limits['pids'] !== undefined) found.options.push('--pids-limit', String(limits['pids']));
    if (isMap(resources) && resources['reservations'] !== undefined)
      found.record([...path, 'resources', 'reservations'], {reason: 'a host is not divided: limits hold'});
    recordEach(given, path, deployKeys, found, {
      replicas: '`replicas`',
      labels: '`labels`',
      resources: 'the limits: `memory`, `cpus`',
    });
    return undefined;
  },
  depends_on: () => '`backing_services`: the service starts when all are ready',
  mem_limit: plain('memory', memoryOf),
  cpus: plain('cpus'),
  scale: plain('replicas'),
  stop_grace_period: plain('stop_timeout_seconds', (given) => String(secondsOf(given) ?? 30)),
  logging: (given, _path, {local}) => {
    const {driver = 'json-file', options} = isMap(given) ? given : {};
    const more = isMap(options) ? `, options: ${flow(options as Record<string, string>)}` : '';
    local.push(`log: {driver: ${String(driver)}${more}}`);
    return '`log`';
  },
};

/** Takes every key of the service that is built. */
export function takeService(service: YamlMap, path: readonly string[], found: Found, file: YamlMap): void {
  for (const [key, given] of Object.entries(service)) {
    const fate = serviceKeys[key];
    const at = [...path, key];
    if (fate === undefined) found.record(at, unknown);
    else if ('reason' in fate) found.record(at, fate);
    else if ('option' in fate) {
      const words = optionWords(fate.option, key, given);
      found.options.push(...words);
      found.record(at, {as: words.length === 0 ? 'the default' : `docker_options: ${words.join(' ')}`});
    } else {
      const as = handlers[key]?.(given, at, found, file);
      if (as !== undefined) found.record(at, {as});
    }
  }
}

/** A key that no specification has. */
export const unknown = {reason: 'it is no key of the Compose specification'};

function recordEach(
  given: YamlMap,
  path: readonly string[],
  keys: Readonly<Record<string, Fate>>,
  {record}: Found,
  as: Readonly<Record<string, string>>,
): void {
  for (const key of Object.keys(given)) {
    const fate = keys[key];
    const became = as[key];
    if (fate !== undefined && 'reason' in fate) record([...path, key], fate);
    else record([...path, key], became === undefined ? unknown : {as: became});
  }
}

function takePorts(given: unknown, path: readonly string[], {top, local, record}: Found): string | undefined {
  const [port, ...others] = portsOf(given);
  if (port === undefined) {
    record(path, {reason: 'it names no port of TCP'});
    return undefined;
  }
  for (const one of others) record([...path, String(one.target)], {reason: 'a service has one port'});
  const isSet = top.some((line) => line.startsWith('port:')) || local.some((line) => line.startsWith('load_balancer:'));
  if (isSet) return '`port`, which is set already';
  if (port.target !== 3000) top.push(`port: ${port.target}`);
  const {published, address = '0.0.0.0'} = port;
  if (published === undefined) return `port: ${port.target}`;
  local.push(`load_balancer: {address: ${flowText(address)}, port: ${published}}`);
  return `port: ${port.target}, and load_balancer.port: ${published}`;
}

import {existsSync} from 'node:fs';
import {resolve} from 'node:path';
import {buildKeys, deployKeys, type Fate, healthKeys, serviceKeys} from './compose-keys.ts';
import {environmentOf, secondsOf, textsOf} from './compose-values.ts';
import {
  healthOf,
  hereOf,
  isMap,
  listOf,
  memoryOf,
  mountOf,
  optionWords,
  pairsOf,
  type Places,
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
  /** The port that was taken. */
  readonly port: {target?: number};
  readonly places: Places;
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
    const {environment, secrets, left} = environmentOf(pairsOf(given), true);
    Object.assign(found.environment, environment);
    Object.assign(found.secrets, secrets);
    for (const {name, reason} of left) found.record([...path, name], {reason});
    return '`environment` and `secrets`';
  },
  env_file: (given, path, {options, record, places}) => {
    for (const [index, one] of listOf(given).entries()) {
      const file = resolve(places.base, String(isMap(one) ? one['path'] : one));
      const here = hereOf(places.directory, file);
      if (isMap(one)) leaveRest(one, [...path, String(index)], ['path'], record);
      if (existsSync(file)) options.push('--env-file', here);
      else record([...path, String(index)], {reason: `${here} does not exist`});
    }
    return options.includes('--env-file') ? 'docker_options: --env-file, read where you deploy' : undefined;
  },
  labels: (given, _path, {labels}) => {
    for (const one of pairsOf(given)) {
      const [, name = '', value = ''] = /^([^=]*)=?([^]*)$/.exec(one) ?? [];
      labels[name] = value;
    }
    return '`labels`';
  },
  secrets: (given, path, {secrets, record}, file) => {
    for (const [index, one] of listOf(given).entries()) {
      const source = String(isMap(one) ? one['source'] : one);
      if (isMap(one)) leaveRest(one, [...path, String(index)], ['source'], record, 'a secret is a variable');
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
  volumes: (given, path, {local, options, record, places}) => {
    const volumes: Record<string, string> = {};
    for (const [index, one] of listOf(given).entries()) {
      const {target, volume, words, reason} = mountOf(one, places);
      if (volume !== undefined) volumes[volume] = target;
      options.push(...words);
      if (reason !== undefined) record([...path, target], {reason});
      if (isMap(one)) leaveRest(one, [...path, String(index)], ['type', 'source', 'target', 'read_only'], record);
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
    const context = resolve(found.places.base, String((isMap(given) ? given['context'] : given) ?? '.'));
    const as =
      context === resolve(found.places.directory)
        ? 'the directory of the service'
        : 'the directory in which init runs; `image.context` and `image.paths` add others';
    if (!isMap(given)) return as;
    const {environment, left} = textsOf(pairsOf(given['args']));
    if (Object.keys(environment).length > 0) found.top.push(`image: {args: ${flow(environment)}}`);
    for (const {name, reason} of left) found.record([...path, 'args', name], {reason});
    recordEach(given, path, buildKeys, found, {args: '`image.args`', context: as});
    return undefined;
  },
  deploy: (given, path, found, file) => {
    if (!isMap(given)) return 'nothing';
    const {replicas, labels, resources} = given;
    if (replicas !== undefined) found.local.push(`replicas: ${String(replicas)}`);
    if (labels !== undefined) handlers['labels']?.(labels, [...path, 'labels'], found, file);
    const limits = isMap(resources) && isMap(resources['limits']) ? resources['limits'] : {};
    if (limits['memory'] !== undefined) found.local.push(`memory: ${memoryOf(limits['memory'])}`);
    if (limits['cpus'] !== undefined) found.local.push(`cpus: ${String(limits['cpus'])}`);
    if (limits['pids'] !== undefined) found.options.push('--pids-limit', String(limits['pids']));
    leaveRest(limits, [...path, 'resources', 'limits'], ['memory', 'cpus', 'pids'], found.record);
    if (isMap(resources))
      leaveRest(resources, [...path, 'resources'], ['limits'], found.record, 'a host is not divided: limits hold');
    recordEach(given, path, deployKeys, found, {
      replicas: '`replicas`',
      labels: '`labels`',
      resources: 'the limits: `memory`, `cpus`',
    });
    return undefined;
  },
  depends_on: (given, path, {record}) => {
    for (const [name, one] of Object.entries(isMap(given) ? given : {})) {
      if (!isMap(one)) continue;
      const at = [...path, name];
      if (one['condition'] === 'service_completed_successfully')
        record([...at, 'condition'], {reason: 'a job is a task of tasks.ts, which deploys run `before` the switch'});
      leaveRest(one, at, ['condition'], record, 'a backing service starts before the service, and stays');
    }
    return '`backing_services`: the service starts when all are ready';
  },
  mem_limit: plain('memory', memoryOf),
  cpus: plain('cpus'),
  scale: plain('replicas'),
  stop_grace_period: plain('stop_timeout_seconds', (given) => String(secondsOf(given) ?? 30)),
  logging: (given, path, {local, record}) => {
    const {driver = 'json-file', options} = isMap(given) ? given : {};
    const more = isMap(options) ? `, options: ${flow(options)}` : '';
    local.push(`log: {driver: ${String(driver)}${more}}`);
    if (isMap(given)) leaveRest(given, path, ['driver', 'options'], record);
    return '`log`';
  },
};

/** Names the keys of a map that nothing has used. */
export function leaveRest(
  given: YamlMap,
  path: readonly string[],
  used: readonly string[],
  record: Found['record'],
  reason = 'no setting of deploy.yaml is like it',
): void {
  for (const key of Object.keys(given)) if (!used.includes(key)) record([...path, key], {reason});
}

/** Takes every key of the service that is built. */
export function takeService(service: YamlMap, path: readonly string[], found: Found, file: YamlMap): void {
  // `ports` says more than `expose`.
  const keys = Object.entries(service).toSorted(([a], [b]) => Number(a === 'expose') - Number(b === 'expose'));
  for (const [key, given] of keys) {
    const fate = serviceKeys[key];
    const at = [...path, key];
    if (fate === undefined) found.record(at, unknown);
    else if ('reason' in fate) found.record(at, fate);
    else if ('option' in fate) {
      const words = optionWords(fate.option, key, given);
      found.options.push(...(words ?? []));
      if (words === undefined) found.record(at, {reason: `write it as docker_options: ${fate.option}`});
      else found.record(at, {as: words.length === 0 ? 'the default' : `docker_options: ${words.join(' ')}`});
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

function takePorts(given: unknown, path: readonly string[], found: Found): string | undefined {
  const {top, local, record} = found;
  for (const [index, one] of listOf(given).entries())
    if (isMap(one)) leaveRest(one, [...path, String(index)], ['target', 'published', 'host_ip', 'protocol'], record);
  const ports = portsOf(given).flatMap((one) => {
    if (!('reason' in one)) return [one];
    record([...path, one.text], {reason: one.reason});
    return [];
  });
  // Of `expose`, what `ports` says already.
  const [port, ...others] = ports.filter(({target}) => path.at(-1) === 'ports' || target !== found.port.target);
  if (port === undefined) return found.port.target === undefined ? undefined : `port: ${found.port.target}`;
  const more = found.port.target === undefined ? others : [port, ...others];
  for (const one of more) record([...path, String(one.target)], {reason: 'a service has one port'});
  if (found.port.target !== undefined) return undefined;
  found.port.target = port.target;
  if (port.target !== 3000) top.push(`port: ${port.target}`);
  const {published, address = '0.0.0.0'} = port;
  if (published === undefined) return `port: ${port.target}`;
  local.push(`load_balancer: {address: ${flowText(address)}, port: ${published}}`);
  return `port: ${port.target}, and load_balancer.port: ${published}`;
}

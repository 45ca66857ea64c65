import {renderTemplate} from './go-template.ts';

// A simulated engine: containers, networks, volumes and images with their labels, and `lb` in the balancer.

export interface SimulatedEngine {
  readonly containers: Map<string, SimulatedContainer>;
  readonly networks: Map<string, Readonly<Record<string, string>>>;
  readonly volumes: Map<string, Readonly<Record<string, string>>>;
  readonly images: Set<string>;
}

interface SimulatedContainer {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly created: string;
  readonly ports: readonly string[];
  readonly networks: string;
  state: 'created' | 'running' | 'exited';
  retries: number;
  /** Standard input of `lb config`, by service. */
  readonly fragments: Map<string, string>;
}

export interface Answer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** How long it takes, as measured on a machine of the test fleet. */
  readonly ms: number;
}

export const newEngine = (): SimulatedEngine => ({
  containers: new Map(),
  networks: new Map(),
  volumes: new Map(),
  images: new Set(),
});

const ok = (ms: number, stdout = ''): Answer => ({code: 0, stdout, stderr: '', ms});
const failed = (ms: number, stderr: string): Answer => ({code: 1, stdout: '', stderr: `${stderr}\n`, ms});

/** Measured: an idle `docker` call 30 ms, `run` 430, `stop` 280, a pull of a changed layer 180, until healthy 350. */
export function answer(engine: SimulatedEngine, words: readonly string[], input: string): Answer {
  const [verb = '', second = ''] = words;
  switch (verb) {
    case 'version':
      return ok(
        30,
        format(words, {Server: {Version: '26.1.5', Os: 'linux', Arch: 'amd64'}, Client: {Version: '26.1.5'}}),
      );
    case 'info':
      return ok(
        40,
        format(words, {
          SystemTime: new Date().toISOString(),
          ServerVersion: '26.1.5',
          Driver: 'overlay2',
          LoggingDriver: 'json-file',
          Plugins: {Log: ['json-file', 'syslog']},
        }),
      );
    case 'pull':
      return pull(engine, words.at(-1) ?? '');
    case 'ps':
      return list(
        words,
        [...engine.containers.values()].filter((one) => matches(words, one.name, one.labels)).map(psFacts),
        30,
      );
    case 'run':
    case 'create':
      return make(engine, words);
    case 'start':
      return change(engine, words.slice(1), 250, (container) => void (container.state = 'running'));
    case 'stop':
      return change(
        engine,
        valuesOf(words, ['--time', '--timeout', '-t']),
        280,
        (container) => void (container.state = 'exited'),
      );
    case 'rm':
      return remove(engine, valuesOf(words, []));
    case 'update':
      return change(
        engine,
        valuesOf(words, ['--restart']),
        30,
        (container) => void (container.retries = Number(/:(\d+)$/.exec(flag(words, '--restart'))?.[1] ?? 0)),
      );
    case 'rename':
      return ok(30);
    case 'inspect':
      return inspect(engine, words, valuesOf(words, ['--format', '--type', '-f']));
    case 'port':
      return engine.containers.has(second)
        ? ok(30, '0.0.0.0:8080\n')
        : failed(30, `Error: No such container: ${second}`);
    case 'logs':
      return ok(30);
    case 'exec':
      return execute(engine, valuesOf(words, ['--user', '--env']), input);
    case 'network':
      return things(engine.networks, words);
    case 'volume':
      return things(engine.volumes, words);
    case 'image':
    case 'images':
      return images(engine, words);
    default:
      return {code: 125, stdout: '', stderr: `the simulated engine does not know: docker ${words.join(' ')}\n`, ms: 30};
  }
}

const valued = new Set([
  '--name',
  '--network',
  '--label',
  '--env',
  '--env-file',
  '--publish',
  '--restart',
  '--stop-timeout',
  '--memory',
  '--cpus',
  '--volume',
  '--log-driver',
  '--log-opt',
  '--user',
  '--entrypoint',
  '--network-alias',
  '--cap-drop',
  '--cap-add',
  '--security-opt',
  '--hostname',
  '--add-host',
  '--tmpfs',
  '--mount',
  '--ulimit',
  '--pids-limit',
  '--pid',
  '--sysctl',
  '--cidfile',
  '--pull',
  '--platform',
  '--init',
]);

/** Words that are neither flags nor their values, without the verb. */
function valuesOf(words: readonly string[], flags: readonly string[]): string[] {
  return words.slice(1).filter((word, index, rest) => !word.startsWith('-') && !flags.includes(rest[index - 1] ?? ''));
}

const flag = (words: readonly string[], name: string): string => flagsOf(words, name)[0] ?? '';

function flagsOf(words: readonly string[], name: string): string[] {
  return words.flatMap((word, index) =>
    word === name ? [words[index + 1] ?? ''] : word.startsWith(`${name}=`) ? [word.slice(name.length + 1)] : [],
  );
}

const pairsOf = (texts: readonly string[]): Record<string, string> =>
  Object.fromEntries(texts.map((text) => [text.split('=')[0] ?? '', text.slice(text.indexOf('=') + 1)]));

const format = (words: readonly string[], facts: Readonly<Record<string, unknown>>): string =>
  `${renderTemplate(flag(words, '--format') || flag(words, '-f'), facts)}\n`;

function matches(words: readonly string[], name: string, labels: Readonly<Record<string, string>>): boolean {
  return flagsOf(words, '--filter').every((filter) => {
    if (filter.startsWith('name=')) return new RegExp(filter.slice(5)).test(name);
    if (!filter.startsWith('label=')) return true;
    const [key = '', value] = filter.slice(6).split('=');
    return value === undefined ? key in labels : labels[key] === value;
  });
}

const list = (words: readonly string[], facts: readonly Readonly<Record<string, unknown>>[], ms: number): Answer =>
  ok(ms, facts.map((one) => (words.includes('--quiet') ? `${String(one['ID'])}\n` : format(words, one))).join(''));

function psFacts({
  id,
  name,
  image,
  labels,
  state,
  created,
  networks,
}: SimulatedContainer): Readonly<Record<string, unknown>> {
  return {
    ID: id,
    Names: name,
    State: state,
    Networks: networks,
    Status: state === 'running' ? 'Up 5 minutes' : state,
    Image: image,
    Labels: labels,
    CreatedAt: created,
    Ports: '',
  };
}

function pull(engine: SimulatedEngine, image: string): Answer {
  const known = engine.images.has(image);
  engine.images.add(image);
  return ok(known ? 70 : 180, `${image}\n`);
}

function make(engine: SimulatedEngine, words: readonly string[]): Answer {
  const at = words.findIndex(
    (word, index) => index > 0 && !word.startsWith('-') && !valued.has(words[index - 1] ?? ''),
  );
  const [image = ''] = words.slice(at);
  const flags = words.slice(0, at);
  const name = flag(flags, '--name');
  if (engine.containers.has(name))
    return {
      code: 125,
      stdout: '',
      stderr: `docker: Error response from daemon: Conflict. The container name "/${name}" is already in use.\n`,
      ms: 60,
    };
  const id = [...`${name}${engine.containers.size}${Math.random()}`]
    .map((letter) => letter.charCodeAt(0).toString(16))
    .join('')
    .padEnd(64, '0')
    .slice(0, 64);
  if (flags.includes('--rm')) return ok(900);
  engine.containers.set(name, {
    id,
    name,
    image,
    labels: pairsOf(flagsOf(flags, '--label')),
    created: new Date().toISOString(),
    ports: flagsOf(flags, '--publish'),
    networks: flag(flags, '--network'),
    state: words[0] === 'create' ? 'created' : 'running',
    retries: 0,
    fragments: new Map(),
  });
  return ok(words[0] === 'create' ? 80 : 430, `${id}\n`);
}

// Several at once take hardly longer than one.
function change(
  engine: SimulatedEngine,
  names: readonly string[],
  ms: number,
  act: (container: SimulatedContainer) => void,
): Answer {
  const missing = names.filter((name) => !engine.containers.has(name));
  for (const name of names) {
    const container = engine.containers.get(name);
    if (container !== undefined) act(container);
  }
  return missing.length === 0
    ? ok(ms, `${names.join('\n')}\n`)
    : failed(30, `Error response from daemon: No such container: ${missing.join(', ')}`);
}

function remove(engine: SimulatedEngine, names: readonly string[]): Answer {
  const gone = names.filter(
    (name) =>
      engine.containers.delete(name) ||
      [...engine.containers.values()].some((one) => one.id === name && engine.containers.delete(one.name)),
  );
  return ok(gone.length === 0 ? 30 : 60, names.length === 0 ? '' : `${names.join('\n')}\n`);
}

function inspect(engine: SimulatedEngine, words: readonly string[], names: readonly string[]): Answer {
  const found = names.map(
    (name) => engine.containers.get(name) ?? [...engine.containers.values()].find(({id}) => id === name),
  );
  const missing = names.filter((_, index) => found[index] === undefined);
  const text = found
    .filter((one) => one !== undefined)
    .map((one) =>
      format(words, {
        Id: one.id,
        Name: `/${one.name}`,
        Image: one.image,
        Created: one.created,
        Config: {Labels: one.labels, Image: one.image, Env: []},
        State: {Status: one.state, Running: one.state === 'running', StartedAt: one.created},
        HostConfig: {RestartPolicy: {Name: 'always', MaximumRetryCount: one.retries}},
        NetworkSettings: {Networks: {}},
      }),
    )
    .join('');
  return missing.length === 0
    ? ok(30, text)
    : {...failed(30, `Error: No such object: ${missing.join(', ')}`), stdout: text};
}

function things(all: Map<string, Readonly<Record<string, string>>>, words: readonly string[]): Answer {
  const [, verb = ''] = words;
  const names = valuesOf(words.slice(1), ['--label', '--filter', '--format', '--subnet', '--driver', '--opt', '-f']);
  if (verb === 'create') {
    const name = names[0] ?? '';
    if (all.has(name)) return failed(30, `Error response from daemon: network with name ${name} already exists`);
    all.set(name, pairsOf(flagsOf(words, '--label')));
    return ok(120, `${name}\n`);
  }
  if (verb === 'rm') {
    for (const name of names) all.delete(name);
    return ok(60);
  }
  if (verb === 'inspect') {
    const [name = ''] = names;
    return all.has(name)
      ? ok(30, format(words, {Name: name, Labels: all.get(name)}))
      : failed(30, `Error: No such ${words[0]}: ${name}`);
  }
  return list(
    words,
    [...all]
      .filter(([name, labels]) => matches(words, name, labels))
      .map(([name, labels]) => ({Name: name, Labels: labels})),
    30,
  );
}

function images(engine: SimulatedEngine, words: readonly string[]): Answer {
  if (words[1] === 'rm') return ok(100);
  if (words[1] !== 'inspect') return ok(30);
  const names = valuesOf(words.slice(1), ['--format', '-f']);
  const missing = names.find((name) => !engine.images.has(name));
  if (missing !== undefined) return failed(30, `Error: No such image: ${missing}`);
  return list(
    words,
    names.map((name) => ({
      Id: `sha256:${'0'.repeat(64)}`,
      RepoDigests: [name],
      Os: 'linux',
      // A host says its own: the scripts run here.
      Architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      Config: {Labels: {'entrypoint.git_commit_hash': 'abc', 'entrypoint.service_name': 'simulated'}},
    })),
    30,
  );
}

function execute(engine: SimulatedEngine, [name = '', ...words]: readonly string[], input: string): Answer {
  const container = engine.containers.get(name);
  if (container?.state !== 'running') return failed(30, `Error response from daemon: No such container: ${name}`);
  const [program = '', verb = '', ...rest] = words;
  if (program === 'sh' && verb === '-c') return switchAndRecord(container, rest[0] ?? '', input);
  if (program !== 'lb') return ok(70);
  const service = rest.find((word) => !word.startsWith('-')) ?? '';
  switch (verb) {
    case 'config':
      container.fragments.set(service, input);
      return ok(180);
    case 'fragment':
      return ok(80, container.fragments.get(service) ?? '');
    case 'services':
      return ok(80, [...container.fragments.keys()].map((one) => `${one}\n`).join(''));
    case 'start':
      return ok(350);
    case 'switch':
    case 'idle':
    case 'drain':
      return ok(110);
    default:
      return ok(80);
  }
}

/** The three steps of a switch in one shell: `lb switch ... </dev/null && lb config --no-reload NAME && lb drain ...`. */
function switchAndRecord(container: SimulatedContainer, script: string, input: string): Answer {
  const steps = script.split(' && ');
  const service = steps
    .find((step) => step.startsWith('lb config '))
    ?.split(' ')
    .at(-1);
  if (service !== undefined) container.fragments.set(service, input);
  return ok(70 + 40 * steps.length);
}

import {type Command, quote, type SecretReference, type Words, wordsText} from '../shell/argv.ts';

/** What a container is started with. Everything is optional but its image. */
export interface ContainerOptions {
  readonly image: string;
  readonly name?: string | undefined;
  readonly network?: string | undefined;
  readonly aliases?: readonly string[];
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Reach the container through the client's environment: `--env NAME` without a value. */
  readonly secrets?: Readonly<Record<string, SecretReference>> | undefined;
  readonly labels?: Readonly<Record<string, string>>;
  /** `host address:host port:container port` */
  readonly publish?: readonly string[];
  /** `name:/path` */
  readonly volumes?: readonly string[];
  readonly log?: LogDriverOptions | undefined;
  readonly restart?: 'no' | 'always' | undefined;
  readonly memory?: string | undefined;
  readonly cpus?: number | undefined;
  readonly stopSeconds?: number | undefined;
  /** Number or name, `user:group`. */
  readonly user?: string | undefined;
  readonly entrypoint?: string | undefined;
  readonly readOnly?: boolean | undefined;
  readonly tmpfs?: readonly string[] | undefined;
  /** All of them, and no way to new privileges. */
  readonly dropCapabilities?: boolean | undefined;
  readonly addCapabilities?: readonly string[] | undefined;
  /** Memory and swap together. */
  readonly memorySwap?: string | undefined;
  readonly pidsLimit?: number | undefined;
  /** The container whose processes it sees. */
  readonly pidOf?: string | undefined;
  /** `name:address` */
  readonly hosts?: readonly string[] | undefined;
  /** Further words for docker, as they are. */
  readonly options?: Words | undefined;
  /** Task and its words, after the image. */
  readonly command?: Words;
}

export interface LogDriverOptions {
  readonly driver: string;
  readonly options?: Readonly<Record<string, string>> | undefined;
}

/** `docker run`: detached, or in the foreground and removed when it ends, or in the foreground and kept. */
export function dockerRun(facts: ContainerOptions, how: 'detached' | 'foreground' | 'kept'): Command {
  const flags = {detached: ['--detach'], foreground: ['--rm'], kept: []}[how];
  return {
    words: ['docker', 'run', ...confinementWords(facts), ...flags, ...containerWords(facts)],
    secrets: facts.secrets,
  };
}

/** As whom it runs, what it may do, and what it sees of others. */
function confinementWords({
  user,
  readOnly,
  tmpfs = [],
  dropCapabilities,
  addCapabilities = [],
  memorySwap,
  pidsLimit,
  pidOf,
  entrypoint,
  hosts = [],
}: ContainerOptions): Words {
  return [
    ...option('--user', user),
    ...(readOnly === true ? ['--read-only'] : []),
    ...tmpfs.flatMap((path) => ['--tmpfs', path]),
    ...(dropCapabilities === true ? ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'] : []),
    ...addCapabilities.flatMap((name) => ['--cap-add', name]),
    ...option('--memory-swap', memorySwap),
    ...option('--pids-limit', pidsLimit?.toString()),
    ...option('--pid', pidOf === undefined ? undefined : `container:${pidOf}`),
    ...option('--entrypoint', entrypoint),
    ...hosts.flatMap((host) => ['--add-host', host]),
  ];
}

function containerWords(facts: ContainerOptions): Words {
  return [
    ...option('--name', facts.name),
    ...option('--network', facts.network),
    ...(facts.aliases ?? []).flatMap((alias) => ['--network-alias', alias]),
    ...option('--restart', facts.restart),
    ...option('--stop-timeout', facts.stopSeconds?.toString()),
    ...option('--memory', facts.memory),
    ...option('--cpus', facts.cpus?.toString()),
    ...(facts.publish ?? []).flatMap((text) => ['--publish', text]),
    ...(facts.volumes ?? []).flatMap((text) => ['--volume', text]),
    ...(facts.log === undefined ? [] : logWords(facts.log)),
    ...pairs('--label', facts.labels),
    ...pairs('--env', facts.environment),
    ...Object.keys(facts.secrets ?? {}).flatMap((name) => ['--env', name]),
    ...(facts.options ?? []),
    facts.image,
    ...(facts.command ?? []),
  ];
}

function logWords({driver, options}: LogDriverOptions): Words {
  return ['--log-driver', driver, ...pairs('--log-opt', options)];
}

function option(flag: string, value: string | undefined): Words {
  return value === undefined ? [] : [flag, value];
}

function pairs(flag: string, values: Readonly<Record<string, string>> | undefined): Words {
  return Object.entries(values ?? {}).flatMap(([name, value]) => [flag, `${name}=${value}`]);
}

/** A container that does not run yet, or never does. */
export function dockerCreate(facts: ContainerOptions): Command {
  return {words: ['docker', 'create', ...confinementWords(facts), ...containerWords(facts)], secrets: facts.secrets};
}

export const dockerStart = (...names: string[]): Words => ['docker', 'start', ...names];

/** SIGTERM, then SIGKILL after `seconds`. */
export const dockerStop = (seconds: number, ...names: string[]): Words => [
  'docker',
  'stop',
  '--time',
  String(seconds),
  ...names,
];

/** Kills and removes, with the containers' anonymous volumes. */
export const dockerRemove = (...names: string[]): Words => ['docker', 'rm', '--force', '--volumes', ...names];

/** The same for all that have these labels; none is no failure. */
export const dockerRemoveLabelled = (labels: Readonly<Record<string, string>>): Words => [
  'sh',
  '-c',
  `names=$(${wordsText(['docker', 'ps', '--all', '--quiet', ...pairs('--filter', prefixed('label=', labels))])}) && [ -z "$names" ] || docker rm --force --volumes $names`,
];

export const dockerUpdateRestart = (policy: 'no' | 'always', ...names: string[]): Words => [
  'docker',
  'update',
  '--restart',
  policy,
  ...names,
];

export const dockerExec = (name: string, words: Words): Words => ['docker', 'exec', name, ...words];

/** `docker exec` that reads `stdin`. */
export const dockerExecFed = (name: string, words: Words, stdin: string): Command => ({
  words: ['docker', 'exec', '--interactive', name, ...words],
  stdin,
});

export function dockerLogs(name: string, {tail, follow = false}: {tail?: number | undefined; follow?: boolean}): Words {
  return ['docker', 'logs', ...(follow ? ['--follow'] : []), ...option('--tail', tail?.toString()), name];
}

/** Containers with all these labels, whatever their value where none is given, running or not, one a line as `format` says. */
export function dockerPs(labels: Readonly<Record<string, string | undefined>>, format: string): Words {
  const filters = Object.entries(labels).flatMap(([name, value]) => [
    '--filter',
    `label=${name}${value === undefined ? '' : `=${value}`}`,
  ]);
  return ['docker', 'ps', '--all', '--no-trunc', ...filters, '--format', format];
}

function prefixed(prefix: string, values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}

/** The host address of a container's port: `127.0.0.1:49153`. */
export const dockerPort = (name: string, port: number): Words => ['docker', 'port', name, `${port}/tcp`];

/** Copies a directory's content (`/path/.`) or a file out of a container, running or not. */
export const dockerCopyOut = (name: string, path: string, to: string): Words => ['docker', 'cp', `${name}:${path}`, to];

export const dockerInspect = (name: string, format: string): Words => ['docker', 'inspect', '--format', format, name];

export const dockerNetworkCreate = (name: string, labels: Readonly<Record<string, string>>): Words => [
  'docker',
  'network',
  'create',
  ...pairs('--label', labels),
  name,
];

/** Where it is connected already, that is no failure. */
export const dockerNetworkConnect = (network: string, container: string): Words => [
  'sh',
  '-c',
  `docker inspect --format '{{range $name, $_ := .NetworkSettings.Networks}}{{println $name}}{{end}}' ${quote(container)} | grep -qxF ${quote(network)} || ${wordsText(['docker', 'network', 'connect', network, container])}`,
];

export const dockerNetworkRemove = (name: string): Words => ['docker', 'network', 'rm', name];

export const dockerNetworkList = (name: string): Words => [
  'docker',
  'network',
  'ls',
  '--filter',
  `name=^${name}$`,
  '--format',
  '{{.Name}}',
];

const dockerVolumeNames = (labels: Readonly<Record<string, string>>): Words => [
  'docker',
  'volume',
  'ls',
  '--quiet',
  ...pairs('--filter', prefixed('label=', labels)),
];

/** Every volume, one a line as `format` says. */
export const dockerVolumeTable = (format: string): Words => ['docker', 'volume', 'ls', '--format', format];

/** Volumes with these labels, one a line as `format` says, with all that `docker volume inspect` knows. */
export const dockerVolumeDescriptions = (labels: Readonly<Record<string, string>>, format: string): Words => [
  'sh',
  '-c',
  `names=$(${wordsText(dockerVolumeNames(labels))}) && [ -z "$names" ] || ${wordsText(['docker', 'volume', 'inspect', '--format', format])} $names`,
];

export const dockerVolumeCreate = (name: string, labels: Readonly<Record<string, string>>): Words => [
  'docker',
  'volume',
  'create',
  ...pairs('--label', labels),
  name,
];

export const dockerVolumeRemove = (...names: string[]): Words => ['docker', 'volume', 'rm', '--force', ...names];

export const dockerPull = (image: string): Words => ['docker', 'pull', '--quiet', image];

export const dockerPush = (image: string): Words => ['docker', 'push', '--quiet', image];

export const dockerTag = (image: string, name: string): Words => ['docker', 'tag', image, name];

/** Where nothing uses it any more; where something does, it stays, and that is no failure. */
export const dockerImageRemove = (image: string): Words => [
  'sh',
  '-c',
  `${wordsText(['docker', 'image', 'rm', image])} >/dev/null 2>&1 || :`,
];

export const dockerImageInspect = (format: string, image: string): Words => [
  'docker',
  'image',
  'inspect',
  '--format',
  format,
  image,
];

/** What `docker build` needs to know. */
export interface DockerBuildOptions {
  readonly context: string;
  readonly tags: readonly string[];
  readonly file?: string | undefined;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Files that the build may read and that no layer keeps: `id` to path. */
  readonly secretFiles?: Readonly<Record<string, string>>;
  readonly noCache?: boolean;
}

export function dockerBuild(
  facts: DockerBuildOptions,
  client: {readonly build: Words; readonly env: Readonly<Record<string, string>>},
): Command {
  const words = [
    ...client.build,
    ...option('--file', facts.file),
    ...facts.tags.flatMap((tag) => ['--tag', tag]),
    ...pairs('--build-arg', facts.buildArgs),
    ...pairs('--label', facts.labels),
    ...Object.entries(facts.secretFiles ?? {}).flatMap(([id, path]) => ['--secret', `id=${id},src=${path}`]),
    ...(facts.noCache === true ? ['--no-cache'] : []),
    facts.context,
  ];
  return {words, env: client.env};
}

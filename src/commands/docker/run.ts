import {type Command, type SecretReference, type Words, wordsText} from '../../shell/argv.ts';
import {flag, pairs} from './flags.ts';
import {createWithSecrets, logSecretVariables, markedOptions} from './log-secrets.ts';

/** How a container is started. Only the image is required. */
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
  /** From SIGTERM to SIGKILL. */
  readonly stopSeconds?: number | undefined;
  /** Number or name, `user:group`. */
  readonly user?: string | undefined;
  readonly entrypoint?: string | undefined;
  readonly readOnly?: boolean | undefined;
  readonly tmpfs?: readonly string[] | undefined;
  /** Drops all capabilities and forbids new privileges. */
  readonly dropCapabilities?: boolean | undefined;
  readonly addCapabilities?: readonly string[] | undefined;
  /** Memory and swap together. */
  readonly memorySwap?: string | undefined;
  readonly pidsLimit?: number | undefined;
  /** Name of the container whose process namespace is shared. */
  readonly pidOf?: string | undefined;
  /** `name:address` */
  readonly hosts?: readonly string[] | undefined;
  /** What docker runs to ask whether the container is healthy: a command line for its shell. */
  readonly healthCheck?: {readonly command: string; readonly startSeconds: number} | undefined;
  /** Further options of `docker run`, passed through. */
  readonly options?: Words | undefined;
  /** The task and its arguments, after the image. */
  readonly command?: Words;
}

/** Docker's log driver for a container. */
export interface LogDriverOptions {
  readonly driver: string;
  readonly options?: Readonly<Record<string, string>> | undefined;
  /** Options that reach the engine without being words of a command. @see createWithSecrets */
  readonly secrets?: Readonly<Record<string, SecretReference>> | undefined;
}

/**
 * `docker run`. `detached` returns at once; `foreground` removes the container when it exits; `kept` runs in the
 * foreground and keeps it.
 * @example
 * await context.run(dockerRun({image: 'buy-service:dev', command: ['migrate']}, 'foreground'));
 */
export function dockerRun(options: ContainerOptions, how: 'detached' | 'foreground' | 'kept'): Command {
  if (Object.keys(options.log?.secrets ?? {}).length > 0) return runWithLogSecrets(options);
  const flags = {detached: ['--detach'], foreground: ['--rm'], kept: []}[how];
  return {
    words: ['docker', 'run', ...confinementWords(options), ...flags, ...containerWords(options)],
    secrets: options.secrets,
  };
}

/** Detached, which is how services with a log driver run. */
function runWithLogSecrets(options: ContainerOptions): Command {
  return {
    words: ['sh', '-c', `${createText(options)}; docker start "$id" >/dev/null || exit 125`],
    secrets: createSecrets(options),
  };
}

/** Shell text that creates a container and sets `id`. Its variables have the secrets. */
export function createText({name, log, ...options}: ContainerOptions): string {
  const secrets = log?.secrets ?? {};
  const count = Object.keys(secrets).length;
  if (log === undefined || count === 0)
    return `id=$(${wordsText(dockerCreate({...options, name, log}).words)}) || exit 125`;
  const marked = {driver: log.driver, options: {...log.options, ...markedOptions(secrets)}};
  return createWithSecrets(wordsText(dockerCreate({...options, log: marked}).words), name, count);
}

/** The secrets of a container's variables and of its log driver, for {@link createText}. */
export const createSecrets = ({secrets, log}: ContainerOptions): Record<string, SecretReference> => ({
  ...secrets,
  ...logSecretVariables(log?.secrets ?? {}),
});

/** Creates a container without starting it. */
export function dockerCreate(options: ContainerOptions): Command {
  return {
    words: ['docker', 'create', ...optionWords(options)],
    secrets: options.secrets,
  };
}

/** User, privileges, limits and namespaces. */
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
    ...flag('--user', user),
    ...(readOnly === true ? ['--read-only'] : []),
    ...tmpfs.flatMap((path) => ['--tmpfs', path]),
    ...(dropCapabilities === true ? ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'] : []),
    ...addCapabilities.flatMap((name) => ['--cap-add', name]),
    ...flag('--memory-swap', memorySwap),
    ...flag('--pids-limit', pidsLimit?.toString()),
    ...flag('--pid', pidOf === undefined ? undefined : `container:${pidOf}`),
    ...flag('--entrypoint', entrypoint),
    ...hosts.flatMap((host) => ['--add-host', host]),
  ];
}

/** All words of `docker run` and `docker create` behind the command. */
export const optionWords = (options: ContainerOptions): Words => [
  ...confinementWords(options),
  ...containerWords(options),
];

function containerWords(options: ContainerOptions): Words {
  return [
    ...flag('--name', options.name),
    ...flag('--network', options.network),
    ...(options.aliases ?? []).flatMap((alias) => ['--network-alias', alias]),
    ...flag('--restart', options.restart),
    ...flag('--stop-timeout', options.stopSeconds?.toString()),
    ...flag('--memory', options.memory),
    ...flag('--cpus', options.cpus?.toString()),
    ...(options.publish ?? []).flatMap((text) => ['--publish', text]),
    ...(options.volumes ?? []).flatMap((text) => ['--volume', text]),
    ...(options.log === undefined ? [] : logWords(options.log)),
    ...pairs('--label', options.labels),
    ...pairs('--env', options.environment),
    ...Object.keys(options.secrets ?? {}).flatMap((name) => ['--env', name]),
    ...healthWords(options),
    ...(options.options ?? []),
    options.image,
    ...(options.command ?? []),
  ];
}

const healthWords = ({healthCheck}: ContainerOptions): Words =>
  healthCheck === undefined
    ? []
    : [
        ['--health-cmd', healthCheck.command],
        ['--health-interval', '10s'],
        ['--health-timeout', '10s'],
        ['--health-start-period', `${Math.ceil(healthCheck.startSeconds)}s`],
      ].flat();

/** The log driver of a container. A secret option is none of its words. */
export function logWords({driver, options}: LogDriverOptions): Words {
  return ['--log-driver', driver, ...pairs('--log-opt', options)];
}

import type {DeclaredNames} from '../../config/service/index.ts';
import {usageProblem} from '../../errors.ts';
import {
  aliveEnvironment,
  anyAnswer,
  type DeclaredHealth,
  type HealthCheck,
  healthCheckOf,
  type HostSettings,
  pathCheck,
  serviceHealth,
  withHeadersOf,
} from '../../service/schema/health-check.ts';
import type {SecretReference, Words} from '../../shell/argv.ts';
import {type ImageFacts, isOwnImage} from './facts.ts';

/** The service that the image contains, and how to run and reach it. */
export interface ServiceUnderTest {
  /** Image id, or name with digest: a tag could move during the check. */
  readonly image: string;
  /** The image's name as the user gave it. */
  readonly name: string;
  /** Arguments after the image in `docker run` that start the service. */
  readonly command: Words;
  readonly port: number;
  /** Readiness: how it shows that it can take traffic. */
  readonly health: HealthCheck;
  /** Seconds within which it must answer after its start. */
  readonly startSeconds: number;
  /** Liveness path: answers while the process is alive, whether or not its backing services are. */
  readonly alive: string;
  /** A path that takes about two seconds to answer, if there is one. */
  readonly slow: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  /** What HEALTHCHECK of the project's images reads. */
  readonly healthVariables: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, SecretReference>>;
  /** What the service declares (docs/config.md); undefined: nothing. */
  readonly declared?: DeclaredNames | undefined;
  /** Names of the backing services on the network. */
  readonly backing: readonly string[];
  /** Network of all containers of the check, and the prefix of their names. */
  readonly network: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Image with node and sh in which the probes run. */
  readonly helper: string;
}

/** Seconds from SIGTERM to SIGKILL. Docker's default. */
export const graceSeconds = 10;

/** Seconds within which a service must answer after its start, if nothing says otherwise. */
export const usualStartSeconds = 20;

/** The options of `entrypoint check` that describe the service. */
export interface ServiceOptions {
  readonly image?: string | undefined;
  readonly env: readonly string[];
  readonly command?: string | undefined;
  readonly port?: number | undefined;
  /** A path. */
  readonly health?: string | undefined;
  readonly tcp?: boolean | undefined;
  readonly startTimeout?: number | undefined;
  readonly alive?: string | undefined;
  readonly slowPath?: string | undefined;
  readonly helper: string;
}

/** The settings of deploy.yaml that describe the service. */
export interface ServiceSettings {
  readonly port: number;
  readonly health: DeclaredHealth;
  readonly environments: Readonly<
    Record<string, {readonly load_balancer: HostSettings; readonly ready_timeout_seconds: number}>
  >;
  readonly check: {
    readonly alive: string;
    readonly start_timeout_seconds?: number | undefined;
    readonly slow_path?: string | undefined;
  };
  readonly test_integration: Pick<ServiceUnderTest, 'environment' | 'secrets'> & {
    readonly backing_services: Readonly<Record<string, unknown>>;
  };
}

/** What {@link describeService} merges. */
export interface DescribeOptions {
  readonly facts: ImageFacts;
  /** Image to run, as in {@link ServiceUnderTest}. */
  readonly image: string;
  readonly settings: ServiceSettings;
  readonly serviceName: string;
  readonly values: ServiceOptions;
  /** What the service in this directory declares. */
  readonly declared?: DeclaredNames | undefined;
  readonly network: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Describes the service to check. Merges the options with deploy.yaml, which counts only where the image belongs to the
 * service in this directory. Options override deploy.yaml.
 * @throws Problem `usage` for an `--env` that is not a variable, and for `--tcp` with `--health`
 * @example
 * const {name, deployFile: settings} = await readService(context);
 * const facts = await readImageFacts(context.run, image);
 * const values = {env: [], helper: 'entrypoint/base:26'};
 * const subject = describeService({facts, image, settings, serviceName: name, values, network: 'check', labels: {}});
 */
export function describeService({
  facts,
  image,
  settings,
  serviceName,
  values,
  declared,
  network,
  labels,
}: DescribeOptions): ServiceUnderTest & {readonly isOurs: boolean} {
  const isOurs = values.image === undefined || belongsTo(values.image, facts, serviceName);
  const own = isOwnImage(facts);
  const given = variables(values.env);
  const health = healthOf(settings, values, isOurs);
  const alive = values.alive ?? (isOurs ? settings.check.alive : '/healthz');
  return {
    isOurs,
    image,
    network,
    labels,
    name: values.image ?? image,
    command:
      values.command === undefined ? (own ? ['run'] : []) : values.command.split(/\s+/).filter((word) => word !== ''),
    port: values.port ?? (isOurs ? settings.port : undefined) ?? facts.ports[0] ?? 3000,
    health,
    startSeconds: values.startTimeout ?? (isOurs ? startSecondsOf(settings) : usualStartSeconds),
    alive,
    slow: values.slowPath ?? (isOurs ? settings.check.slow_path : undefined),
    environment: {...(isOurs ? settings.test_integration.environment : {}), ...given.environment},
    healthVariables: isOurs ? aliveEnvironment(health, alive) : {},
    secrets: {...(isOurs ? settings.test_integration.secrets : {}), ...given.secrets},
    ...(isOurs && declared !== undefined ? {declared: withoutThose(declared, facts.environment)} : {}),
    backing: isOurs ? Object.keys(settings.test_integration.backing_services) : [],
    helper: values.helper,
  };
}

/** What the image sets itself is never missing. */
function withoutThose({required, secrets}: DeclaredNames, set: ImageFacts['environment']): DeclaredNames {
  return {secrets, required: required.filter((name) => (set[name] ?? '') === '')};
}

function healthOf(settings: ServiceSettings, {health, tcp}: ServiceOptions, isOurs: boolean): HealthCheck {
  if (health !== undefined && tcp === true)
    throw usageProblem('--tcp and --health exclude each other', 'leave one of them out');
  if (tcp === true) return {kind: 'tcp'};
  if (isOurs) {
    const declared = serviceHealth(settings);
    if (health === undefined) return declared;
    return withHeadersOf(pathCheck(health), declared.kind === 'http' ? declared : healthCheckOf(health, undefined));
  }
  return health === undefined
    ? {...pathCheck('/'), headers: {host: 'localhost'}, status: anyAnswer}
    : healthCheckOf(health, undefined);
}

/** As long as a deploy would wait. */
const startSecondsOf = ({check, environments}: ServiceSettings): number =>
  check.start_timeout_seconds ??
  Math.max(usualStartSeconds, ...Object.values(environments).map((one) => one.ready_timeout_seconds));

/** By the image's label, else by the last part of its name: `registry:5000/team/buy-service:1.4@sha256:...`. */
function belongsTo(name: string, {labels}: ImageFacts, serviceName: string): boolean {
  const label = labels['entrypoint.service_name'];
  if (label) return label === serviceName;
  return (
    name
      .replace(/@.*$/, '')
      .replace(/:[^:/]*$/, '')
      .split('/')
      .at(-1) === serviceName
  );
}

/**
 * Parses `NAME=value`, or `NAME` for a secret that is read from our own environment and appears in no command.
 * @throws Problem `usage` that does not repeat the text: it can be a secret
 */
function variables(texts: readonly string[]): Pick<ServiceUnderTest, 'environment' | 'secrets'> {
  const environment: Record<string, string> = {};
  const secrets: Record<string, SecretReference> = {};
  for (const text of texts) {
    const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)(?:=([^]*))?$/.exec(text) ?? [];
    if (name === undefined)
      throw usageProblem('--env is not of the form NAME=value or NAME', "for example --env='LOG_LEVEL=info'");
    if (value === undefined) secrets[name] = {env: name};
    else environment[name] = value;
  }
  return {environment, secrets};
}

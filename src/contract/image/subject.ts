import {usageProblem} from '../../errors.ts';
import type {SecretReference, Words} from '../../shell/argv.ts';
import {type ImageFacts, isOwnImage} from './facts.ts';

/** What is checked, and what it needs to run. */
export interface Subject {
  /** An id or a name with its digest: it cannot move while the check goes on. */
  readonly image: string;
  /** What the user called it. */
  readonly name: string;
  /** Words after the image that serve. */
  readonly command: Words;
  /** Where the service listens. */
  readonly port: number;
  /** Answers when the service may get traffic. */
  readonly health: string;
  /** With a path that the service's file or the user named, 200 is asked for; else any answer below 500 will do. */
  readonly healthIsDeclared: boolean;
  /** Answers while the process is alive, its backing services present or not. */
  readonly alive: string;
  /** A path that takes some two seconds to answer, where there is one. */
  readonly slow: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, SecretReference>>;
  /** Names of the backing services on the network. */
  readonly backing: readonly string[];
  /** The network that all containers of the check are on; the beginning of their names. */
  readonly network: string;
  readonly labels: Readonly<Record<string, string>>;
  /** An image with node and sh, from which the probes run. */
  readonly helper: string;
}

/** Seconds from SIGTERM to SIGKILL: Docker's own default. */
export const graceSeconds = 10;

/** Seconds that a service may take until it answers. */
export const startSeconds = 20;

/** What the user said of the image. */
export interface Described {
  readonly image?: string | undefined;
  readonly env: readonly string[];
  readonly command?: string | undefined;
  readonly port?: number | undefined;
  readonly health?: string | undefined;
  readonly alive?: string | undefined;
  readonly slowPath?: string | undefined;
  readonly helper: string;
}

/** What deploy.yaml says of its service, as far as a check needs it. */
export interface ServiceFacts {
  readonly port: number;
  readonly health: string;
  readonly check: {readonly alive: string; readonly slow_path?: string | undefined};
  readonly test_integration: Pick<Subject, 'environment' | 'secrets'> & {
    readonly backing_services: Readonly<Record<string, unknown>>;
  };
}

export interface Facts {
  readonly facts: ImageFacts;
  /** What to run. */
  readonly image: string;
  readonly service: ServiceFacts;
  readonly serviceName: string;
  readonly values: Described;
  readonly network: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * What is checked: an image of the service in this directory, as deploy.yaml describes it, or anybody's, as the options
 * do. Options go before the file.
 */
export function describeSubject({
  facts,
  image,
  service,
  serviceName,
  values,
  network,
  labels,
}: Facts): Subject & {readonly isOurs: boolean} {
  const isOurs = values.image === undefined || belongsTo(values.image, facts, serviceName);
  const own = isOwnImage(facts);
  const given = variables(values.env);
  return {
    isOurs,
    image,
    network,
    labels,
    name: values.image ?? image,
    command:
      values.command === undefined ? (own ? ['run'] : []) : values.command.split(/\s+/).filter((word) => word !== ''),
    port: values.port ?? (isOurs ? service.port : undefined) ?? facts.ports[0] ?? 3000,
    health: values.health ?? (isOurs ? service.health : '/'),
    healthIsDeclared: isOurs || values.health !== undefined,
    alive: values.alive ?? (isOurs ? service.check.alive : '/healthz'),
    slow: values.slowPath ?? (isOurs ? service.check.slow_path : undefined),
    environment: {...(isOurs ? service.test_integration.environment : {}), ...given.environment},
    secrets: {...(isOurs ? service.test_integration.secrets : {}), ...given.secrets},
    backing: isOurs ? Object.keys(service.test_integration.backing_services) : [],
    helper: values.helper,
  };
}

/** By its label, or by the name of its repository: `registry:5000/team/buy-service:1.4@sha256:...`. */
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
 * `NAME=value`, or `NAME` alone for a secret that is taken from our own environment and stands in no command.
 * @throws Problem `usage` that does not repeat the text: it may be a secret
 */
function variables(texts: readonly string[]): Pick<Subject, 'environment' | 'secrets'> {
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

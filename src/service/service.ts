import {basename, join} from 'node:path';
import {exitCode, problem, usageProblem} from '../errors.ts';
import {manifestName} from '../runtimes/index.ts';
import type {Context} from '../task.ts';
import {readText} from '../text/file.ts';
import {nearest} from '../text/nearest.ts';
import {registryName, wrongRegistry} from './schema/registry-name.ts';
import type {DeployFile, Environment} from './schema/schema.ts';

/** A service as its directory and the environment variables describe it. */
export interface Service {
  /** From deploy.yaml, else the manifest, else the directory: lower-case letters, digits and dashes. */
  readonly name: string;
  /** Its name before version 0.3, where that is another one: without the scope of package.json. */
  readonly formerName?: string | undefined;
  /** Absolute. */
  readonly directory: string;
  readonly deployFile: DeployFile;
  /** Where images are published: ENTRYPOINT_REGISTRY, else `registry` in deploy.yaml. `docker.io/acme` for Docker Hub. */
  readonly registry: string | undefined;
  /** Where a setting is in deploy.yaml, for messages: `deploy.yaml:12`. */
  readonly placeOf?: ((path: readonly (string | number)[]) => string) | undefined;
}

/**
 * Reads the service in the context's directory: its name, its deploy.yaml with all defaults, its registry.
 * @throws Problem `bad_deploy_file` or `bad_package_file` (exit code 65); `usage` for an ENTRYPOINT_REGISTRY that is none
 * @example
 * const service = await readService(context);
 * context.say(`${service.name} listens on ${service.deployFile.port}`);
 */
export async function readService({cwd, env}: Pick<Context, 'cwd' | 'env'>): Promise<Service> {
  // Loading the YAML and schema libraries takes longer than the rest of the start-up: only tasks that need them pay.
  const {readDeployFile, placeInDeployFile} = await import('./deploy-file.ts');
  const deployFile = readDeployFile(cwd);
  return {
    name: deployFile.service ?? defaultName(cwd),
    ...(deployFile.service === undefined ? formerName(cwd) : {}),
    directory: cwd,
    deployFile,
    registry: registryOfVariable(env) ?? deployFile.registry,
    placeOf: (path) => placeInDeployFile(cwd, path),
  };
}

function registryOfVariable(env: Context['env']): string | undefined {
  const text = env['ENTRYPOINT_REGISTRY'] ?? '';
  if (text === '') return undefined;
  const wrong = wrongRegistry(text);
  if (wrong === undefined) return registryName(text);
  throw usageProblem(
    `ENTRYPOINT_REGISTRY ${wrong}, not ${text}`,
    'for example 127.0.0.1:5000, ghcr.io/acme or docker.io/acme',
  );
}

/**
 * The service's name, for a task that needs nothing else of deploy.yaml. In its usual spelling it is found without the
 * YAML and schema libraries, which take as long to load as a build takes to reach docker.
 * @throws Problem `bad_deploy_file` or `bad_package_file` (exit code 65)
 * @example
 * const image = `${await readServiceName(context)}:${(await readVersion(context)).tag}`; // buy-service:0123456789ab
 */
export async function readServiceName(context: Pick<Context, 'cwd' | 'env'>): Promise<string> {
  const [usual, other] = ['deploy.yaml', 'deploy.yml'].map((name) => readText(join(context.cwd, name)));
  if (other !== undefined) return (await readService(context)).name;
  const text = usual ?? '';
  const plain = plainName(text);
  if (plain !== undefined) return plain;
  return text.includes('service') ? (await readService(context)).name : defaultName(context.cwd);
}

/** The value of a line `service: my-service`, if no other line can set the name and no line continues this one. */
export function plainName(file: string): string | undefined {
  const text = file.replace(/^\uFEFF/, '');
  const mentions = text.match(/^["']?service\b/gm) ?? [];
  const name = /^service:[ \t]+([a-z](?:[a-z0-9-]{0,38}[a-z0-9])?)(?:[ \t]+#.*)?[ \t]*\r?$(?!\n[ \t]+[^\s#])/m.exec(
    text,
  )?.[1];
  return mentions.length === 1 && !['true', 'false', 'null'].includes(name ?? '') ? name : undefined;
}

/**
 * What to say where nothing is deployed under a service's name: entrypoint 0.2 left npm's scope out of it.
 * @example
 * const note = formerNameNote(service);
 */
export const formerNameNote = ({formerName: former}: Pick<Service, 'formerName'>): string | undefined =>
  former === undefined
    ? undefined
    : `entrypoint 0.2 called this service ${former}: to go on with what it deployed, add to deploy.yaml: service: ${former}`;

function formerName(directory: string): Pick<Service, 'formerName'> {
  const [, name] = /^@[^/]+\/(.+)$/.exec(manifestName(directory) ?? '') ?? [];
  return name === undefined ? {} : {formerName: imageName(name)};
}

// A part of a host name, which containers of the service have. @see RFC 1035, 2.3.4
const longestName = 63;

/**
 * The name of a service that deploy.yaml does not name: the manifest's or the directory's, reduced to the characters of an
 * image name: `acme-shop` for `@acme/shop`.
 * @throws Problem `bad_service_name` (exit code 65)
 */
function defaultName(directory: string): string {
  const name = imageName(manifestName(directory) ?? basename(directory));
  if (name.length <= longestName) return name;
  throw problem({
    code: 'bad_service_name',
    what: `the name of the service, from its manifest or directory, has more than ${longestName} characters: ${name}`,
    fix: 'add a shorter one to deploy.yaml: service: NAME',
    exitCode: exitCode.badData,
  });
}

const imageName = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '') || 'service';

/**
 * The settings of one environment in deploy.yaml.
 * @throws Problem `unknown_environment` (exit code 64)
 * @example
 * const {replicas, hosts} = environmentOf(await readService(context), 'prod');
 */
export function environmentOf(service: Service, environment: string): Environment {
  const settings = service.deployFile.environments[environment];
  if (settings !== undefined) return settings;
  const known = Object.keys(service.deployFile.environments);
  const near = nearest(environment, known);
  throw problem({
    code: 'unknown_environment',
    what: `${environment} is not an environment of ${service.name} (there ${known.length === 1 ? 'is' : 'are'}: ${known.join(', ')})`,
    fix:
      near === undefined ? 'name one of these, or add it under `environments` in deploy.yaml' : `did you mean ${near}?`,
    exitCode: exitCode.usage,
  });
}

/**
 * The registry of a service.
 * @throws Problem `no_registry` (exit code 65)
 * @example
 * const service = await readService(context);
 * const repository = {registry: requireRegistry(service), name: service.name};
 */
export function requireRegistry({name, registry}: Service): string {
  if (registry !== undefined) return registry;
  throw problem({
    code: 'no_registry',
    what: `no registry set for ${name}`,
    fix: 'add `registry: host:port` to deploy.yaml, or set ENTRYPOINT_REGISTRY',
    exitCode: exitCode.badData,
  });
}

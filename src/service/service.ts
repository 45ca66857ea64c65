import {readFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {exitCode, problem} from '../errors.ts';
import {readPackage} from '../runtimes/node/package.ts';
import {pyprojectTexts} from '../runtimes/python/pyproject.ts';
import type {Context} from '../task.ts';
import {nearest} from '../text/nearest.ts';
import type {DeployFile, Environment} from './schema.ts';

/** What the service's directory says of it. */
export interface Service {
  readonly name: string;
  readonly directory: string;
  readonly deployFile: DeployFile;
  /** Where images are published: ENTRYPOINT_REGISTRY before deploy.yaml's `registry`. */
  readonly registry: string | undefined;
}

/** @throws Problem `bad_deploy_file` */
export async function readService({cwd, env}: Pick<Context, 'cwd' | 'env'>): Promise<Service> {
  // The YAML and schema libraries cost more than the rest of the start-up: only tasks that need them pay.
  const {readDeployFile} = await import('./deploy-file.ts');
  const deployFile = readDeployFile(cwd);
  return {
    name: deployFile.service ?? serviceName(cwd),
    directory: cwd,
    deployFile,
    registry: env['ENTRYPOINT_REGISTRY'] || deployFile.registry,
  };
}

/**
 * The service's name alone, for a task that needs nothing else of deploy.yaml. As almost everybody spells it, it is read
 * without the YAML and schema libraries, which cost as much as all else that a build does before it builds.
 * @throws Problem `bad_deploy_file`
 */
export async function readServiceName(context: Pick<Context, 'cwd' | 'env'>): Promise<string> {
  const text = readText(join(context.cwd, 'deploy.yaml')) ?? '';
  const plain = plainName(text);
  if (plain !== undefined) return plain;
  return text.includes('service') ? (await readService(context)).name : serviceName(context.cwd);
}

/** The value of a line `service: my-service`, where it is the only one that could be meant, and nothing continues it. */
export function plainName(text: string): string | undefined {
  const mentions = text.match(/^["']?service\b/gm) ?? [];
  const name = /^service:[ \t]+([a-z](?:[a-z0-9-]{0,38}[a-z0-9])?)(?:[ \t]+#.*)?[ \t]*\r?$(?!\n[ \t]+[^\s#])/m.exec(
    text,
  )?.[1];
  return mentions.length === 1 && !['true', 'false', 'null'].includes(name ?? '') ? name : undefined;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** From package.json, without its scope, or pyproject.toml, or the directory's name; only characters that an image name can have. */
function serviceName(directory: string): string {
  const named = readPackage(directory)?.name ?? pyprojectTexts(directory, 'project')['name'] ?? basename(directory);
  return (
    named
      .replace(/^@[^/]*\//, '')
      .toLowerCase()
      .replaceAll(/[^a-z0-9-]+/g, '-')
      .replaceAll(/^-+|-+$/g, '') || 'service'
  );
}

/** @throws Problem `unknown_environment` */
export function environmentOf(service: Service, environment: string): Environment {
  const settings = service.deployFile.environments[environment];
  if (settings !== undefined) return settings;
  const known = Object.keys(service.deployFile.environments);
  const near = nearest(environment, known);
  throw problem({
    code: 'unknown_environment',
    what: `${environment} is not an environment of ${service.name} (there ${known.length === 1 ? 'is' : 'are'}: ${known.join(', ')})`,
    fix:
      near === undefined ? 'name one of these, or add it below `environments` in deploy.yaml' : `did you mean ${near}?`,
    exitCode: exitCode.usage,
  });
}

/** @throws Problem `no_registry` */
export function requireRegistry({name, registry}: Service): string {
  if (registry !== undefined) return registry;
  throw problem({
    code: 'no_registry',
    what: `no registry is set, and ${name} cannot be published without one`,
    fix: 'add `registry: host:port` to deploy.yaml, or set ENTRYPOINT_REGISTRY',
    exitCode: exitCode.badData,
  });
}

import {readFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {exitCode, problem} from '../errors.ts';
import {nearest} from '../nearest.ts';
import {pyprojectTexts} from '../python/pyproject.ts';
import type {Context} from '../task.ts';
import type {DeployFile, Place} from './schema.ts';

/** What the service's folder says of it. */
export interface Service {
  readonly name: string;
  readonly folder: string;
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
    folder: cwd,
    deployFile,
    registry: env['ENTRYPOINT_REGISTRY'] || deployFile.registry,
  };
}

/** From package.json, without its scope, or pyproject.toml, or the folder's name; only characters that an image name can have. */
function serviceName(folder: string): string {
  const named = readPackage(folder)?.name ?? pyprojectTexts(folder, 'project')['name'] ?? basename(folder);
  return named.replace(/^@[^/]*\//, '').toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-').replaceAll(/^-+|-+$/g, '') || 'service';
}

export interface PackageFile {
  readonly name?: string;
  readonly main?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** @throws Problem `bad_package_file` when there is one that is no JSON */
export function readPackage(folder: string): PackageFile | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, 'package.json'), 'utf8');
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(text) as PackageFile;
  } catch (error) {
    throw problem({
      code: 'bad_package_file',
      what: `package.json is not valid JSON: ${(error as Error).message}`,
      fix: `correct ${join(folder, 'package.json')}`,
      exitCode: exitCode.badData,
    });
  }
}

/** @throws Problem `unknown_environment` */
export function placeOf(service: Service, environment: string): Place {
  const place = service.deployFile.environments[environment];
  if (place !== undefined) return place;
  const known = Object.keys(service.deployFile.environments);
  const near = nearest(environment, known);
  throw problem({
    code: 'unknown_environment',
    what: `${environment} is not an environment of ${service.name} (there ${known.length === 1 ? 'is' : 'are'}: ${known.join(', ')})`,
    fix: near === undefined ? 'name one of these, or add it below `environments` in deploy.yaml' : `did you mean ${near}?`,
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

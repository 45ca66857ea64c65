import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {buildImages} from '../integration/images/containers.ts';
import {temporaryDirectory} from '../support/directory.ts';
import {answerOf, type Built, type BuiltService, builtService, buildService} from './built-service.ts';

/** What stands for entrypoint/node-service while the images themselves are being changed. */
const base = process.env['ENTRYPOINT_TEST_NODE_SERVICE'] ?? '';

/** Builds the images that a test needs, unless others stand for them. */
export function needImages(...names: readonly string[]): void {
  if (base === '') buildImages(...names);
}

needImages('node-service');

export interface BuildOptions {
  /** Build secrets, id to file. */
  readonly secretFiles?: Readonly<Record<string, string>>;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** Run every step: those in the engine's cache, which outlasts a run of the tests, print nothing. */
  readonly noCache?: boolean;
}

/** A repository, and the image that a plain `docker build` makes of it. */
export interface Repository extends BuiltService {
  build(this: void, options?: BuildOptions): Promise<Built>;
  /** Collects what the install of a workspace reads, as `entrypoint build` does. */
  collectManifests(this: void): void;
  /** The answer to one request to the served image. */
  answer(this: void, path?: string): Promise<string>;
}

const fixtures = join(import.meta.dirname, 'fixtures');
let registry: string | undefined;

/** A copy of a fixture, or an empty directory. Its image and containers are removed after the tests. */
export function repository(fixture?: string): Repository {
  const service = builtService();
  const {directory} = service;
  if (fixture !== undefined) cpSync(join(fixtures, fixture), directory, {recursive: true});
  const self: Repository = {
    ...service,
    build: (options = {}) => build(service, options),
    collectManifests: () => collectManifests(directory),
    answer: (path = '/') => answerOf(service, path, 15),
  };
  if (fixture === undefined)
    self.write({Dockerfile: 'FROM entrypoint/node-service:26\n', '.dockerignore': '**/node_modules\n.git\n'});
  useRegistry(directory);
  return self;
}

/** Lock files of yarn name a registry: the one that npm uses here. */
function useRegistry(directory: string): void {
  const file = join(directory, 'yarn.lock');
  if (!statSync(file, {throwIfNoEntry: false})?.isFile()) return;
  registry ??= execFileSync('npm', ['config', 'get', 'registry'], {encoding: 'utf8'}).trim();
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('https://registry.invalid/', registry));
}

function build(service: BuiltService, {secretFiles, buildArgs, noCache = false}: BuildOptions): Promise<Built> {
  const file = join(temporaryDirectory(), 'Dockerfile');
  const text = readFileSync(join(service.directory, 'Dockerfile'), 'utf8');
  writeFileSync(file, base === '' ? text : text.replace('entrypoint/node-service:', `${base}:`));
  return buildService(service, {
    file,
    noCache,
    buildArgs: {service_name: service.image, ...buildArgs},
    ...(secretFiles === undefined ? {} : {secretFiles}),
  });
}

/** Builds, and fails with the builder's output. */
export async function mustBuild(service: Repository, options?: BuildOptions): Promise<string> {
  const {code, output} = await service.build(options);
  assert.equal(code, 0, output);
  return output;
}

function collectManifests(directory: string): void {
  const manifests = readdirSync(directory, {recursive: true, encoding: 'utf8'}).filter(
    (path) =>
      !path.includes('node_modules') &&
      !path.startsWith('.entrypoint') &&
      /(?:^|\/)(?:package\.json|package-lock\.json|pnpm-lock\.yaml|pnpm-workspace\.yaml|yarn\.lock|\.yarnrc\.yml|bun\.lock)$/.test(
        path,
      ),
  );
  const to = join(directory, '.entrypoint/manifests');
  for (const path of manifests) cpSync(join(directory, path), join(to, path));
  // A `file:` dependency, which pnpm and yarn copy, and patches.
  for (const name of ['lib', 'patches'])
    if (existsSync(join(directory, name))) cpSync(join(directory, name), join(to, name), {recursive: true});
  writeFileSync(join(to, '.entrypoint-manifests'), '');
}

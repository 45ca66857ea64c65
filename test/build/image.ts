import assert from 'node:assert/strict';
import {execFile, execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {after} from 'node:test';
import {dockerBuild} from '../../src/commands/docker/index.ts';
import {certificateFile, findDockerClient} from '../../src/image/docker.ts';
import {noEcho, systemRunner} from '../../src/shell/index.ts';
import {buildImages} from '../integration/images/containers.ts';
import {temporaryDirectory} from '../support/directory.ts';
import {docker, dockerSync, must} from '../support/docker.ts';
import {eventually} from '../support/until.ts';

/** What stands for entrypoint/node-service while the images themselves are being changed. */
const base = process.env['ENTRYPOINT_TEST_NODE_SERVICE'] ?? '';

/** Builds the images that a test needs, unless others stand for them. */
export function needImages(...names: readonly string[]): void {
  if (base === '') buildImages(...names);
}

needImages('node-service');

/** How a build ended. */
export interface Built {
  readonly code: number;
  readonly output: string;
}

export interface BuildOptions {
  /** Build secrets, id to file. */
  readonly secretFiles?: Readonly<Record<string, string>>;
  readonly buildArgs?: Readonly<Record<string, string>>;
}

/** A repository in a temporary directory, and the image that a plain `docker build` makes of it. */
export interface Repository {
  readonly directory: string;
  readonly image: string;
  write(this: void, files: Readonly<Record<string, string>>): void;
  build(this: void, options?: BuildOptions): Promise<Built>;
  /** Collects what the install of a workspace reads, as `entrypoint build` does. */
  collectManifests(this: void): void;
  /** The output of a program in the image. */
  inside(this: void, ...words: readonly string[]): Promise<string>;
  /** The answer to one request to the served image. */
  answer(this: void, path?: string): Promise<string>;
}

const fixtures = join(import.meta.dirname, 'fixtures');
let registry: string | undefined;

/** A copy of a fixture, or an empty directory. Its image and containers are removed after the tests. */
export function repository(fixture?: string): Repository {
  const directory = temporaryDirectory();
  const name = `entrypoint-test-build-${randomBytes(4).toString('hex')}`;
  after(() => {
    for (const id of dockerSync('ps', '--all', '--quiet', '--filter', `name=${name}`).split('\n').filter(Boolean))
      dockerSync('rm', '--force', '--volumes', id);
    if (dockerSync('images', '--quiet', name) !== '') dockerSync('image', 'rm', '--force', name);
  });
  if (fixture !== undefined) cpSync(join(fixtures, fixture), directory, {recursive: true});
  const self: Repository = {
    directory,
    image: name,
    write: (files) => {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(directory, path)), {recursive: true});
        writeFileSync(join(directory, path), text);
      }
    },
    build: (options = {}) => build(directory, name, options),
    collectManifests: () => collectManifests(directory),
    inside: (...words) =>
      must([
        'run',
        '--rm',
        '--network',
        'none',
        '--name',
        `${name}.inside`,
        '--entrypoint',
        'start-as-webuser',
        name,
        ...words,
      ]),
    answer: async (path = '/') => {
      const container = await must(['run', '--detach', '--name', `${name}.serves`, name, 'run']);
      const ask = `fetch('http://127.0.0.1:3000${path}').then((r) => r.text()).then(console.log, () => process.exit(1))`;
      try {
        const {stdout} = await eventually(
          15,
          () => docker(['exec', container, 'node', '--eval', ask]),
          ({code}) => code === 0,
        );
        return stdout;
      } catch (error) {
        throw new Error(`${name} does not answer: ${(await docker(['logs', container])).stderr}`, {cause: error});
      } finally {
        await docker(['rm', '--force', '--volumes', container]);
      }
    },
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

const nowhere = (): void => {};

async function build(
  directory: string,
  name: string,
  {secretFiles = {}, buildArgs = {}}: BuildOptions,
): Promise<Built> {
  const run = systemRunner({cwd: directory, env: process.env, echo: noEcho, stdout: nowhere, stderr: nowhere});
  const client = await findDockerClient({run, env: process.env});
  const ca = certificateFile(process.env);
  const file = join(temporaryDirectory(), 'Dockerfile');
  const text = readFileSync(join(directory, 'Dockerfile'), 'utf8');
  writeFileSync(file, base === '' ? text : text.replace('entrypoint/node-service:', `${base}:`));
  const {words, env} = dockerBuild(
    {
      context: directory,
      file,
      tags: [name],
      buildArgs: {service_name: name, ...buildArgs},
      secretFiles: {...(ca === undefined ? {} : {ca}), ...secretFiles},
    },
    client,
  );
  const [program = '', ...rest] = words;
  return new Promise((resolve) => {
    execFile(program, rest, {env: {...process.env, ...env}, maxBuffer: 64 * 1024 * 1024}, (error, stdout, stderr) =>
      resolve({code: error === null ? 0 : Number(error.code), output: stdout + stderr}),
    );
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
  // A `file:` dependency, which pnpm and yarn copy.
  if (existsSync(join(directory, 'lib'))) cpSync(join(directory, 'lib'), join(to, 'lib'), {recursive: true});
  writeFileSync(join(to, '.entrypoint-manifests'), '');
}

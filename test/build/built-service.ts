import {execFile} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {mkdirSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {after} from 'node:test';
import {dockerBuild, type DockerBuildOptions} from '../../src/commands/docker/index.ts';
import {certificateFile, findDockerClient} from '../../src/image/docker.ts';
import {noEcho, systemRunner} from '../../src/shell/index.ts';
import {temporaryDirectory} from '../support/directory.ts';
import {docker, dockerSync, must} from '../support/docker.ts';
import {eventually} from '../support/until.ts';

/** How a build ended. */
export interface Built {
  readonly code: number;
  readonly output: string;
}

/** A repository in a temporary directory, and the image that is built of it. */
export interface BuiltService {
  readonly directory: string;
  /** Name of the image. */
  readonly image: string;
  write(this: void, files: Readonly<Record<string, string>>): void;
  /** The output of a program in the image. */
  inside(this: void, ...words: readonly string[]): Promise<string>;
}

/** An empty directory. Its image and containers are removed after the tests. */
export function builtService(): BuiltService {
  const directory = temporaryDirectory();
  const name = `entrypoint-test-build-${randomBytes(4).toString('hex')}`;
  after(() => {
    const ids = dockerSync('ps', '--all', '--quiet', '--filter', `name=${name}`).split('\n').filter(Boolean);
    if (ids.length > 0) dockerSync('rm', '--force', '--volumes', ...ids);
    if (dockerSync('images', '--quiet', name) !== '') dockerSync('image', 'rm', '--force', name);
  });
  const inImage = ['--rm', '--network', 'none', '--name', `${name}.inside`, '--entrypoint', 'start-as-webuser', name];
  return {
    directory,
    image: name,
    write: (files) => {
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(directory, path)), {recursive: true});
        writeFileSync(join(directory, path), text);
      }
    },
    inside: (...words) => must(['run', ...inImage, ...words]),
  };
}

/** The answer to one request to the served image, within so many seconds. */
export async function answerOf({image}: BuiltService, path: string, seconds: number): Promise<string> {
  const container = await must(['run', '--detach', '--name', `${image}.serves`, image, 'run']);
  const ask = `fetch('http://127.0.0.1:3000${path}').then((r) => r.text()).then(console.log, () => process.exit(1))`;
  try {
    const {stdout} = await eventually(
      seconds,
      () => docker(['exec', container, 'node', '--eval', ask]),
      ({code}) => code === 0,
    );
    return stdout;
  } catch (error) {
    const {stdout, stderr} = await docker(['logs', container]);
    throw new Error(`${image} does not answer: ${stdout}${stderr}`, {cause: error});
  } finally {
    await docker(['rm', '--force', '--volumes', container]);
  }
}

const nowhere = (): void => {};

/** A plain `docker build` of its directory, with this machine's certificates. A failure is returned, not thrown. */
export async function buildService(
  {directory, image}: BuiltService,
  {secretFiles = {}, ...options}: Omit<DockerBuildOptions, 'context' | 'tags'>,
): Promise<Built> {
  const run = systemRunner({cwd: directory, env: process.env, echo: noEcho, stdout: nowhere, stderr: nowhere});
  const client = await findDockerClient({run, env: process.env});
  const ca = certificateFile(process.env);
  const {words, env} = dockerBuild(
    {
      ...options,
      context: directory,
      tags: [image],
      secretFiles: {...(ca === undefined ? {} : {ca}), ...secretFiles},
    },
    client,
  );
  const [program = '', ...rest] = words;
  const surroundings = {...process.env, ...env, BUILDKIT_PROGRESS: 'plain'};
  return new Promise((resolve) => {
    execFile(program, rest, {env: surroundings, maxBuffer: 64 * 1024 * 1024}, (error, stdout, stderr) =>
      resolve({code: error === null ? 0 : Number(error.code), output: stdout + stderr}),
    );
  });
}

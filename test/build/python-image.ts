import {execFile, execFileSync} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {cpSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {after} from 'node:test';
import {dockerBuild} from '../../src/commands/docker/index.ts';
import {certificateFile, findDockerClient} from '../../src/image/docker.ts';
import {noEcho, systemRunner} from '../../src/shell/index.ts';
import {buildImages} from '../integration/images/containers.ts';
import {temporaryDirectory} from '../support/directory.ts';
import {docker, dockerSync, must} from '../support/docker.ts';
import {eventually} from '../support/until.ts';

/** The image that services start from: another one while the images themselves are being changed. */
const own = process.env['ENTRYPOINT_TEST_PYTHON_SERVICE'] ?? '';
if (own === '') buildImages('python-service');
const base = own === '' ? 'entrypoint/python-service:3.13' : own;

/** Build secrets: id to file. */
type SecretFiles = Readonly<Record<string, string>>;

/** How a build ended. `output` is that of its steps, without the builder's prefixes. */
export interface Built {
  readonly code: number;
  readonly output: string;
}

/** A repository in a temporary directory, and the image that a plain `docker build` makes of it. */
export interface PythonRepository {
  readonly directory: string;
  write(this: void, files: Readonly<Record<string, string>>): void;
  /** A failure is returned, not thrown. */
  build(this: void, secretFiles?: SecretFiles): Promise<Built>;
  /** The output of a program in the image. */
  inside(this: void, ...words: readonly string[]): Promise<string>;
  /** The answer to one request to the served image. */
  answer(this: void): Promise<string>;
}

/** A repository with these files, above those of a fixture. Its image and containers are removed after the tests. */
export function pythonRepository(files: Readonly<Record<string, string>>, fixture?: string): PythonRepository {
  const directory = temporaryDirectory();
  const name = `entrypoint-test-build-${randomBytes(4).toString('hex')}`;
  after(() => {
    const ids = dockerSync('ps', '--all', '--quiet', '--filter', `name=${name}`).split('\n').filter(Boolean);
    if (ids.length > 0) dockerSync('rm', '--force', '--volumes', ...ids);
    if (dockerSync('images', '--quiet', name) !== '') dockerSync('image', 'rm', '--force', name);
  });
  if (fixture !== undefined)
    cpSync(join(import.meta.dirname, 'fixtures/python', fixture), directory, {recursive: true});
  const write: PythonRepository['write'] = (texts) => {
    for (const [path, text] of Object.entries(texts)) {
      mkdirSync(dirname(join(directory, path)), {recursive: true});
      writeFileSync(join(directory, path), text);
    }
  };
  write({Dockerfile: `FROM ${base}\n`, '.dockerignore': '.git\n', ...files});
  return {
    directory,
    write,
    build: (secretFiles = {}) => build(directory, name, secretFiles),
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
    answer: async () => {
      const container = await must(['run', '--detach', '--name', `${name}.serves`, name, 'run']);
      const ask = `fetch('http://127.0.0.1:3000/').then((r) => r.text()).then(console.log, () => process.exit(1))`;
      try {
        const {stdout} = await eventually(
          20,
          () => docker(['exec', container, 'node', '--eval', ask]),
          ({code}) => code === 0,
        );
        return stdout;
      } catch (error) {
        const {stdout, stderr} = await docker(['logs', container]);
        throw new Error(`${name} does not answer: ${stdout}${stderr}`, {cause: error});
      } finally {
        await docker(['rm', '--force', '--volumes', container]);
      }
    },
  };
}

const placeholders = {index: 'https://index.invalid/simple', files: 'https://files.invalid/'};

/** Lock files of uv and pipenv name an index and its files: those that pip uses here. */
async function useIndex(directory: string): Promise<void> {
  for (const name of ['uv.lock', 'Pipfile.lock']) {
    const file = join(directory, name);
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (!text.includes(placeholders.index)) continue;
    const index = indexOfPip();
    const answer = await fetch(`${index}/idna/`, {headers: {accept: 'application/vnd.pypi.simple.v1+json'}});
    const {files} = (await answer.json()) as {files: readonly {url: string}[]};
    const origin = new URL(files[0]?.url ?? '', `${index}/`).origin;
    writeFileSync(file, text.replaceAll(placeholders.index, index).replaceAll(placeholders.files, `${origin}/`));
  }
}

function indexOfPip(): string {
  const script = 'from pip._internal.models.index import PyPI; print(PyPI.simple_url.rstrip("/"))';
  const words = ['run', '--rm', '--network', 'none', '--entrypoint', 'python3', base, '-c', script];
  return execFileSync('docker', words, {encoding: 'utf8'}).trim();
}

const nowhere = (): void => {};

async function build(directory: string, name: string, secretFiles: SecretFiles): Promise<Built> {
  await useIndex(directory);
  const run = systemRunner({cwd: directory, env: process.env, echo: noEcho, stdout: nowhere, stderr: nowhere});
  const client = await findDockerClient({run, env: process.env});
  const ca = certificateFile(process.env);
  const {words, env} = dockerBuild(
    {context: directory, tags: [name], secretFiles: {...(ca === undefined ? {} : {ca}), ...secretFiles}},
    client,
  );
  const [program = '', ...rest] = words;
  return new Promise((resolve) => {
    const options = {env: {...process.env, ...env, BUILDKIT_PROGRESS: 'plain'}, maxBuffer: 64 * 1024 * 1024};
    execFile(program, rest, options, (error, stdout, stderr) =>
      resolve({
        code: error === null ? 0 : Number(error.code),
        output: (stdout + stderr).replaceAll(/^#\d+ \d+\.\d+ /gm, ''),
      }),
    );
  });
}

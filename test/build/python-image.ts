import {execFileSync} from 'node:child_process';
import {cpSync, existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {buildImages} from '../integration/images/containers.ts';
import {answerOf, type Built, type BuiltService, builtService, buildService} from './built-service.ts';

/** The image that services start from: another one while the images themselves are being changed. */
const own = process.env['ENTRYPOINT_TEST_PYTHON_SERVICE'] ?? '';
if (own === '') buildImages('python-service');
const base = own === '' ? 'entrypoint/python-service:3.13' : own;

/** Build secrets: id to file. */
type SecretFiles = Readonly<Record<string, string>>;

/** A repository, and the image that a plain `docker build` makes of it. */
export interface PythonRepository extends BuiltService {
  /** A failure is returned, not thrown. `output` is that of its steps, without the builder's prefixes. */
  build(this: void, secretFiles?: SecretFiles): Promise<Built>;
  /** The answer to one request to the served image. */
  answer(this: void): Promise<string>;
}

/** A repository with these files, above those of a fixture. Its image and containers are removed after the tests. */
export function pythonRepository(files: Readonly<Record<string, string>>, fixture?: string): PythonRepository {
  const service = builtService();
  if (fixture !== undefined)
    cpSync(join(import.meta.dirname, 'fixtures/python', fixture), service.directory, {recursive: true});
  // The engine's cache of steps outlasts a run of the tests: a source that differs runs those after its copy again.
  service.write({Dockerfile: `FROM ${base}\n`, '.dockerignore': `.git\n# ${service.image}\n`, ...files});
  return {
    ...service,
    build: (secretFiles = {}) => build(service, secretFiles),
    answer: () => answerOf(service, '/', 20),
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

async function build(service: BuiltService, secretFiles: SecretFiles): Promise<Built> {
  await useIndex(service.directory);
  const {code, output} = await buildService(service, {secretFiles});
  return {code, output: output.replaceAll(/^#\d+ \d+\.\d+ /gm, '')};
}

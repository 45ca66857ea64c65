import {cpSync} from 'node:fs';
import {join} from 'node:path';
import {buildImages} from '../integration/images/containers.ts';
import {answerOf, type Built, type BuiltService, builtService, buildService} from './built-service.ts';
import {useIndex} from './python-index.ts';

/** The image that services start from: another one while the images themselves are being changed. */
const own = process.env['ENTRYPOINT_TEST_PYTHON_SERVICE'] ?? '';
if (own === '') buildImages('python-service');
export const pythonBase = own === '' ? 'entrypoint/python-service:3.13' : own;

/** Build secrets: id to file. */
type SecretFiles = Readonly<Record<string, string>>;

/** A repository, and the image that a plain `docker build` makes of it. */
export interface PythonRepository extends BuiltService {
  /** A failure is returned, not thrown. With `noCache`, every step runs, also those in the engine's cache. `output` is that of its steps, without the builder's prefixes. */
  build(this: void, secretFiles?: SecretFiles, noCache?: boolean): Promise<Built>;
  /** The answer to one request to the served image. */
  answer(this: void): Promise<string>;
}

/** A repository with these files, above those of a fixture. Its image and containers are removed after the tests. */
export function pythonRepository(files: Readonly<Record<string, string>>, fixture?: string): PythonRepository {
  const service = builtService();
  if (fixture !== undefined)
    cpSync(join(import.meta.dirname, 'fixtures/python', fixture), service.directory, {recursive: true});
  // The engine's cache of steps outlasts a run of the tests: a source that differs runs those after its copy again.
  service.write({Dockerfile: `FROM ${pythonBase}\n`, '.dockerignore': `.git\n# ${service.image}\n`, ...files});
  return {
    ...service,
    build: (secretFiles = {}, noCache = false) => build(service, secretFiles, noCache),
    answer: () => answerOf(service, '/', 20),
  };
}

async function build(service: BuiltService, secretFiles: SecretFiles, noCache: boolean): Promise<Built> {
  await useIndex(service.directory, pythonBase);
  const {code, output} = await buildService(service, {secretFiles, noCache});
  return {code, output: output.replaceAll(/^#\d+ \d+\.\d+ /gm, '')};
}

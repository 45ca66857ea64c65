import {execFile} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after} from 'node:test';
import {dockerBuild} from '../../../src/commands/docker/index.ts';
import {certificateFile, findDockerClient} from '../../../src/image/docker.ts';
import {noEcho, systemRunner} from '../../../src/shell/index.ts';
import {temporaryDirectory} from '../../support/directory.ts';
import {removeImagesOf} from '../../support/docker.ts';
import {buildImages, makePlace, type Place} from './containers.ts';

/** A service's directory and the image of its one-line Dockerfile; both are removed after the tests. */
export interface ServiceImage {
  readonly place: Place;
  /** The image's name, valid once it is built. */
  readonly image: string;
  readonly directory: string;
  write(this: void, files: Readonly<Record<string, string>>): void;
  /** Builds as `entrypoint build` does; a failure is returned, not thrown. */
  build(this: void, commit: string): Promise<{readonly code: number; readonly output: string}>;
}

const nowhere = (): void => {};

export async function makeServiceImage(base: 'node-service' | 'python-service'): Promise<ServiceImage> {
  buildImages(base);
  const place = makePlace();
  const image = `${place.name}:service`;
  const directory = temporaryDirectory();
  after(() => removeImagesOf(place.name));
  const run = systemRunner({cwd: directory, env: process.env, echo: noEcho, stdout: nowhere, stderr: nowhere});
  const client = await findDockerClient({run, env: process.env});
  const ca = certificateFile(process.env);
  return {
    place,
    image,
    directory,
    write: (files) => {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    },
    build: async (commit) => {
      const {words, env} = dockerBuild(
        {
          context: directory,
          tags: [image],
          buildArgs: {service_name: place.name, git_commit_hash: commit},
          secretFiles: ca === undefined ? {} : {ca},
        },
        client,
      );
      const [program = '', ...rest] = words;
      return new Promise((resolve) => {
        execFile(program, rest, {env: {...process.env, ...env}}, (error, stdout, stderr) =>
          resolve({code: error === null ? 0 : Number(error.code), output: stdout + stderr}),
        );
      });
    },
  };
}

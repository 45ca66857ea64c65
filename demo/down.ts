import {existsSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import type {Words} from '../src/shell/argv.ts';
import type {Runner} from '../src/shell/index.ts';

export interface DownOptions {
  readonly run: Runner;
  /** Runs in the working copy of the service. */
  readonly here: Runner;
  readonly demo: string;
  readonly service: string;
  /** The service's name in the demo. */
  readonly name: string;
  readonly registry: string;
  readonly entrypoint: (...words: string[]) => Words;
}

/** Removes everything that the demo created, except the project's base images and the engine. */
export async function down({run, here, demo, service, name, registry, entrypoint}: DownOptions): Promise<void> {
  if (existsSync(join(service, 'deploy.yaml'))) await here(entrypoint('remove', 'local', '--volumes'));
  await run(['docker', 'rm', '--force', '--volumes', registry], {capture: true, allow: [1]});
  const {stdout} = await run.read([
    'docker',
    'images',
    '--filter',
    `label=entrypoint.service_name=${name}`,
    '--format',
    '{{.ID}}',
  ]);
  const images = [...new Set(stdout.split('\n').filter((id) => id !== ''))];
  if (images.length > 0) await run(['docker', 'image', 'rm', '--force', ...images], {capture: true});
  rmSync(demo, {recursive: true, force: true});
}

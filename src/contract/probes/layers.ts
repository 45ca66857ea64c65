import {mkdtemp, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {dockerSave} from '../../commands/docker/index.ts';
import {type LayerFacts, scanLayers} from '../image/layers.ts';
import {withFile} from '../image/tar.ts';
import type {ProbeContext} from './containers.ts';

/** Reads the image's layers from a temporary file. */
export async function probeLayers({run, service, temporary}: ProbeContext): Promise<LayerFacts> {
  const directory = await mkdtemp(join(temporary, 'entrypoint-check-'));
  const file = join(directory, 'image.tar');
  return run.scope(async (scope) => {
    scope.always(['rm', '-rf', directory]);
    await run(dockerSave(service.image, file), {
      capture: true,
      purpose: 'cannot save the image',
      fix: `free space in ${temporary}, or set TMPDIR to another directory`,
    });
    return withFile(file, (await stat(file)).size, scanLayers);
  });
}

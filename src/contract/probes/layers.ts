import {mkdtemp, stat} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {dockerSave} from '../../commands/docker/index.ts';
import {type LayerFacts, scanLayers} from '../image/layers.ts';
import {withFile} from '../image/tar.ts';
import type {Bench} from './containers.ts';

/** Reads the image's layers from a temporary file. */
export async function probeLayers({run, subject}: Bench): Promise<LayerFacts> {
  const directory = await mkdtemp(join(tmpdir(), 'entrypoint-check-'));
  const file = join(directory, 'image.tar');
  return run.scope(async (scope) => {
    scope.always(['rm', '-rf', directory]);
    await run(dockerSave(subject.image, file), {
      capture: true,
      purpose: 'the image could not be saved',
      fix: `it takes room in ${tmpdir()}: free some, or set TMPDIR`,
    });
    return withFile(file, (await stat(file)).size, scanLayers);
  });
}

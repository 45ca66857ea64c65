import {must} from '../../support/docker.ts';
import {type Place} from './containers.ts';

/** Compressed size of an image in a registry, in bytes: what an empty host pulls. */
export async function storedBytes(place: Place, image: string): Promise<number> {
  const registry = await place.start('registry', ['--publish', '127.0.0.1::5000', 'entrypoint/registry:2.8']);
  const address = await must(['port', registry, '5000/tcp']);
  const name = `${address}/${image}`;
  try {
    await must(['tag', image, name]);
    await must(['push', '--quiet', name]);
    const answer = await fetch(`http://${address}/v2/${image.replace(':', '/manifests/')}`, {
      headers: {accept: 'application/vnd.docker.distribution.manifest.v2+json'},
    });
    const {layers} = (await answer.json()) as {layers: readonly {size: number}[]};
    return layers.reduce((sum, {size}) => sum + size, 0);
  } finally {
    await must(['rmi', name]);
    await must(['rm', '--force', '--volumes', registry]);
  }
}

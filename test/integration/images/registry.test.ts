import assert from 'node:assert/strict';
import {test} from 'node:test';
import {must} from '../../support/docker.ts';
import {eventually} from '../../support/until.ts';
import {buildImages, makePlace} from './containers.ts';

buildImages('registry');
const place = makePlace();

test('stores an image, serves it by digest, deletes it, and stops at once', async () => {
  const container = await place.start('registry', ['--publish', '127.0.0.1::5000', 'entrypoint/registry:2.8']);
  const address = (await must(['port', container, '5000/tcp'])).split('\n')[0] ?? '';
  const ask = (path: string, method = 'GET'): Promise<Response> =>
    fetch(`http://${address}/v2/${path}`, {
      method,
      headers: {accept: 'application/vnd.docker.distribution.manifest.v2+json'},
    });
  await eventually(
    10,
    () =>
      ask('').then(
        ({status}) => status,
        () => 0,
      ),
    (status) => status === 200,
  );
  assert.notEqual(await must(['exec', container, 'id', '-u']), '0');

  const name = `${address}/${place.name}:1`;
  await must(['tag', 'entrypoint/registry:2.8', name]);
  try {
    await must(['push', name]);
  } finally {
    await must(['rmi', name]);
  }
  const digest = (await ask(`${place.name}/manifests/1`, 'HEAD')).headers.get('docker-content-digest');
  assert.match(String(digest), /^sha256:/);
  assert.equal((await ask(`${place.name}/manifests/${digest}`, 'DELETE')).status, 202);
  assert.equal((await ask(`${place.name}/manifests/1`, 'HEAD')).status, 404);

  const started = Date.now();
  await must(['stop', '--time', '8', container]);
  assert.ok(Date.now() - started < 5000);
  assert.equal(await must(['inspect', '--format', '{{.State.ExitCode}}', container]), '0');
});

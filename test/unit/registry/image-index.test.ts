import assert from 'node:assert/strict';
import {test} from 'node:test';
import {imageIndex, indexText} from '../../../src/registry/image-index.ts';

const docker = 'application/vnd.docker.distribution.manifest.v2+json';
const oci = 'application/vnd.oci.image.manifest.v1+json';
const member = (architecture: string, digit: string, mediaType = docker) => ({
  mediaType,
  size: 735,
  digest: `sha256:${digit.repeat(64)}`,
  platform: {architecture, os: 'linux'},
});

test('an index has the bytes, and so the digest, that `docker manifest push` gives it', () => {
  // Taken from a registry to which docker 20.10 and 28 pushed it.
  const amd = {
    ...member('amd64', '0'),
    digest: 'sha256:46cd393bc51a08ab1eb0a7e326390cf6132307a6fd08de8032fd4b76f4673d98',
  };
  const arm = {
    ...member('arm64', '0'),
    digest: 'sha256:d46d8b33c6fdf6c5a01392f3baf2922797df546cc7bfde361015b89cf5a64305',
  };
  const {digest, type} = imageIndex([amd, arm]);
  assert.equal(digest, 'sha256:acece2de65549874edbae6276e3c246193de8f1b7f6aefc529ffe60e406e81c1');
  assert.equal(type, 'application/vnd.docker.distribution.manifest.list.v2+json');
});

test("images in OCI's format are indexed in OCI's", () => {
  assert.equal(imageIndex([member('amd64', '1', oci)]).type, 'application/vnd.oci.image.index.v1+json');
  assert.match(imageIndex([member('amd64', '1', oci), member('arm64', '2')]).type, /docker/);
});

test('the printed commands leave out what an attempt before left behind', () => {
  const repository = {registry: '127.0.0.1:5000', name: 'shop'};
  assert.equal(
    indexText(repository, 'a1', ['a1-linux-amd64', 'a1-linux-arm64'], {scheme: 'http', verify: false}),
    [
      'docker manifest rm 127.0.0.1:5000/shop:a1 >/dev/null 2>&1 || :',
      'docker manifest create --insecure 127.0.0.1:5000/shop:a1 127.0.0.1:5000/shop:a1-linux-amd64 127.0.0.1:5000/shop:a1-linux-arm64',
      'docker manifest push --purge --insecure 127.0.0.1:5000/shop:a1',
    ].join('\n'),
  );
  assert.doesNotMatch(indexText(repository, 'a1', [], {scheme: 'https', verify: true}), /insecure/);
});

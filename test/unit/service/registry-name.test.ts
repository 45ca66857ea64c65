import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {parseDeployFile} from '../../../src/service/deploy-file.ts';
import {registryName, wrongRegistry} from '../../../src/service/schema/registry-name.ts';
import {readService} from '../../../src/service/service.ts';
import {temporaryDirectory} from '../../support/directory.ts';

test("all spellings of Docker Hub are one, and a host's case does not count", () => {
  for (const text of ['acme', 'docker.io/acme', 'index.docker.io/acme', 'registry-1.docker.io/acme', 'Docker.io/acme'])
    assert.equal(registryName(text), 'docker.io/acme', text);
  assert.equal(registryName('GHCR.io/acme/shop'), 'ghcr.io/acme/shop');
  assert.equal(registryName('localhost/acme'), 'localhost/acme');
  assert.equal(registryName('lan:5000'), 'lan:5000');
});

test('a name that docker would refuse is refused in words, with the better one', () => {
  assert.equal(
    wrongRegistry('https://ghcr.io/acme/'),
    'must be host, host:port or host/path, without https://: ghcr.io/acme',
  );
  assert.equal(wrongRegistry('ghcr.io/Acme'), 'must be in lower-case letters, as image names are: ghcr.io/acme');
  assert.match(wrongRegistry('docker.io') ?? '', /Docker Hub needs an account, such as docker\.io\/ACCOUNT/);
  for (const text of ['', '/', 'ghcr.io//acme', 'a b', 'ghcr.io/acme:5000', 'ghcr.io/acme@x', '-reg.example', 'lan:x'])
    assert.notEqual(wrongRegistry(text), undefined, text);
  for (const text of ['127.0.0.1:5000', '[::1]:5000', 'reg.example/a__b/c-d.e', 'localhost:5000/x', 'REG.example'])
    assert.equal(wrongRegistry(text), undefined, text);
});

test('deploy.yaml and ENTRYPOINT_REGISTRY are read alike', async () => {
  const cwd = temporaryDirectory();
  const word = fc.stringMatching(/^[A-Za-z0-9.:/_-]{1,20}$/);
  await fc.assert(
    fc.asyncProperty(word, async (text) => {
      const read = (): string | undefined => {
        try {
          return parseDeployFile(`registry: '${text}'\n`).registry;
        } catch {
          return undefined;
        }
      };
      const variable = await readService({cwd, env: {ENTRYPOINT_REGISTRY: text}}).then(
        ({registry}) => registry,
        () => undefined,
      );
      assert.equal(variable, read());
    }),
    {numRuns: 60},
  );
});

test('a wrong ENTRYPOINT_REGISTRY is a usage error that names it', async () => {
  await assert.rejects(readService({cwd: temporaryDirectory(), env: {ENTRYPOINT_REGISTRY: 'http://lan:5000'}}), {
    message:
      'ENTRYPOINT_REGISTRY must be host, host:port or host/path, without https://: lan:5000, not http://lan:5000',
    exitCode: 64,
  });
});

import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import {isProblem} from '../../../src/errors.ts';
import {engineProblem, podmanMark, requireEngine, rootlessMark} from '../../../src/image/engine.ts';
import {testContext} from '../../../src/task.ts';

// What docker clients from 20.10 to 29 print.
const cases: readonly (readonly [stderr: string, host: string | undefined, what: RegExp, fix: RegExp])[] = [
  [
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    undefined,
    /^the Docker engine does not answer$/,
    /systemctl start docker/,
  ],
  [
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    'deploy@h1',
    /^the Docker engine of deploy@h1 does not answer$/,
    /^start it there: ssh -t deploy@h1 sudo systemctl start docker$/,
  ],
  [
    'Error response from daemon: client version 1.99 is too new. Maximum supported API version is 1.41',
    undefined,
    /have no API version in common$/,
    /^unset DOCKER_API_VERSION/,
  ],
  [
    'Error response from daemon: client version 1.41 is too old. Minimum supported API version is 1.44, please upgrade',
    'h1',
    /^the docker client and the engine of h1 have no API version in common$/,
    /update the older/,
  ],
  [
    'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock',
    'ssh://deploy@h1:2222',
    /^no permission to use the Docker socket of/,
    /ssh -t -p 2222 deploy@h1 'sudo usermod -aG docker "\$USER"'/,
  ],
  ['sh: 1: docker: not found', 'h1', /^no docker client on h1$/, /\/usr\/local\/bin/],
  ['sh: docker: command not found', 'h1', /^no docker client on h1$/, /install Docker/],
  [
    'error during connect: Get "http://%2Fnone.sock/v1": dial unix /none.sock: connect: no such file or directory',
    undefined,
    /^the Docker engine does not answer$/,
    /DOCKER_HOST/,
  ],
  [
    'Failed to initialize: unable to resolve docker endpoint: context "old": context not found: open meta.json: no such file',
    undefined,
    /does not know which engine/,
    /docker context use default$/,
  ],
  ['unable to parse docker host `1.2.3.4`', 'h1', /the docker client on h1 does not know/, /ssh h1 docker context use/],
  [
    'error during connect: Get "https://h9:2376/v1.41/version": x509: certificate signed by unknown authority',
    undefined,
    /does not trust the engine/,
    /DOCKER_CERT_PATH/,
  ],
  [
    `Cannot connect to the Docker daemon\n${rootlessMark}`,
    'h1',
    /rootless engine/,
    /ssh h1 docker context use rootless/,
  ],
  [
    podmanMark,
    'h1',
    /^Podman is not supported, and it answers in place of the Docker engine of h1: /,
    /install Docker/,
  ],
];

suite('an engine that cannot be used is named with its cause', () => {
  for (const [stderr, host, what, fix] of cases)
    test(`${host ?? 'here'}: ${stderr.split('\n')[0]}`, () => {
      const error = engineProblem(stderr, host);
      assert.ok(isProblem(error));
      assert.deepEqual([error.code, error.exitCode], ['engine_unavailable', 69]);
      assert.match(error.message, what);
      assert.match(error.fix ?? '', fix);
    });
});

test('Podman behind the socket of Docker is refused by name', async () => {
  const {context} = testContext({respond: () => ({stdout: 'Podman Engine Conmon OCI Runtime (runc) '})});
  await assert.rejects(requireEngine(context), /Podman is not supported/);
  await requireEngine(testContext({respond: () => ({stdout: 'Engine containerd runc docker-init '})}).context);
});

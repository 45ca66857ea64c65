import assert from 'node:assert/strict';
import {suite, test} from 'node:test';
import {isProblem, problem} from '../../../src/errors.ts';
import {explainPull} from '../../../src/registry/pull-failures.ts';

const image = 'lan:5000/acme/shop@sha256:abc';

function explained(line: string, host = 'deploy@h1', images = [image], hasLogin = false): unknown {
  const error = explainPull(
    problem({
      code: 'command_failed',
      what: 'cannot pull the image on h1; nothing has changed: command failed with exit code 1: docker pull',
      details: [line],
    }),
    {host, images, hasLogin},
  );
  assert.ok(isProblem(error));
  return error;
}

// What docker 20.10 to 29 and containerd print.
const cases: readonly (readonly [said: string, code: string, exit: number, fix: RegExp])[] = [
  [
    'Error response from daemon: Get "https://lan:5000/v2/": dial tcp 10.0.0.9:5000: connect: connection refused',
    'registry_unavailable',
    69,
    /^start it, or make it reachable from h1: ssh deploy@h1 curl https:\/\/lan:5000\/v2\/$/,
  ],
  [
    'Error response from daemon: Get "https://lan:5000/v2/": dial tcp: lookup lan on 10.0.0.1:53: no such host',
    'registry_unavailable',
    69,
    /^start it/,
  ],
  [
    'Error response from daemon: Get "https://lan:5000/v2/": net/http: TLS handshake timeout',
    'registry_unavailable',
    69,
    /^start it/,
  ],
  [
    'Error response from daemon: Get "https://lan:5000/v2/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
    'registry_unavailable',
    69,
    /^start it/,
  ],
  [
    'Error response from daemon: Get "https://lan:5000/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    'registry_unavailable',
    69,
    /\/etc\/docker\/certs\.d\/lan:5000\/ca\.crt/,
  ],
  ['toomanyrequests: You have reached your pull rate limit.', 'registry_unavailable', 69, /^wait, or log in/],
  [
    'Error response from daemon: Head "https://lan:5000/v2/acme/shop/manifests/x": no basic auth credentials',
    'registry_refused',
    1,
    /^log in as a user with access: ssh deploy@h1 docker login lan:5000; or give deploys a login/,
  ],
  [
    'Error response from daemon: unauthorized: authentication required',
    'registry_refused',
    1,
    /ssh deploy@h1 docker login/,
  ],
  [`Error response from daemon: manifest for ${image} not found: manifest unknown`, 'image_missing', 1, /^publish it/],
  [
    'Error response from daemon: pull access denied for shop, repository does not exist or may require docker login',
    'image_missing',
    1,
    /if it is private, log in/,
  ],
  [
    'no matching manifest for linux/arm64/v8 in the manifest list entries',
    'host_unsuitable',
    69,
    /^build the image for that platform/,
  ],
];

suite('a pull that fails on a host', () => {
  for (const [said, code, exit, fix] of cases)
    test(`${code}: ${said.slice(0, 70)}`, () => {
      const error = explained(said);
      assert.ok(isProblem(error));
      assert.deepEqual([error.code, error.exitCode], [code, exit]);
      assert.match(error.fix ?? '', fix);
      assert.match(error.message, /nothing has changed/);
    });

  test('an image of this project that is on no registry is built, not logged in for', () => {
    const error = explained(
      'pull access denied for entrypoint/haproxy, repository does not exist or may require docker login: denied',
      'local',
      ['entrypoint/haproxy:3.0'],
    );
    assert.ok(isProblem(error));
    assert.match(
      error.fix ?? '',
      /^build entrypoint\/haproxy:3\.0 \(npm run images, in the repository of entrypoint\)/,
    );
  });

  test('with a login in deploy.yaml, that one is to be corrected', () => {
    const error = explained('unauthorized', 'h1', [image], true);
    assert.ok(isProblem(error));
    assert.match(error.fix ?? '', /^correct `registry_login`/);
  });
});

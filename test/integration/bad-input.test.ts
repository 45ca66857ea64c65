import assert from 'node:assert/strict';
import {mkdirSync, symlinkSync} from 'node:fs';
import {type AddressInfo, createServer} from 'node:net';
import {join} from 'node:path';
import {beforeEach, test} from 'node:test';
import {executables} from '../../src/shell/executable.ts';
import {entrypoint, makeTiny} from './tiny.ts';

// What a user sees when something is missing or wrong: the problem, the evidence, the fix, and no leftovers.

const {directory, name, run, must, write, describe, commit, leftovers} = makeTiny();
const nowhere = `127.0.0.1:${await closedPort()}`;

beforeEach(() => {
  must('git', 'checkout', '--quiet', '.');
});

function cli(
  words: readonly string[],
  env?: Readonly<Record<string, string>>,
): {code: number | null; stdout: string; stderr: string} {
  return run(entrypoint, words, env === undefined ? {} : {env});
}

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const {port} = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A PATH with exactly these programs. */
function onlyPath(label: string, programs: readonly string[]): string {
  const bin = join(directory, '.git', `bin-${label}`);
  mkdirSync(bin);
  for (const program of programs) {
    const [found] = executables(program, {directory: '/', path: process.env['PATH']});
    if (found !== undefined) symlinkSync(found, join(bin, program));
  }
  return bin;
}

const version = (): string => must('git', 'rev-parse', 'HEAD').slice(0, 12);

test('without Docker a task that needs it fails with exit code 69; one that does not still works', () => {
  const PATH = onlyPath('no-docker', ['node', 'git', 'sh', 'env', 'dirname', 'readlink']);
  assert.deepEqual(cli(['build'], {PATH}), {
    code: 69,
    signal: null,
    stdout: '',
    stderr: [
      'entrypoint: command not found: docker',
      'fix: install Docker (Debian, Ubuntu: apt-get install docker.io)\n',
    ].join('\n'),
  });
  assert.equal(cli(['--list'], {PATH}).code, 0);
});

test('an engine that is not running: exit code 69, and nothing is done', () => {
  const {code, stdout, stderr} = cli(['build', 'deploy'], {DOCKER_HOST: `unix://${directory}/none.sock`});
  assert.equal(code, 69);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /^# task 1 of 2: build\n\$ mkdir [^]*\n\$ .*docker (?:buildx )?build [^]*\nentrypoint: the Docker engine does not answer\n {2}.*none\.sock/,
  );
  assert.match(stderr, /\nfix: start it \(systemctl start docker, or dockerd\), or set DOCKER_HOST/);
});

test('no permission to use the socket: exit code 69, and the group to join', (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root can become a user without permission');
  // Another user, with permission to read everything: the clone can be in a directory that only its owner can read.
  const reader = ['--reuid=65534', '--clear-groups', '--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'];
  const {code, stderr} = run('setpriv', [...reader, entrypoint, 'status'], {env: {HOME: '/nonexistent'}});
  assert.equal(code, 69);
  assert.match(stderr, /^entrypoint: no permission to use the Docker socket\n/);
  assert.match(stderr, /\nfix: add the user to the group of the socket/);
});

test('without git, build fails with exit code 69', () => {
  const PATH = onlyPath('no-git', ['node', 'docker', 'sh', 'env', 'dirname', 'readlink']);
  const {code, stderr} = cli(['build'], {PATH});
  assert.equal(code, 69);
  assert.equal(stderr, 'entrypoint: command not found: git\nfix: install git (Debian, Ubuntu: apt-get install git)\n');
});

test('outside of a git repository, the version is a hash of the files', () => {
  const {code, stderr} = cli(['build'], {GIT_DIR: join(directory, 'none')});
  assert.equal(code, 0, stderr);
  assert.match(stderr, /# \S+ is not in a git repository: [0-9a-f]{12} is a hash of its files\n/);
});

test('a step of the build that refuses the files of the service ends the build with its exit code and its words', () => {
  write(
    'Dockerfile',
    "FROM entrypoint/debian:trixie\nRUN echo 'entrypoint: x.lock is missing' >&2; echo 'fix: make x.lock' >&2; exit 65\n",
  );
  const {code, stderr} = cli(['build']);
  assert.equal(code, 65, stderr);
  assert.match(stderr, /\nentrypoint: cannot build the image \S+: x\.lock is missing\nfix: make x\.lock\n$/);
});

test('an image of a dirty tree is named after it, and publish refuses it', () => {
  write('notes.txt', 'not committed\n');
  const clean = version();
  const built = cli(['--json', 'build']);
  must('git', 'clean', '--quiet', '--force');
  assert.equal(built.code, 0, built.stderr);
  assert.match(
    built.stderr,
    /# 1 file differs from the commit: the image is labelled .*-dirty, and publish will refuse it/,
  );
  const {image, commit: hash} = JSON.parse(built.stdout) as {image: string; commit: string};
  assert.equal(image, `${name}:${clean}-dirty`);
  assert.match(hash, /^[0-9a-f]{40}-dirty$/);
  assert.equal(
    must('docker', 'inspect', '--format', '{{index .Config.Labels "entrypoint.git_commit_hash"}}', image).trim(),
    hash,
  );
  const published = cli(['publish', `--tag=${clean}-dirty`], {ENTRYPOINT_REGISTRY: nowhere});
  assert.equal(published.code, 1);
  assert.match(published.stderr, /was built from uncommitted changes[^\n]*\nfix: commit, build and publish/);
});

test('a missing image is reported with the command that builds it', () => {
  for (const words of [
    ['deploy', `--image=${name}:none`],
    ['test_integration', `--image=${name}:none`],
    ['publish', '--tag=none'],
  ]) {
    const {code, stderr} = cli(words, {ENTRYPOINT_REGISTRY: nowhere});
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      new RegExp(`entrypoint: the image ${name}:none is not on this engine\nfix: build it: entrypoint build`),
    );
  }
  assert.deepEqual(leftovers(), []);
});

test('a registry that is down is retried, then reported with its address', () => {
  const image = (JSON.parse(must(entrypoint, '--quiet', '--json', 'build')) as {image: string}).image;
  const pushed = cli(['publish'], {ENTRYPOINT_REGISTRY: nowhere});
  assert.equal(pushed.code, 69);
  assert.match(pushed.stderr, /# try 1 of 5 failed; next one in/);
  assert.match(
    pushed.stderr,
    new RegExp(
      `entrypoint: the registry ${nowhere} does not answer: cannot push the image: .*\n.*connection refused\nfix: start it`,
      's',
    ),
  );
  const promoted = cli(['promote', '--to=rc'], {ENTRYPOINT_REGISTRY: nowhere});
  assert.equal(promoted.code, 69);
  assert.match(promoted.stderr, /try 1 of 5 failed/);
  assert.match(promoted.stderr, /entrypoint: the registry 127\.0\.0\.1:\d+ does not answer: .*\nfix: start it/);
  const pulled = cli(['deploy', `--image=${nowhere}/${name}@sha256:${'a'.repeat(64)}`]);
  assert.equal(pulled.code, 69);
  assert.match(
    pulled.stderr,
    /try 4 of 5 failed[^]*entrypoint: the registry \S+ does not answer: cannot pull the image: [^]*connection refused\nfix: /,
  );
  assert.deepEqual(leftovers(), []);
  must('docker', 'image', 'rm', image);
});

test('a port in use is refused before a deploy creates anything, and by run', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const {port} = server.address() as AddressInfo;
  describe(`load_balancer: {port: ${port}}`);
  commit();
  must(entrypoint, 'build');
  const {code, stderr} = cli(['deploy']);
  const served = cli(['run'], {PORT: String(port), ENTRYPOINT_RUN_HOST: '127.0.0.1'});
  server.close();
  assert.notEqual(code, 0);
  assert.match(
    stderr,
    /cannot be deployed to local; nothing has changed\n {2}deploy\.yaml:\d+: another program listens on 127\.0\.0\.1:\d+ of this machine\nfix: stop it/,
  );
  assert.deepEqual(leftovers(), []);
  assert.equal(served.code, 69);
  assert.match(served.stdout + served.stderr, new RegExp(`${port}: address already in use`));
});

test('a release that crashes fails the deploy early, with its last log lines', () => {
  describe('environment: {NODE_OPTIONS: --no-such-option}');
  commit();
  must(entrypoint, 'build');
  const started = Date.now();
  const {code, stderr} = cli(['deploy']);
  assert.notEqual(code, 0);
  assert.match(
    stderr,
    /has ended: it has no address any more\n {2}last lines of the log of .*\n {4}.*--no-such-option is not allowed/,
  );
  assert.ok(Date.now() - started < 40_000, 'it must not wait for the whole ready_timeout of 60 s');
  assert.deepEqual(leftovers(), []);
});

test('all errors in deploy.yaml are reported with their lines, and nothing is done', () => {
  write(
    'deploy.yaml',
    'service: Tiny\nport: abc\nenvironments:\n  local:\n    replicas: 0\n    backing_services: {postgres: {}}\n',
  );
  const {code, stdout, stderr} = cli(['deploy']);
  assert.equal(code, 65);
  assert.equal(stdout, '');
  assert.equal(
    stderr,
    [
      'entrypoint: deploy.yaml is invalid',
      '  deploy.yaml:1: service must be lower-case letters, digits and dashes, at most 40, and begin and end without a dash',
      '  deploy.yaml:2: port must be a port number',
      '  deploy.yaml:5: environments.local.replicas must be at least 1',
      "  deploy.yaml:6: environments.local.backing_services.postgres is not declared in the file's backing_services",
      'fix: correct the lines above; docs/deploy.md lists every setting\n',
    ].join('\n'),
  );
});

test('an undeclared environment is refused with the declared ones', () => {
  const {code, stderr} = cli(['deploy', 'locl']);
  assert.equal(code, 64);
  assert.match(
    stderr,
    /^entrypoint: locl is not an environment of tiny-\w+ \(there is: local\)\nfix: did you mean local\?\n$/,
  );
});

test('malformed build secrets, and missing files of build secrets, are reported all at once', () => {
  const usage = cli(['build', '--secret=npmrc']);
  assert.equal(usage.code, 64);
  assert.match(usage.stderr, /^entrypoint: --secret=npmrc is not ID=FILE\nfix: --secret=npmrc=/);
  const missing = cli(['build', '--secret=npmrc=none.npmrc', '--secret=netrc=none.netrc']);
  assert.equal(missing.code, 65);
  assert.match(
    missing.stderr,
    /^entrypoint: missing files for the build\n {2}npmrc: none\.npmrc\n {2}netrc: none\.netrc\nfix: /,
  );
});

test('a secret reaches the build, but neither a layer nor the history of the image', () => {
  write('Dockerfile', 'FROM entrypoint/node:26\nRUN --mount=type=secret,id=token grep -q s3cr3t /run/secrets/token\n');
  commit();
  write('.git/token', 's3cr3t-value\n');
  const {image} = JSON.parse(must(entrypoint, '--quiet', '--json', 'build', '--secret=token=.git/token')) as {
    image: string;
  };
  assert.doesNotMatch(must('docker', 'history', '--no-trunc', image), /s3cr3t-value/);
  assert.equal(
    must('docker', 'run', '--rm', '--entrypoint', 'sh', image, '-c', 'cat /run/secrets/token 2>/dev/null || echo none'),
    'none\n',
  );
});

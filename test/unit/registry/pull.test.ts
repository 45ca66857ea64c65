import assert from 'node:assert/strict';
import {test} from 'node:test';
import {problem} from '../../../src/errors.ts';
import {explainEngine} from '../../../src/registry/failures.ts';
import {pullCommands} from '../../../src/registry/pull.ts';
import {parseDeployFile} from '../../../src/service/deploy-file.ts';
import type {Service} from '../../../src/service/service.ts';
import {commandText} from '../../../src/shell/argv.ts';

const failed = (detail: string): unknown =>
  explainEngine(
    problem({code: 'command_failed', what: 'cannot push the image: exit code 1', details: [detail]}),
    'lan:5000/acme',
  );

const codeOf = (detail: string): unknown[] => {
  const {code, exitCode} = failed(detail) as {code: string; exitCode: number};
  return [code, exitCode];
};

test('what the engine says of a registry is explained, and a refused login is no registry that is down', () => {
  assert.deepEqual(codeOf('dial tcp 10.0.0.1:5000: connect: connection refused'), ['registry_unavailable', 69]);
  assert.deepEqual(codeOf('http: server gave HTTP response to HTTPS client'), ['registry_unavailable', 69]);
  assert.deepEqual(codeOf('x509: certificate signed by unknown authority'), ['registry_unavailable', 69]);
  assert.deepEqual(codeOf('denied: requested access to the resource is denied'), ['registry_refused', 1]);
  assert.deepEqual(codeOf('no space left on device'), ['command_failed', 1]);
});

test('a pull with a login is one command, and others are pulled without it', () => {
  const login = {user: "o'brien", password: {env: 'TOKEN'}};
  const service = (registry: string): Service => ({
    name: 'shop',
    directory: '/',
    registry,
    deployFile: {...parseDeployFile(''), registry_login: login},
  });
  const texts = (registry: string, images: string[]): string[] =>
    pullCommands(service(registry), images).map(commandText);
  const [text = '', ...more] = texts('reg.example/acme', ['haproxy:3.0', 'reg.example/acme/shop@sha256:abc']);
  assert.deepEqual(more, []);
  assert.match(
    text,
    /^\{ printf '%s\\n' "\$TOKEN"; \} \| sh -c 'docker pull --quiet haproxy:3\.0 \|\| exit; umask 077; /,
  );
  assert.match(text, /docker pull --quiet reg\.example\/acme\/shop@sha256:abc'$/);
  assert.deepEqual(texts('reg.example', ['other.example/x']), ['docker pull --quiet other.example/x']);
  assert.match(
    texts('docker.io/acme', ['docker.io/acme/shop@sha256:abc'])[0] ?? '',
    /https:\/\/index\.docker\.io\/v1\//,
  );
});

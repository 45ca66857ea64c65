import assert from 'node:assert/strict';
import {test} from 'node:test';
import {isSecretFile, isSecretVariable, secretKind, secretsInHistory} from '../../../../src/contract/image/secrets.ts';

test('a variable with a value is a secret by its name or by the format of the value', () => {
  assert.ok(isSecretVariable('DATABASE_PASSWORD', 'x1y2'));
  assert.ok(isSecretVariable('API_KEY', 'abc'));
  assert.ok(isSecretVariable('LOCATION', 'postgres://buy:hunter2@db/buy'));
  assert.ok(!isSecretVariable('DATABASE_PASSWORD', ''));
  assert.ok(!isSecretVariable('DATABASE_PASSWORD_FILE', '/run/secrets/database'));
  assert.ok(!isSecretVariable('TOKEN_TTL', '900'));
  assert.ok(!isSecretVariable('DATABASE_URL', 'postgres://buy@db/buy'));
  assert.ok(!isSecretVariable('PATH', '/usr/bin'));
});

test('finds build arguments and assignments in the history, not references and not ENV', () => {
  assert.deepEqual(secretsInHistory('RUN |1 NPM_TOKEN=abcdef /bin/sh -c npm ci # buildkit'), ['NPM_TOKEN']);
  assert.deepEqual(secretsInHistory('RUN /bin/sh -c curl https://bob:hunter2@example.com/x'), ['a password in a URL']);
  assert.deepEqual(secretsInHistory('RUN /bin/sh -c TOKEN=$(cat /run/secrets/token) make'), []);
  assert.deepEqual(secretsInHistory('RUN /bin/sh -c TOKEN="$OTHER" make'), []);
  assert.deepEqual(secretsInHistory('ENV API_TOKEN=abcdef'), []);
  assert.deepEqual(secretsInHistory('ARG NPM_TOKEN'), []);
});

test('a file is a secret by its content or its name', () => {
  assert.equal(secretKind('-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl'), 'a private key');
  assert.equal(secretKind('//registry.example.com/:_authToken=abcdefgh1234'), 'an npm token');
  assert.equal(secretKind('//registry.example.com/:_authToken=${NPM_TOKEN}'), undefined);
  assert.equal(secretKind("const head = '-----BEGIN PRIVATE KEY-----\\n';"), undefined);
  assert.ok(isSecretFile('home/webuser/.ssh/id_ed25519'));
  assert.ok(!isSecretFile('home/webuser/.ssh/id_ed25519.pub'));
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {
  isRepositoryFile,
  isSecretFile,
  isSecretVariable,
  isVariablesFile,
  secretKind,
  secretsInHistory,
  variablesOf,
} from '../../../../src/contract/image/secrets.ts';

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

test('keys of clouds and services are recognised by their format', () => {
  const key = 'A'.repeat(40);
  for (const [text, kind] of [
    [`{"private_key": "-----BEGIN PRIVATE KEY-----\\n${key}\\n"}`, 'a private key'],
    [`key: AIza${'b'.repeat(35)}`, 'a Google API key'],
    [`const stripe = 'sk_${'live'}_abcdefghijklmnop'`, 'a Stripe key'],
    [`github_pat_${'1'.repeat(60)}`, 'a GitHub token'],
    [`npm_${'a'.repeat(36)}`, 'an npm token'],
  ] as const)
    assert.equal(secretKind(text), kind, text);
  assert.equal(secretKind(`const start = '-----BEGIN PRIVATE KEY-----\\n' + key`), undefined);
});

test('a private key is found with headers, indented and with escaped line ends, not in prose and code', () => {
  const body = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC';
  const pgp = (...headers: string[]): string =>
    ['-----BEGIN PGP PRIVATE KEY BLOCK-----', ...headers, '', body].join('\n');
  for (const text of [
    pgp(),
    pgp('Version: GnuPG v2', 'Comment: https://example.com'),
    pgp().replaceAll('\n', '\r\n'),
    `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\n${body}`,
    `tls:\n  key: |\n    -----BEGIN EC PRIVATE KEY-----\n    ${body}\n`,
    `{"key": "-----BEGIN PRIVATE KEY-----\\r\\n${body}\\r\\n"}`,
  ])
    assert.equal(secretKind(text), 'a private key', text);
  for (const text of [
    'A key begins with\n    -----BEGIN PRIVATE KEY-----\n    and ends with\n    -----END PRIVATE KEY-----',
    '-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n...\n',
    "  '-----BEGIN PRIVATE KEY-----',\n  configurationOfTheServer,\n",
    `-----BEGIN PUBLIC KEY-----\n${body}`,
    pgp().replace('PRIVATE', 'PUBLIC'),
  ])
    assert.equal(secretKind(text), undefined, text);
});

test('credentials of clouds, clusters and editors are recognised by their names', () => {
  for (const path of [
    'content/.kube/config',
    'content/deploy.p12',
    'content/.idea/WebServers.xml',
    'x/terraform.tfstate',
  ])
    assert.ok(isSecretFile(path), path);
  for (const path of ['content/kube/config', 'content/p12', 'content/.idea/workspace.xml'])
    assert.ok(!isSecretFile(path), path);
  assert.ok(isRepositoryFile('content/.git/HEAD'));
  assert.ok(!isRepositoryFile('content/.github/HEAD'));
});

test('a file of variables counts by the values that it sets, without those for a browser', () => {
  for (const name of ['.env', 'content/.env', 'content/.env.local', '.env.production'])
    assert.ok(isVariablesFile(name));
  for (const name of ['.env.example', 'content/.env.sample', '.environment', 'x.env'])
    assert.ok(!isVariablesFile(name));
  assert.deepEqual(
    variablesOf('# A=1\nB=\nC=""\n export D="x"\nE = 1 # text\r\nNEXT_PUBLIC_F=1\nG= # nothing\nH=\'\'\n'),
    ['D', 'E'],
  );
});

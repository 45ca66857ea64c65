import assert from 'node:assert/strict';
import {createHash} from 'node:crypto';
import {writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {test} from 'node:test';
import {problem} from '../../../src/errors.ts';
import {manifestUrl, readManifest} from '../../../src/registry/client.ts';
import {copyManifestText} from '../../../src/registry/copy-text.ts';
import {answerChallenge, parseChallenge, readLogin} from '../../../src/registry/login.ts';
import {recordingRunner} from '../../../src/shell/index.ts';
import type {Responder} from '../../../src/shell/runners/recording.ts';
import type {Context} from '../../../src/task.ts';
import {temporaryDirectory} from '../../support/directory.ts';

const directory = temporaryDirectory();
const auth = Buffer.from('lab:labpass').toString('base64');

function context(config: object, answer?: Responder): {context: Context; commands: string[]} {
  const home = temporaryDirectory();
  writeFileSync(join(home, 'config.json'), JSON.stringify(config));
  const {run, commands} = recordingRunner(answer);
  return {
    commands,
    context: {
      run,
      cwd: '/',
      env: {DOCKER_CONFIG: home},
      rest: [],
      say: () => {},
      note: () => {},
      signal: new AbortController().signal,
    },
  };
}

test("a login is read where docker stores it: under the registry's name, or the old address of Docker Hub", async () => {
  assert.deepEqual(await readLogin(context({auths: {'reg.example:5000': {auth}}}).context, 'reg.example:5000'), {
    basic: auth,
  });
  assert.deepEqual(
    await readLogin(context({auths: {'https://index.docker.io/v1/': {auth}}}).context, 'registry-1.docker.io'),
    {basic: auth},
  );
  assert.equal(await readLogin(context({auths: {'reg.example:5000': {auth}}}).context, 'other.example'), undefined);
  assert.equal(
    await readLogin({...context({}).context, env: {DOCKER_CONFIG: join(directory, 'none')}}, 'reg.example'),
    undefined,
  );
});

test('a credential helper gets the registry on standard input, and wins over the configuration', async () => {
  const {context: withHelper, commands} = context({credsStore: 'pass', auths: {'reg.example': {auth: 'b2xk'}}}, () => ({
    stdout: '{"Username": "lab", "Secret": "labpass"}',
  }));
  assert.deepEqual(await readLogin(withHelper, 'reg.example'), {basic: auth});
  assert.deepEqual(commands, ['printf %s reg.example | docker-credential-pass get']);
  assert.doesNotMatch(commands.join('\n'), /labpass/);
});

test('a configuration that is not JSON is reported with its file', async () => {
  const broken = context({});
  writeFileSync(join(broken.context.env['DOCKER_CONFIG'] ?? '', 'config.json'), '{');
  await assert.rejects(readLogin(broken.context, 'reg.example'), {
    message: /config\.json is not valid JSON/,
    code: 'bad_docker_config',
    exitCode: 65,
  });
});

test('both schemes of challenge are read, any other is ignored', () => {
  assert.deepEqual(parseChallenge('Basic realm="registry"'), {scheme: 'basic', parameters: {realm: 'registry'}});
  assert.deepEqual(
    parseChallenge('Bearer realm="https://auth.example/token",service="reg",scope="repository:a/b:pull,push"'),
    {
      scheme: 'bearer',
      parameters: {realm: 'https://auth.example/token', service: 'reg', scope: 'repository:a/b:pull,push'},
    },
  );
  assert.equal(parseChallenge('Negotiate abc'), undefined);
});

test('a token server gets the login and the scope that the registry asked for', async () => {
  const requests: string[] = [];
  const answer = await answerChallenge(
    {scheme: 'bearer', parameters: {realm: 'https://auth.example/token', service: 'reg', scope: 'repository:a:pull'}},
    {basic: auth},
    async (url, {headers}) => {
      requests.push(`${url} ${headers?.['authorization']}`);
      return Response.json({access_token: 't0ken'});
    },
  );
  assert.equal(answer, 'Bearer t0ken');
  assert.deepEqual(requests, [`https://auth.example/token?service=reg&scope=repository%3Aa%3Apull Basic ${auth}`]);
});

test('a manifest behind a token server is read; without a login the fix is docker login', async () => {
  const server = createServer((request, response) => {
    const {port} = server.address() as AddressInfo;
    if (request.url?.startsWith('/token') === true) {
      response.statusCode = request.headers.authorization === `Basic ${auth}` ? 200 : 401;
      response.end(JSON.stringify({token: 't0ken'}));
    } else if (request.headers.authorization === 'Bearer t0ken') {
      response.setHeader('docker-content-digest', 'sha256:abc').end('{}');
    } else {
      response
        .writeHead(401, {'www-authenticate': `Bearer realm="http://127.0.0.1:${port}/token",service="reg"`})
        .end();
    }
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const registry = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const repository = {registry, name: 'shop'};
  try {
    assert.equal(
      (await readManifest(context({auths: {[registry]: {auth}}}).context, repository, 'rc'))?.digest,
      'sha256:abc',
    );
    await assert.rejects(readManifest(context({}).context, repository, 'rc'), {
      message: `the registry answered 401: http://${registry}/v2/shop/manifests/rc`,
      fix: `log in as a user with access: docker login ${registry}`,
    });
  } finally {
    server.close();
  }
});

test('promotion is printed as curl, or as skopeo if a login is needed, never with a secret', () => {
  const local = {registry: '127.0.0.1:5000', name: 'shop'};
  assert.equal(
    copyManifestText(local, 'sha256:abc', 'rc', {type: 'x', login: true}),
    'skopeo copy --all --preserve-digests --src-tls-verify=false --dest-tls-verify=false docker://127.0.0.1:5000/shop@sha256:abc docker://127.0.0.1:5000/shop:rc',
  );
  assert.match(
    copyManifestText({...local, registry: 'ghcr.io/team'}, '1.2', 'rc', {type: 'x', login: false}),
    /^curl .* https:\/\/ghcr\.io\/v2\/team\/shop\/manifests\/1\.2 \| curl .*PUT/,
  );
  assert.equal(
    manifestUrl({registry: 'docker.io/me', name: 'shop'}, 'rc'),
    'https://registry-1.docker.io/v2/me/shop/manifests/rc',
  );
});

test('an identity token is exchanged by a POST, whether the configuration or a helper has it', async () => {
  const stored = context({auths: {'reg.example': {auth, identitytoken: 'REFRESH'}}}).context;
  assert.deepEqual(await readLogin(stored, 'reg.example'), {basic: '', identityToken: 'REFRESH'});
  const helped = context({credHelpers: {'reg.example': 'acr'}}, () => ({
    stdout: '{"Username": "<token>", "Secret": "REFRESH"}',
  })).context;
  const login = await readLogin(helped, 'reg.example');
  const questions: unknown[] = [];
  const answer = await answerChallenge(
    {scheme: 'bearer', parameters: {realm: 'https://auth.example/token', service: 'reg', scope: 'repository:a:pull'}},
    login,
    async (url, question) => {
      questions.push([url, question.method, question.body]);
      return Response.json({access_token: 't0ken'});
    },
  );
  assert.equal(answer, 'Bearer t0ken');
  assert.deepEqual(questions, [
    [
      'https://auth.example/token',
      'POST',
      'grant_type=refresh_token&service=reg&scope=repository%3Aa%3Apull&client_id=entrypoint&refresh_token=REFRESH',
    ],
  ]);
});

test('a helper that is missing or fails is named; one that knows no login is none', async () => {
  const config = {credsStore: 'pass', auths: {'reg.example': {auth}}};
  const answering = (answer: Responder): Promise<unknown> => readLogin(context(config, answer).context, 'reg.example');
  assert.deepEqual(await answering(() => ({exitCode: 1, stdout: 'credentials not found in native keychain\n'})), {
    basic: auth,
  });
  await assert.rejects(
    answering(() => ({exitCode: 2, stdout: 'no such store\n'})),
    {
      message: /docker-credential-pass failed for reg\.example with exit code 2/,
      code: 'credential_helper',
      exitCode: 69,
      details: ['no such store'],
    },
  );
  await assert.rejects(
    answering(() => ({stdout: 's3cret'})),
    (error: Error) => {
      assert.match(error.message, /docker-credential-pass answered for reg\.example with something other than JSON/);
      assert.doesNotMatch(error.message, /s3cret/);
      return true;
    },
  );
  await assert.rejects(
    answering(() => problem({code: 'command_not_found', what: 'command not found: docker-credential-pass'})),
    {message: /docker-credential-pass is missing/, exitCode: 69},
  );
});

test('DOCKER_AUTH_CONFIG goes before the configuration', async () => {
  const {context: given} = context({auths: {'reg.example': {auth: 'b2xk'}}});
  const env = {...given.env, DOCKER_AUTH_CONFIG: JSON.stringify({auths: {'reg.example': {auth}}})};
  assert.deepEqual(await readLogin({...given, env}, 'reg.example'), {basic: auth});
});

test('a manifest without a digest in the answer gets that of its bytes, and its type from its text', async () => {
  const type = 'application/vnd.oci.image.index.v1+json';
  const bytes = JSON.stringify({schemaVersion: 2, mediaType: type});
  const server = createServer((_, response) => response.setHeader('content-type', 'text/plain').end(bytes));
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const registry = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const manifest = await readManifest(context({}).context, {registry, name: 'shop'}, 'rc');
    assert.equal(manifest?.digest, `sha256:${createHash('sha256').update(bytes).digest('hex')}`);
    assert.equal(manifest.type, type);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test('a registry that gives no answer ends with 69, and its container is mentioned', async () => {
  const given = context({}).context;
  await assert.rejects(
    readManifest({...given, signal: AbortSignal.timeout(500)}, {registry: '127.0.0.1:9', name: 'shop'}, 'rc'),
    {
      code: 'registry_unavailable',
      exitCode: 69,
      fix: /docker run --network host/,
    },
  );
});

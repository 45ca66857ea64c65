import assert from 'node:assert/strict';
import {mkdirSync, writeFileSync} from 'node:fs';
import {createServer} from 'node:http';
import {createServer as createSecure} from 'node:https';
import {type AddressInfo, connect, type Server as NetServer} from 'node:net';
import {join} from 'node:path';
import {after, test} from 'node:test';
import {readManifest, type RegistryContext, writeManifest} from '../../../src/registry/client.ts';
import {copyManifestText, registryAccess} from '../../../src/registry/copy-text.ts';
import {recordingRunner} from '../../../src/shell/index.ts';
import type {Responder} from '../../../src/shell/runners/recording.ts';
import {makeCertificate} from '../../support/certificate.ts';
import {temporaryDirectory} from '../../support/directory.ts';

// A registry with TLS by an authority of its own, whose name means something to the proxy alone.
const host = 'registry.invalid';
const {certificate, key} = makeCertificate(temporaryDirectory(), 1, host);
const portOf = async (server: NetServer): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};
const registry = createSecure({key, cert: certificate}, (request, response) => {
  if (request.method === 'PUT') response.statusCode = 201;
  response.end(request.method === 'PUT' ? '' : '{}');
});
const plain = createServer((_, response) => response.end('{}'));
const asked: string[] = [];
const proxy = createServer().on('connect', (request, socket) => {
  asked.push(request.url ?? '');
  const upstream = connect(request.url?.endsWith(':5000') === true ? plainPort : registryPort, '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 ok\r\n\r\n');
    upstream.pipe(socket).pipe(upstream);
  });
  upstream.on('error', () => socket.destroy());
  socket.on('error', () => upstream.destroy());
});
const [registryPort, plainPort, proxyPort] = await Promise.all([portOf(registry), portOf(plain), portOf(proxy)]);
after(() => {
  for (const server of [registry, plain, proxy]) {
    server.close();
    server.closeAllConnections();
  }
});

function contextWith(answer: Responder = () => undefined, certificates = ''): RegistryContext & {commands: string[]} {
  const settings = temporaryDirectory();
  if (certificates !== '') {
    mkdirSync(join(settings, 'certs.d', host), {recursive: true});
    writeFileSync(join(settings, 'certs.d', host, 'ca.crt'), certificates);
  }
  const {run, commands} = recordingRunner(answer);
  const env = {DOCKER_CONFIG: settings, HTTPS_PROXY: `http://127.0.0.1:${proxyPort}`};
  return {run, commands, env, note: () => {}, signal: new AbortController().signal};
}

const repository = {registry: `${host}/acme`, name: 'shop'};

test('a registry with an authority of its own is reached through the proxy, and the engine is not asked', async () => {
  const context = contextWith(undefined, certificate);
  const manifest = await readManifest(context, repository, 'rc');
  assert.ok(manifest !== undefined);
  await writeManifest(context, repository, 'prod', manifest);
  assert.deepEqual(context.commands, []);
  // Both requests by one connection.
  assert.deepEqual(asked, [`${host}:443`]);
});

test('an unknown authority is refused in words, after the engine was asked for its settings and certificates', async () => {
  const context = contextWith();
  await assert.rejects(readManifest(context, repository, 'rc'), {
    message: `the certificate of the registry ${host} is not trusted: self-signed certificate`,
    fix: /\/etc\/docker\/certs\.d\/registry\.invalid\/ca\.crt/,
    exitCode: 69,
  });
  assert.equal(context.commands.length, 2);
});

test("the engine's certificates are trusted, and its insecure registries need none", async () => {
  const byCertificate = contextWith((_, text) => (text.includes('/certificates') ? {stdout: certificate} : undefined));
  assert.ok(await readManifest(byCertificate, repository, 'rc'));
  const insecure = {IndexConfigs: {[host]: {Secure: false}}};
  const bySetting = contextWith((_, text) =>
    text.startsWith('docker info') ? {stdout: JSON.stringify(insecure)} : undefined,
  );
  assert.ok(await readManifest(bySetting, repository, 'rc'));
  const access = await registryAccess(bySetting, repository);
  assert.deepEqual(access, {scheme: 'https', verify: false, login: false});
  assert.match(copyManifestText(repository, 'rc', 'prod', {type: 'x', ...access}), /^curl .*--insecure .* https:/);
});

test('plain HTTP is said as such, unless the engine allows it', async () => {
  const lan = {registry: `${host}:5000`, name: 'shop'};
  await assert.rejects(readManifest(contextWith(), lan, 'rc'), {
    message: `the registry ${host}:5000 does not answer: it does not speak TLS`,
    fix: /insecure-registries/,
    exitCode: 69,
  });
});

test('on this machine, TLS and plain HTTP work without a setting', async () => {
  const [secure, open] = await Promise.all(
    [registryPort, plainPort].map(async (port) => {
      const local = {registry: `127.0.0.1:${port}`, name: 'shop'};
      const context = contextWith();
      await readManifest(context, local, 'rc');
      return (await registryAccess(context, local)).scheme;
    }),
  );
  assert.deepEqual([secure, open], ['https', 'http']);
});

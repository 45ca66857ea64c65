import assert from 'node:assert/strict';
import {request as plainRequest} from 'node:http';
import {connect as http2} from 'node:http2';
import {request} from 'node:https';
import {test} from 'node:test';
import {connect} from 'node:tls';
import {makeCertificate} from '../../support/certificate.ts';
import {temporaryDirectory} from '../../support/directory.ts';
import {must} from '../../support/docker.ts';
import {eventually} from '../../support/until.ts';
import {answer, configText, serveFrom, startApp, startBalancer} from './balancer.ts';
import {buildImages, makePlace} from './containers.ts';

buildImages('base', 'haproxy');
const place = makePlace();
const balancer = await startBalancer(place);
const app = await startApp(place, 'app', 'v1');
const directory = temporaryDirectory();
const file = {
  routes: [{host: 'shop.example.com'}],
  tls: {certificate: {file: 'unused'}, port: 9443},
  acme: `${app}:3000`,
};

/** The serial number of the certificate for a name. */
async function shown(servername: string): Promise<number> {
  const port = await balancer.port(8443);
  return new Promise((resolve, reject) => {
    const socket = connect(
      {port, host: '127.0.0.1', servername, rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1']},
      () => {
        resolve(Number.parseInt(socket.getPeerCertificate().serialNumber, 16));
        socket.destroy();
      },
    );
    socket.once('error', reject);
  });
}

const first = makeCertificate(directory, 1, 'shop.example.com');

test('a certificate opens https, with HTTP/2, and http is redirected to it', async () => {
  await balancer.mustLb(['config', 'shop.prod'], configText({}, 1, {name: 'shop.prod', file}));
  await serveFrom(balancer, 'shop.prod/1a', app);
  await balancer.mustLb(['config', '--no-reload', 'shop.prod'], configText({'1a': app}, 1, {name: 'shop.prod', file}));
  assert.equal(await balancer.mustLb(['certificate', 'shop.prod'], `${first.certificate}\n${first.key}`), '');
  const session = http2(`https://127.0.0.1:${await balancer.port(8443)}`, {
    servername: 'shop.example.com',
    rejectUnauthorized: false,
  });
  const asking = session.request({':path': '/forwarded', ':authority': 'shop.example.com'});
  let text = '';
  for await (const part of asking.setEncoding('utf8')) text += String(part);
  session.destroy();
  assert.equal((JSON.parse(text) as {proto: string}).proto, 'https');
  const port = await balancer.port();
  const plain = await new Promise<{status?: number | undefined; location?: string | undefined}>((resolve, reject) => {
    plainRequest({port, path: '/a?b=c', agent: false, headers: {host: 'shop.example.com:8080'}}, (response) => {
      response.resume();
      resolve({status: response.statusCode, location: response.headers.location});
    })
      .once('error', reject)
      .end();
  });
  assert.deepEqual(plain, {status: 308, location: 'https://shop.example.com:9443/a?b=c'});
});

test('only the balancer can read the key, and no process and no configuration shows it', async () => {
  assert.equal(
    await must(['exec', balancer.container, 'stat', '--format', '%a %U', '/etc/haproxy/certificates/shop.prod.pem']),
    '600 haproxy',
  );
  const everywhere = await must([
    'exec',
    balancer.container,
    'sh',
    '-c',
    'cat /etc/haproxy/*.cfg /etc/haproxy/entrypoint/*; ls -A /tmp',
  ]);
  assert.doesNotMatch(everywhere, /PRIVATE KEY|pem/);
});

test('an ACME client gets its challenges by http', async () => {
  assert.equal(await answer(balancer, '/.well-known/acme-challenge/token', {host: 'shop.example.com'}), 'v1');
  assert.equal(await answer(balancer, '/.well-known/other', {host: 'shop.example.com'}), 'status 308');
});

test('an invalid certificate is refused without printing the key, and the old one stays in force', async () => {
  const before = await shown('shop.example.com');
  for (const bad of [
    'nonsense',
    first.certificate,
    `${makeCertificate(directory, 9, 'other.example.com').certificate}\n${first.key}`,
  ]) {
    const {code, stderr} = await balancer.lb(['certificate', 'shop.prod'], bad);
    assert.equal(code, 1);
    assert.match(stderr, /lb: the certificate shop\.prod is not usable; the old one stays in force/);
    assert.doesNotMatch(stderr, /PRIVATE KEY-----/);
  }
  assert.equal(await shown('shop.example.com'), before);
});

test('a new certificate takes over on a running balancer: no request is lost, no worker starts', async () => {
  const workers = (): Promise<string> =>
    must([
      'exec',
      balancer.container,
      'sh',
      '-c',
      'echo show proc | socat - /run/haproxy/master.sock | awk \'$2 == "worker" {print $1}\'',
    ]);
  const [before, port] = [await workers(), await balancer.port(8443)];
  const stopping = new AbortController();
  let [sent, failed] = [0, 0];
  const load = (async () => {
    while (!stopping.signal.aborted) {
      sent += 1;
      await new Promise<void>((resolve) => {
        const end = (bad: boolean): void => {
          if (bad) failed += 1;
          resolve();
        };
        request(
          {
            port,
            host: '127.0.0.1',
            servername: 'shop.example.com',
            rejectUnauthorized: false,
            agent: false,
            headers: {host: 'shop.example.com'},
          },
          (response) => {
            response.resume().once('end', () => end(response.statusCode !== 200));
          },
        )
          .once('error', () => end(true))
          .end();
      });
    }
  })();
  const second = makeCertificate(directory, 2, 'shop.example.com');
  await balancer.mustLb(['certificate', 'shop.prod'], `${second.certificate}\n${second.key}`);
  assert.equal(await shown('shop.example.com'), 2);
  await new Promise((resolve) => setTimeout(resolve, 300));
  stopping.abort();
  await load;
  assert.ok(sent > 10, `${sent} requests`);
  assert.equal(failed, 0);
  assert.equal(await workers(), before);
});

test('each name has its own certificate, also after a restart', async () => {
  const api = makeCertificate(directory, 3, 'api.example.com');
  await balancer.mustLb(['certificate', 'api.prod'], `${api.key}\n${api.certificate}`);
  assert.deepEqual([await shown('shop.example.com'), await shown('api.example.com')], [2, 3]);
  assert.match(
    await balancer.mustLb(['certificates']),
    /^api\.prod\tuntil \w+ .* GMT\t.*api\.example\.com\t.*\nshop\.prod\tuntil /m,
  );
  await must(['restart', '--time', '5', balancer.container]);
  await eventually(
    10,
    () => shown('api.example.com').catch(() => 0),
    (serial) => serial === 3,
  );
  assert.equal(await shown('shop.example.com'), 2);
});

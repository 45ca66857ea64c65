import assert from 'node:assert/strict';
import {before, test} from 'node:test';
import {connect} from 'node:tls';
import {makeCertificate} from '../support/certificate.ts';
import {temporaryDirectory} from '../support/directory.ts';
import {entrypoint, makeTiny} from './tiny.ts';

const {name, run, must, describe, commit} = makeTiny();
const directory = temporaryDirectory();
describe(`load_balancer: {tls: {certificate: {file: ${directory}/crt.pem}, key: {env: TINY_KEY}, port: 0}}`);

/** A new certificate in the file, and its key as a variable of the deployer. */
const renew = (serial: number): Record<string, string> => ({TINY_KEY: makeCertificate(directory, serial).key});

/** The certificate's serial number, and the status of an answer by https. */
async function asked(): Promise<string> {
  const port = Number(must('docker', 'port', `${name}.local.balancer`, '8443/tcp').trim().split(':').at(-1));
  return new Promise((resolve, reject) => {
    const socket = connect({port, host: '127.0.0.1', rejectUnauthorized: false}, () => {
      socket.write('GET / HTTP/1.1\r\nhost: shop.example.com\r\nconnection: close\r\n\r\n');
    });
    socket.once('error', reject).once('data', (data) => {
      resolve(`${Number.parseInt(socket.getPeerCertificate().serialNumber, 16)} ${String(data).slice(9, 12)}`);
      socket.destroy();
    });
  });
}

before(() => {
  commit();
  must(entrypoint, 'build');
});

test('each deploy sends its certificate; no key is printed, or an argument', async () => {
  for (const serial of [5, 6]) {
    const env = renew(serial);
    const {code, stdout, stderr} = run(entrypoint, ['--verbose', 'deploy', 'local'], {env});
    assert.equal(code, 0, stderr);
    assert.match(stderr, /printf '%s\\n' "\$TINY_KEY"; \} \| docker exec --interactive \S+ lb certificate /);
    assert.doesNotMatch(stdout + stderr, /PRIVATE KEY/);
    assert.equal(await asked(), `${serial} 200`);
  }
});

test('a certificate that does not match its key is refused before the lock', async () => {
  const env = renew(7);
  renew(8);
  const {code, stderr} = run(entrypoint, ['deploy', 'local'], {env});
  assert.equal(code, 65);
  assert.match(stderr, /the certificate of load_balancer\.tls cannot be used; nothing has changed/);
  assert.match(stderr, /the private key is not that of the certificate/);
  assert.ok(!stderr.includes('.lock'), stderr);
  assert.equal(await asked(), '6 200');
  assert.equal((JSON.parse(must(entrypoint, '--quiet', '--json', 'status')) as {release: number}).release, 2);
});

import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {checkCertificate} from '../../../../../src/deploy/hosts/plan/steps/certificate.ts';
import {isProblem} from '../../../../../src/errors.ts';
import {makeCertificate} from '../../../../support/certificate.ts';
import {temporaryDirectory} from '../../../../support/directory.ts';

const directory = temporaryDirectory();
const make = (serial: number): ReturnType<typeof makeCertificate> => {
  const own = join(directory, String(serial));
  mkdirSync(own);
  return makeCertificate(own, serial);
};
const [one, two] = [make(1), make(2)];

async function reasonOf(...parts: readonly string[]): Promise<string | undefined> {
  try {
    await checkCertificate(parts);
  } catch (error) {
    assert.ok(isProblem(error), String(error));
    assert.deepEqual([error.code, error.exitCode], ['bad_certificate', 65]);
    return error.details.join('\n');
  }
  return undefined;
}

test('a certificate with its key is accepted: in one text or in two, with a chain, in any order, with CR LF', async () => {
  const {certificate, key} = one;
  assert.equal(await reasonOf(certificate, key), undefined);
  assert.equal(await reasonOf(`${certificate}${key}`), undefined);
  assert.equal(await reasonOf(`${key}${certificate}`), undefined);
  assert.equal(await reasonOf(`${certificate}${two.certificate}`, key), undefined);
  assert.equal(await reasonOf(certificate.replaceAll('\n', '\r\n'), key.replaceAll('\n', '\r\n')), undefined);
  const trusting = ['x509', '-in', join(directory, '1', 'crt.pem'), '-trustout', '-addtrust', 'serverAuth'];
  assert.equal(await reasonOf(execFileSync('openssl', trusting, {encoding: 'utf8'}), key), undefined);
  assert.equal(await reasonOf(`Bag Attributes\n  friendlyName: shop\n${certificate}`, key), undefined);
});

test('keys of every usual kind are accepted', async () => {
  for (const kind of ['rsa:2048', 'ed25519']) {
    const [key, certificate] = [join(directory, `${kind}.key`), join(directory, `${kind}.crt`)];
    const words = ['req', '-x509', '-newkey', kind, '-nodes', '-days', '2', '-subj', '/CN=shop'];
    execFileSync('openssl', [...words, '-keyout', key, '-out', certificate], {stdio: 'ignore'});
    const text = execFileSync('cat', [certificate, key], {encoding: 'utf8'});
    assert.equal(await reasonOf(text), undefined, kind);
  }
  // As older programs write them.
  const old = execFileSync('openssl', ['ec', '-in', join(directory, '1', 'key.pem'), '-param_out'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const sec1 = execFileSync('openssl', ['ec', '-in', join(directory, '1', 'key.pem')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  assert.equal(await reasonOf(one.certificate, `${old}${sec1}`), undefined);
});

const broken = (text: string): string => text.replace(/\n[^-\n]{20}/, '\nAAAAAAAAAAAAAAAAAAAA');

test('what the load balancer would refuse is named, without a word of the key', async () => {
  const {certificate, key} = one;
  const [secretLine = ''] = key.split('\n').slice(1);
  const cases: readonly (readonly [parts: readonly string[], says: RegExp])[] = [
    [['shop', key], /no certificate/],
    [[certificate], /no private key/],
    [[certificate, two.key], /the private key is not that of the certificate \(CN=shop\.example\.com\)/],
    [[broken(certificate), key], /its certificate is broken/],
    [[`${certificate}${broken(two.certificate)}`, key], /certificate 2 of 2 is broken/],
    [[certificate, broken(key)], /its private key is broken/],
    [[`${two.certificate}${certificate}`, key], /must be the first, before its chain/],
    [[certificate, key.slice(0, -40)], /no private key/],
  ];
  for (const [parts, says] of cases) {
    const reason = (await reasonOf(...parts)) ?? '';
    assert.match(reason, says);
    assert.ok(!reason.includes(secretLine));
  }
  const locked = execFileSync(
    'openssl',
    ['pkcs8', '-topk8', '-in', join(directory, '1', 'key.pem'), '-passout', 'pass:x'],
    {encoding: 'utf8'},
  );
  assert.match((await reasonOf(certificate, locked)) ?? '', /encrypted/);
});

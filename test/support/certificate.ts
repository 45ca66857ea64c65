import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';

export interface Certificate {
  /** Both as PEM. */
  readonly certificate: string;
  readonly key: string;
}

/** A self-signed certificate, valid for two days, in `crt.pem` and `key.pem` of the directory. Its serial number identifies it. */
export function makeCertificate(directory: string, serial: number, name = 'shop.example.com'): Certificate {
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'crt.pem')];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-addext',
      `subjectAltName=DNS:${name}`,
      '-set_serial',
      String(serial),
      '-keyout',
      key,
      '-out',
      certificate,
    ],
    {stdio: 'ignore'},
  );
  return {certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8')};
}

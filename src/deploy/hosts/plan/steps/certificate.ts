import {exitCode, problem} from '../../../../errors.ts';

/** What to do about a wrong certificate, before a deploy and where the load balancer has refused it. */
export const certificateFix =
  'load_balancer.tls.certificate must be PEM: the certificate, then its chain; add the key there, or set load_balancer.tls.key';

/**
 * Refuses a certificate and a key that the load balancer would refuse.
 * @param parts the certificate with its chain, and the key unless it is in the same text
 * @throws Problem `bad_certificate` (exit code 65), without a word of the key
 * @example
 * await checkCertificate([readFileSync('shop.pem', 'utf8'), readFileSync('key.pem', 'utf8')]);
 */
export async function checkCertificate(parts: readonly string[]): Promise<void> {
  const reason = await mistakeIn(parts);
  if (reason === undefined) return;
  throw problem({
    code: 'bad_certificate',
    what: 'the certificate of load_balancer.tls cannot be used; nothing has changed',
    details: [reason],
    fix: certificateFix,
    exitCode: exitCode.badData,
  });
}

const block = (kind: string): RegExp => new RegExp(`-----BEGIN ${kind}-----[^]*?-----END ${kind}-----`, 'g');

async function mistakeIn(parts: readonly string[]): Promise<string | undefined> {
  const {createPrivateKey, X509Certificate} = await import('node:crypto');
  const text = parts.join('\n');
  const certificates = text.match(block('(?:X509 |TRUSTED )?CERTIFICATE')) ?? [];
  const keys = text.match(block('(?:[A-Z0-9]+ )?PRIVATE KEY')) ?? [];
  const [key] = keys;
  if (certificates.length === 0) return 'it has no certificate: -----BEGIN CERTIFICATE-----';
  if (key === undefined) return 'it has no private key: -----BEGIN PRIVATE KEY-----';
  if (/ENCRYPTED/.test(key)) return 'its private key is encrypted, and the load balancer knows no passphrase';
  const parsed = certificates.map((one) => attempt(() => new X509Certificate(one)));
  const broken = parsed.indexOf(undefined);
  if (broken >= 0)
    return parsed.length === 1
      ? 'its certificate is broken'
      : `certificate ${broken + 1} of ${parsed.length} is broken`;
  const own = attempt(() => createPrivateKey(key));
  if (own === undefined) return 'its private key is broken';
  const [first] = parsed;
  if (first?.checkPrivateKey(own) === true) return undefined;
  return parsed.some((one) => one?.checkPrivateKey(own) === true)
    ? 'the certificate of the service must be the first, before its chain'
    : `the private key is not that of the certificate (${first?.subject.replaceAll('\n', ', ')})`;
}

function attempt<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch {
    return undefined;
  }
}

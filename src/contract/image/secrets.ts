// Detects secrets by name or format. Results hold names and kinds, never values.

const secretName = /(^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|PRIVATE_KEY|ACCESS_KEY|CREDENTIALS?)(_|$)/i;
// Names of a file, a location or a duration.
const harmless = /(_FILE|_PATH|_DIR|_URL|_TTL|_SECONDS|_HEADER|_NAME)$/i;

/** Secrets that have a recognisable format. */
const fileFormats: readonly {readonly kind: string; readonly pattern: RegExp}[] = [
  {kind: 'a private key', pattern: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\r?\n[A-Za-z0-9+/=]/},
  {kind: 'an AWS access key', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/},
  {kind: 'a GitHub token', pattern: /\bgh[pousr]_[A-Za-z0-9]{36,}\b/},
  {kind: 'a GitLab token', pattern: /\bglpat-[\w-]{20,}\b/},
  {kind: 'a Slack token', pattern: /\bxox[abprs]-[A-Za-z0-9-]{10,}/},
  {kind: 'an npm token', pattern: /:_authToken\s*=\s*["']?[^\s$"']{8,}/},
];
// Not searched for in files: a URL like this is as often an example in documentation.
const formats = [
  ...fileFormats,
  {
    kind: 'a password in a URL',
    pattern: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/$<>{}'"]{1,64}:[^\s:@/$<>{}'"]{3,}@[\w.-]+/,
  },
];

/** Whether a variable with this name and value exposes a secret. */
export function isSecretVariable(name: string, value: string): boolean {
  if (value === '') return false;
  return (
    (isSecretName(name) && !/^(true|false|\d{1,3})$/i.test(value)) || formats.some(({pattern}) => pattern.test(value))
  );
}

/** Whether a variable of this name holds a secret. */
export const isSecretName = (name: string): boolean => secretName.test(name) && !harmless.test(name);

/** The kind of secret in a file's content; undefined: none found. */
export const secretKind = (text: string): string | undefined =>
  fileFormats.find(({pattern}) => pattern.test(text))?.kind;

/** Whether a file of this name holds secrets, whatever its content. */
export function isSecretFile(path: string): boolean {
  return /(^|\/)(id_(rsa|dsa|ecdsa|ed25519)|\.netrc|\.pgpass|\.git-credentials|\.aws\/credentials|\.docker\/config\.json)$/.test(
    path,
  );
}

/**
 * Secrets in a line of an image's history: names of variables that the line assigns, and kinds of known formats.
 * `ENV` lines give none: no-secret-in-environment covers them.
 */
export function secretsInHistory(line: string): string[] {
  if (/^(\/bin\/sh -c #\(nop\) +)?ENV /.test(line)) return [];
  const named = [...line.matchAll(/(?:^|[\s|;&"'])([A-Za-z_][A-Za-z0-9_]*)=("[^"$]+"|'[^']+'|[^\s;&|"'$]+)/g)]
    .filter(([, name = '', value = '']) => isSecretVariable(name, value.replaceAll(/^["']|["']$/g, '')))
    .map(([, name = '']) => name);
  const known = formats.filter(({pattern}) => pattern.test(line)).map(({kind}) => kind);
  return [...new Set([...named, ...known])];
}

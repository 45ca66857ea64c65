// What looks like a secret. Names and kinds are told, values never.

const secretName = /(^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|PRIVATE_KEY|ACCESS_KEY|CREDENTIALS?)(_|$)/i;
// What names a file, a place or a duration.
const harmless = /(_FILE|_PATH|_DIR|_URL|_TTL|_SECONDS|_HEADER|_NAME)$/i;

/** Kinds of secrets that are known by their form. */
const fileForms: readonly {readonly kind: string; readonly form: RegExp}[] = [
  {kind: 'a private key', form: /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\r?\n[A-Za-z0-9+/=]/},
  {kind: 'an AWS access key', form: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/},
  {kind: 'a GitHub token', form: /\bgh[pousr]_[A-Za-z0-9]{36,}\b/},
  {kind: 'a GitLab token', form: /\bglpat-[\w-]{20,}\b/},
  {kind: 'a Slack token', form: /\bxox[abprs]-[A-Za-z0-9-]{10,}/},
  {kind: 'an npm token', form: /:_authToken\s*=\s*["']?[^\s$"']{8,}/},
];
// In files such a URL is as often an example in a manual.
const forms = [
  ...fileForms,
  {kind: 'a password in a URL', form: /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/$<>{}'"]{1,64}:[^\s:@/$<>{}'"]{3,}@[\w.-]+/},
];

/** Is a variable with this name and value a secret that is written down? */
export function isSecretVariable(name: string, value: string): boolean {
  if (value === '') return false;
  return (isSecretName(name) && !/^(true|false|\d{1,3})$/i.test(value)) || forms.some(({form}) => form.test(value));
}

/** Would a variable of this name hold a secret? */
export const isSecretName = (name: string): boolean => secretName.test(name) && !harmless.test(name);

/** What a file's content looks like: undefined when it looks like no secret. */
export const secretKind = (text: string): string | undefined => fileForms.find(({form}) => form.test(text))?.kind;

/** Does a file of this name hold secrets, whatever is in it? */
export function isSecretFile(path: string): boolean {
  return /(^|\/)(id_(rsa|dsa|ecdsa|ed25519)|\.netrc|\.pgpass|\.git-credentials|\.aws\/credentials|\.docker\/config\.json)$/.test(
    path,
  );
}

/**
 * Secrets in a line of an image's history: names of variables that were given a value there, and known forms.
 * `ENV` is left to the rule for the environment.
 */
export function secretsInHistory(line: string): string[] {
  if (/^(\/bin\/sh -c #\(nop\) +)?ENV /.test(line)) return [];
  const named = [...line.matchAll(/(?:^|[\s|;&"'])([A-Za-z_][A-Za-z0-9_]*)=("[^"$]+"|'[^']+'|[^\s;&|"'$]+)/g)]
    .filter(([, name = '', value = '']) => isSecretVariable(name, value.replaceAll(/^["']|["']$/g, '')))
    .map(([, name = '']) => name);
  const known = forms.filter(({form}) => form.test(line)).map(({kind}) => kind);
  return [...new Set([...named, ...known])];
}

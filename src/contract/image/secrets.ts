import {isSecretName} from '../../text/secret-name.ts';

// Detects secrets by name or format. Results hold names and kinds, never values.

// In JSON, and in a variable of one line, the ends of lines are escaped. A key in YAML is indented, and one of PGP or with
// a passphrase has headers. Words in prose are shorter than the first line of a key.
const lineEnd = String.raw`(?:\r?\n|(?:\\r)?\\n)[ \t]*`;
const privateKey = new RegExp(
  String.raw`-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----` +
    String.raw`(?:\r?\n[A-Za-z0-9+/=]|(?:${lineEnd}(?:[A-Za-z][\w-]*:[^\r\n\\]*)?){0,8}${lineEnd}[A-Za-z0-9+/]{16})`,
);

/** Secrets that have a recognisable format. */
const fileFormats: readonly {readonly kind: string; readonly pattern: RegExp}[] = [
  {kind: 'a private key', pattern: privateKey},
  {kind: 'an AWS access key', pattern: /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/},
  {kind: 'a Google API key', pattern: /\bAIza[\w-]{35}\b/},
  {kind: 'an Azure storage key', pattern: /\bAccountKey=[A-Za-z0-9+/]{86}==/},
  {kind: 'a Stripe key', pattern: /\b[sr]k_live_[A-Za-z0-9]{16,}\b/},
  {kind: 'a GitHub token', pattern: /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})\b/},
  {kind: 'a GitLab token', pattern: /\bglpat-[\w-]{20,}\b/},
  {kind: 'a Slack token', pattern: /\bxox[abprs]-[A-Za-z0-9-]{10,}/},
  {kind: 'an npm token', pattern: /:_authToken\s*=\s*["']?[^\s$"']{8,}|\bnpm_[A-Za-z0-9]{36}\b/},
  {kind: 'a PyPI token', pattern: /\bpypi-AgE[\w-]{50,}/},
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

/** The kind of secret in a file's content; undefined: none found. */
export const secretKind = (text: string): string | undefined =>
  fileFormats.find(({pattern}) => pattern.test(text))?.kind;

/** The kinds of secrets that a line of a log contains by their formats. */
export const secretKindsIn = (text: string): string[] =>
  formats.filter(({pattern}) => pattern.test(text)).map(({kind}) => kind);

const secretFileNames = [
  'id_(?:rsa|dsa|ecdsa|ed25519)',
  '\\.netrc',
  '\\.pgpass',
  '\\.git-credentials',
  '\\.htpasswd',
  '[^/]+\\.(?:p12|pfx|jks|keystore|kdbx|ppk)',
  // Clouds and clusters.
  '\\.aws/credentials',
  '\\.docker/config\\.json',
  '\\.kube/config',
  '\\.config/gcloud/(?:credentials\\.db|application_default_credentials\\.json)',
  '\\.azure/(?:accessTokens|msal_token_cache)\\.json',
  '\\.terraform\\.d/credentials\\.tfrc\\.json',
  'terraform\\.tfstate(?:\\.backup)?',
  // Editors.
  '\\.vscode/sftp\\.json',
  '\\.idea/(?:dataSources\\.local|WebServers|webServers)\\.xml',
];
const secretFile = new RegExp(`(?:^|/)(?:${secretFileNames.join('|')})$`);

/** Whether a file of this name holds secrets, whatever its content. */
export const isSecretFile = (path: string): boolean => secretFile.test(path);

/** Whether a file belongs to a git repository, which holds all that was ever committed. */
export const isRepositoryFile = (path: string): boolean => /(?:^|\/)\.git\/HEAD$/.test(path);

/** Whether a file sets environment variables for a laptop: `.env`, `.env.local`; not one that shows their names only. */
export const isVariablesFile = (path: string): boolean =>
  /(?:^|\/)\.env(?:\.[\w.-]+)?$/.test(path) && !/\.(?:example|sample|template|dist|defaults|schema)$/.test(path);

// What these frameworks put into the browser's code is public.
const publicVariable = /^(?:NEXT_PUBLIC|VITE|PUBLIC|REACT_APP|NUXT_PUBLIC|GATSBY|EXPO_PUBLIC|VUE_APP)_/;

/** The names of variables in such a file that have a value, without those for the browser. */
export const variablesOf = (text: string): string[] =>
  [
    ...text.matchAll(
      /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(?!["']?[ \t]*["']?[ \t]*(?:#.*)?\r?$)./gm,
    ),
  ]
    .map(([, name = '']) => name)
    .filter((name) => !publicVariable.test(name));

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

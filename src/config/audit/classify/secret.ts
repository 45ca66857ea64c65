import type {Key, Setting} from '../model/types.ts';
import {textsIn, wordsOf} from '../model/words.ts';

/** Why a key is a secret; undefined if it is none. Never contains a value. */
export function secretReason(key: Key): string | undefined {
  const settings = [...key.settings.values()];
  const byValue = settings
    .flatMap((setting) => textsOf(setting).map(secretText))
    .find((reason) => reason !== undefined);
  if (byValue !== undefined && !isPublic(wordsOf(key.path.at(-1) ?? ''))) return byValue;
  const names = [key.path, ...settings.flatMap(({variable}) => (variable === undefined ? [] : [[variable]]))];
  const byName = names.map(secretName).find((reason) => reason !== undefined);
  if (byName === undefined || settings.every(isHarmless)) return undefined;
  return byName;
}

function textsOf({value, expression}: Setting): readonly string[] {
  return [...textsIn(value), ...(expression === undefined ? [] : [expression])];
}

// A number or a switch gives access to nothing: retry-tokens = 3.
function isHarmless({value}: Setting): boolean {
  if (typeof value === 'boolean') return true;
  if (typeof value !== 'number' && typeof value !== 'string') return false;
  return /^(\d{1,6}(\.\d+)?|true|false|yes|no|on|off)$/i.test(String(value)) || isPathOnly(String(value));
}

// The path of a file that holds a secret is none. A password can look like a path: only the usual endings and places.
function isPathOnly(text: string): boolean {
  return (
    /^(file:)?(\/[\w.-]+)+\.(pem|key|crt|cer|der|p12|pfx|p8|jks|txt|pub)$/.test(text) ||
    /^\/run\/secrets\/[\w-]+$/.test(text)
  );
}

const secretWords = new Set(
  'password passwords passwd pwd pass passphrase secret secrets token apikey credential credentials passcode'.split(
    ' ',
  ),
);
// CLIENTSECRET, dbpassword: words that are written together.
const joined =
  /(password|passwd|passphrase|secret|apikey|secretkey|privatekey|accesskey|authtoken|accesstoken|apitoken)$/;
const secretKeys = new Set(
  'api secret private access signing sign signature encryption encrypt crypto auth hash hmac master account write app license licence storage shared subscription ingest admin server deploy client service function host'.split(
    ' ',
  ),
);
// `host.key` and `client.key` are often names of something, `clientKey` is not.
const namesOfKeys = new Set('client service server host app storage account admin function'.split(' '));
/** Behind a secret's word, these make it a property of the secret: a length, a lifetime, a place, a rule. */
const properties = new Set(
  `length len size bytes bits min max minimum maximum ttl lifetime life expiry expiration expires expire timeout age days hours
  minutes seconds ms count limit limits policy policies rule rules hashers hasher validators validator validation header headers
  name names field fields param params parameter format pattern regex type types algorithm alg version versions rotation rotate
  prefix suffix url uri endpoint path file files filename dir directory location bucket attempts tries reset required enabled
  enable disabled backend provider providers manager store strength encoding tolerance window valid validity alias class audience
  issuer scope scopes placeholder hint label iterations rounds cost per rate interval cache template page view form lookup
  strategy mode refresh prompt env arn ref`.split(/\s+/),
);
const publicWords = new Set('public publishable site browser csrf anti'.split(' '));

function isPublic(words: readonly string[]): boolean {
  return words.some((word) => publicWords.has(word));
}

// `password2` is a password.
const wordsIn = (name: string): readonly string[] => wordsOf(name).map((word) => word.replace(/(?<=\D)\d+$/, ''));

function secretName(path: readonly string[]): string | undefined {
  const leaf = wordsIn(path.at(-1) ?? '');
  if (isPublic(leaf)) return undefined;
  // `crypto.hmac.key`: a bare `key`, `pass` or `value` needs the word before it.
  const words = leaf.length === 1 ? [...wordsIn(path.at(-2) ?? '').slice(-1), ...leaf] : leaf;
  const start = words.length - leaf.length;
  for (let at = words.length - 1; at >= start; at -= 1) {
    if (words.slice(at + 1).some((word) => properties.has(word))) break;
    const [word = '', before = ''] = [words[at], words[at - 1]];
    if (secretWords.has(word) || joined.test(word)) return `its name says ${word}`;
    if (
      (word === 'key' || word === 'keys') &&
      secretKeys.has(before) &&
      !(leaf.length === 1 && namesOfKeys.has(before))
    )
      return `its name says ${before} ${word}`;
    if (word === 'seed' && /key/.test(before)) return 'its name says key seed';
    if (word === 'salt' || word === 'pepper') return `its name says ${word}`;
  }
  return /access.?key.?id$/i.test(path.at(-1) ?? '') ? 'its name says access key, half of a credential' : undefined;
}

const reference = /^(\$\{[^}]*\}|\$\w+|%\([^)]*\)s|\{\{.*\}\}|<[^<>]*>)$/;

// `Server=x;Password=y`, `?token=x`: a connection string, an address, a line that belongs to another key.
const assigned =
  /(?:^|[^\w.-])[\w.-]{0,40}(?:password|passwd|pwd|pass|secret|token|api[_-]?key|account[_-]?key|access[_-]?key|private[_-]?key)\s?[=:]\s?([^;&\s]{1,500})/i;

/** Why a text is a secret whatever its key is called. */
export function secretText(text: string): string | undefined {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY/.test(text)) return 'a private key';
  const [, password = ''] = /\b[a-z][\w+.-]{0,30}:\/\/[^\s/:@]{0,200}:([^\s@]{1,500})@/i.exec(text) ?? [];
  if (password !== '' && !reference.test(password)) return 'an address with a password';
  const [, pair = ''] = assigned.exec(text) ?? [];
  if (pair !== '' && !reference.test(pair)) return 'text with a password or a key in it';
  if (/"(private_key|client_secret|password)"\s*:/.test(text)) return 'JSON with a credential';
  if (/^https?:\/\/(hooks\.[\w.-]+\/|[\w.-]+\/(api\/)?webhooks\/)[\w/-]{8,}/.test(text)) return 'a webhook address';
  if (tokenForms.some((form) => form.test(text))) return 'the form of a token';
  return looksRandom(text) ? 'looks like a random token' : undefined;
}

const tokenForms = [
  /\b(AKIA|ASIA)[0-9A-Z]{16}\b/,
  /\b(ghp|gho|ghs|ghu|github_pat|glpat|xox[abprs]|sk_live|rk_live|sk_test|whsec|npm|pypi|dckr_pat|hvs|SG|shpat)[_.-][\w.-]{16,}/,
  /\bAIza[\w-]{30,}/,
  /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+/,
];

/**
 * A key's name as it can be shown. A private key that is pasted into an ini file makes keys of its lines.
 */
export function shownName(path: readonly string[]): string {
  return path
    .map((part) => (/^[A-Za-z0-9+/_=-]{40,}$/.test(part) || looksRandom(part) ? `${part.slice(0, 4)}...` : part))
    .join('.');
}

/** Long, of letters and digits mixed, without words: base64 or hexadecimal. Uuids and digests of images are no secrets. */
function looksRandom(text: string): boolean {
  if (!/^[A-Za-z0-9+/_=-]{24,512}$/.test(text) || /^[\w-]+([/_-][a-z]{3,})+$/i.test(text)) return false;
  if (/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text)) return false;
  const changes = text.match(/[A-Za-z](?=\d)|\d(?=[A-Za-z])/g)?.length ?? 0;
  return changes >= 4 && new Set(text).size >= 10;
}

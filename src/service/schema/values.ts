import * as v from 'valibot';
import {nearest} from '../../text/nearest.ts';
import {imagePattern} from './image-name.ts';

// Values that several sections of deploy.yaml use.

/** A map of exactly these settings. An unknown key is reported with the nearest known one, or with all of them. */
export const section = <const E extends v.ObjectEntries>(
  entries: E,
): v.StrictObjectSchema<E, (issue: v.StrictObjectIssue) => string> =>
  v.strictObject(entries, ({expected, received, input}) => {
    if (expected === 'never') return unknownKey(String(input), Object.keys(entries));
    return received === 'undefined' ? 'is missing' : 'must be a map';
  });

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return `is not a setting${near === undefined ? ` (known here: ${known.join(', ')})` : `; did you mean ${near}?`}`;
}

/** The same schema with the text that editors show for the key. */
export const described = <const S extends v.GenericSchema>(
  schema: S,
  text: string,
): v.SchemaWithPipe<readonly [S, v.DescriptionAction<v.InferOutput<S>, string>]> =>
  v.pipe(schema, v.description<v.InferOutput<S>, string>(text));

export const string = v.string('must be a string');
// The file says more often `DEBUG: true` than `DEBUG: 'true'`. @see parseYaml, which keeps the text that was written.
const scalar = v.union(
  [v.string(), v.number(), v.boolean()],
  "must be text, a number or true/false; write '' for an empty value",
);

/** A map whose values become strings. The JSON Schema ends at the transform. */
export const strings = <const K extends v.GenericSchema<string, string>>(key: K, message: string, text: string) =>
  v.pipe(
    v.record(key, scalar, message),
    v.description(text),
    v.transform((values): Record<string, string> =>
      Object.fromEntries(Object.entries(values).map(([one, value]) => [one, String(value)])),
    ),
  );

export const name = v.pipe(
  v.string('must be a string'),
  v.regex(
    /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/,
    'must be lower-case letters, digits and dashes, at most 40, and begin and end without a dash',
  ),
);
export const variableName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable'),
);
/**
 * A secret passes through the environment of a shell and of docker's client. These names mean something to one of them:
 * the value would be lost, or change what they do.
 */
export const secretName = v.pipe(
  variableName,
  v.regex(
    /^(?!(?:PATH|HOME|PWD|OLDPWD|IFS|ENV|UID|EUID|PPID|GROUPS|LINENO|RANDOM|SECONDS|OPTIND|SHELLOPTS|BASH[A-Z_]*|LD_[A-Z_]+|DOCKER_(?:API_VERSION|CERT_PATH|CONFIG|CONTENT_TRUST|CONTEXT|DEFAULT_PLATFORM|HOST|TLS|TLS_VERIFY))$)/,
    'cannot be a secret: the shell or docker itself reads this variable on the way; use another name, or `environment`',
  ),
);
export const secret = v.union(
  [
    v.strictObject({env: variableName}),
    v.strictObject({file: v.string()}),
    v.strictObject({command: v.pipe(v.array(v.string()), v.minLength(1))}),
  ],
  'must reference a secret: {env: NAME}, {file: path} or {command: [words]}',
);
export const seconds = v.pipe(
  v.number('must be a number of seconds'),
  v.minValue(0, 'must not be negative'),
  v.maxValue(86_400, 'must be at most 86400 (a day)'),
);
/** Shells and docker count whole seconds only. */
export const wholeSeconds = v.pipe(seconds, v.integer('must be a whole number of seconds'));
export const port = v.pipe(
  v.number('must be a port number'),
  v.integer('must be a whole number'),
  v.minValue(0, 'must be 0 to 65535'),
  v.maxValue(65_535, 'must be 0 to 65535'),
);
export const path = v.pipe(
  v.string('must be a string'),
  v.regex(/^\/[\w./~%+@:,=&?-]*$/, 'must be a path that begins with /'),
);
export const image = v.pipe(
  v.string('must be an image name'),
  v.regex(imagePattern, 'must be an image name, in lower-case letters, such as registry.example.com/postgres:17'),
);
/** Where a container has a volume. Docker takes what follows a colon for a mode. */
export const mountPoint = v.pipe(
  v.string('must be a string'),
  v.regex(/^\/[\w./~%+@,=&?-]*$/, 'must be a path that begins with /, without colons'),
);
/** An IPv6 address in brackets, as in a URL. */
export const bracketed = String.raw`\[[0-9A-Fa-f:.]+\]`;

/** Whether every IPv6 address in brackets is one. */
export const hasRealAddress = (text: string): boolean => {
  const [, address] = /\[([^\]]*)\]/.exec(text) ?? [];
  return address === undefined || v.IPV6_REGEX.test(address);
};

// Neither dash nor quotation marks: ssh would take a leading dash for an option, and refuses what shells treat as special.
const user = String.raw`[A-Za-z0-9_](?:[^\s'"\`;&<>|(){}$,/:[\]]*[^\s'"\`;&<>|(){}$,/:[\]@\\])?`;
const hostWord = '[A-Za-z0-9][A-Za-z0-9._-]*';
const ipv6 = '(?=[^@]*:[^@]*:)[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._-]+)?';
const destination = [
  `(?:${user}@)?(?:${hostWord}|${ipv6}|\\[${ipv6}\\])`,
  `ssh://(?:${user}@)?(?:${hostWord}|\\[${ipv6}\\])(?::[0-9]{1,5})?/?`,
].join('|');

const portInUri =
  'must have its port in a URI, ssh://USER@HOST:PORT, or in ~/.ssh/config: ssh takes HOST:PORT for a name';
export const hostForms =
  'must be local, or an ssh destination: HOST, USER@HOST, ssh://USER@HOST:PORT, or a Host of ~/.ssh/config';

export const host = v.pipe(
  v.string('must be a string'),
  v.regex(/^(?!(?:[^/]*@)?[^:@/]+:[0-9]+$)/, portInUri),
  v.regex(new RegExp(`^(?:${destination})$`), hostForms),
);

/** The message for a text that is no host; undefined for a host, and where only the forms can be named. */
export const mistakeInHost = (text: string): string | undefined =>
  v.safeParse(host, text).issues?.find(({message}) => message === portInUri)?.message;

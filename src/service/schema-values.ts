import * as v from 'valibot';

// Values that several sections of deploy.yaml have.

export const name = v.pipe(
  v.string('must be a text'),
  v.regex(
    /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/,
    'must be lower-case letters, digits and dashes, at most 40, and begin and end without a dash',
  ),
);
export const variableName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable'),
);
export const secret = v.union(
  [
    v.strictObject({env: variableName}),
    v.strictObject({file: v.string()}),
    v.strictObject({command: v.pipe(v.array(v.string()), v.minLength(1))}),
  ],
  'must say where the secret comes from: {env: NAME}, {file: path} or {command: [words]}',
);
export const seconds = v.pipe(
  v.number('must be a number of seconds'),
  v.minValue(0, 'must not be negative'),
  v.maxValue(86_400, 'must be at most 86400 (a day)'),
);
export const port = v.pipe(
  v.number('must be a port number'),
  v.integer('must be a whole number'),
  v.minValue(0, 'must be 0 to 65535'),
  v.maxValue(65_535, 'must be 0 to 65535'),
);
export const path = v.pipe(
  v.string('must be a text'),
  v.regex(/^\/[\w./~%+@:,=&?-]*$/, 'must be a path that begins with /'),
);
export const image = v.pipe(v.string('must be an image name'), v.regex(/^[^\s-]\S*$/, 'must be an image name'));
// A leading dash would be an option of ssh.
export const host = v.pipe(
  v.string('must be a text'),
  v.regex(
    /^(?:[a-z_][a-z0-9_.-]*@)?[A-Za-z0-9][A-Za-z0-9.:_-]*$/,
    'must be local, or what ssh takes: a host, USER@HOST, or a Host of ~/.ssh/config',
  ),
);

import {join} from 'node:path';
import * as fc from 'fast-check';

// One declaration with every type and rule, and faulty environments for it: TypeScript and Python must say the same.

/** As TOML has it as well. */
export const everyType = {
  NAME: {type: 'text', description: 'what the shop is called', example: 'Kiel'},
  SESSION_KEY: {type: 'text', secret: true, minLength: 12},
  COUNT: {type: 'integer', min: 1, max: 100, harmless: true},
  LEAST: {type: 'integer', min: -5, default: 3},
  RATIO: {type: 'number', max: 1.5, harmless: true},
  DEBUG: {type: 'boolean', default: false},
  TIMEOUT: {type: 'duration', min: '1s', max: '1h', default: '30s', harmless: true},
  UPLOAD_SIZE: {type: 'size', max: '2GiB', tasks: ['run', 'import', 'export']},
  DATABASE_URL: {type: 'URL', schemes: ['postgres', 'postgresql'], example: 'postgres://shop@db/shop'},
  BROKER_URL: {type: 'URL', secret: true},
  HOME_PAGE: {type: 'URL', harmless: true, optional: true},
  LISTEN_PORT: {type: 'port', default: 3000, harmless: true},
  ORIGINS: {type: 'list', default: ['a', 'b']},
  TAGS: {type: 'list', separator: ';', harmless: true, tasks: ['run']},
  ROWS: {type: 'list', separator: '::', optional: true},
  LOG_LEVEL: {type: 'enum', choices: ['debug', 'info', 'warn'], default: 'info', harmless: true},
  LIMITS: {type: 'JSON', harmless: true, tasks: ['run', 'import']},
  COOKIE_KEY: {type: 'base64', secret: true},
  CERTIFICATE: {type: 'certificate'},
  SIGNING_KEY: {type: 'key'},
  AUDIT_FILE: {type: 'text', optional: true},
} as const;

/** Files that `NAME_FILE` can name, by their names; undefined: it does not exist. */
export const files = {
  good: 'postgres://shop@db/shop\n',
  empty: '\n',
  latin: Buffer.from([0x66, 0xfc, 0x72]),
  bom: '\uFEFFpostgres://shop@db/shop',
  long: 'x'.repeat(1024 * 1024 + 1),
  key: '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n',
  missing: undefined,
} as const;

const pem = (label: string, body = 'MC4CAQAwBQYDK2VwBCIEIA=='): string =>
  `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----`;

const texts: readonly string[] = [
  ['', ' ', '0', '1', '-0', '-7', '+7', '007', '1.5', '1.', '.5', '1e3', '1e999', '0x10', '1_000', '1,5', 'NaN', '٣'],
  ['99999999999999999', '9007199254740993', 'true', 'TRUE', 'Yes', 'off', 'maybe', 'ＯＮ'],
  ['30s', '1h30m', '90m', '2h', '0.5s', '1.5', '500ms', '1h 30m', '30S', '1e3s', '999999999999999d', 's'],
  ['64MiB', '2GB', '2GiB', '3GiB', '1024', '64mb', '1.5KiB', '-1B', '9999999999TiB'],
  [
    'postgres://shop@db/shop',
    'POSTGRES://db',
    'postgres:///shop',
    'postgres://u:p@db/x',
    'postgres://u:@db',
    'mysql://db',
  ],
  [
    'http://a b',
    'http://[::1]:80/x?y#z',
    'http://h:70000',
    'file:///etc',
    'http:shop',
    'http://x\u007f',
    'https://münchen.example',
  ],
  ['80', '65535', '65536', '080', 'a,b', 'a,,b', 'a;b;', ' a ; b ', 'x::y', '::', 'debug', 'Debug', 'info ', 'loud'],
  [
    '{}',
    '[1, 2',
    '{"a": NaN}',
    '[1e999]',
    'null',
    '"\\ud800"',
    `${'['.repeat(501)}${']'.repeat(501)}`,
    '1'.repeat(5000),
    '{"a":1}x',
  ],
  [
    'c3dvcmRmaXNo',
    'c3dvcmRmaXNo=',
    'c3dv cmRm\naXNo',
    'c3dvcmQ',
    '====',
    'swordfish-swordfish',
    'short',
    '😀'.repeat(12),
    '😀'.repeat(80),
  ],
  ['CERTIFICATE', 'PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PARAMETERS', 'PUBLIC KEY'].map((label) => pem(label)),
  [pem('CERTIFICATE', 'MII='), pem('CERTIFICATE', 'Mxx'), pem('CERTIFICATE').replaceAll('\n', '\\n')],
  [
    `${pem('EC PARAMETERS', 'BggqhkjOPQMBBw==')}\n${pem('EC PRIVATE KEY')}`,
    `${pem('PRIVATE KEY')}\n${pem('PRIVATE KEY')}`,
  ],
  ['tab\there', 'line\nbreak', '\u0001', '"quoted" \\', '\u2028', '\u0000'],
].flat();

const misspelt = [
  'NMAE',
  'name',
  'SESION_KEY',
  'SESSIONKEY_FILE',
  'COUNTS',
  'LOGLEVEL',
  'log_level',
  'DATABASE_ULR',
  'HOME',
  'PATH',
  'UPLOAD-SIZE',
];

/** An environment with some valid, some faulty and some misspelt variables; paths are in `directory`. */
export function faultyEnvironment(directory: string): fc.Arbitrary<Readonly<Record<string, string>>> {
  const names = Object.keys(everyType);
  const text = fc.oneof(
    {weight: 6, arbitrary: fc.constantFrom(...texts)},
    fc.string({maxLength: 12, unit: 'grapheme'}),
  );
  const path = fc.constantFrom(
    ...Object.keys(files).map((name) => join(directory, name)),
    directory,
    '/dev/zero',
    'no/such',
  );
  const set = fc.dictionary(fc.constantFrom(...names), text, {maxKeys: names.length});
  const filed = fc.dictionary(fc.constantFrom(...names.map((name) => `${name}_FILE`)), path, {maxKeys: 3});
  const wrong = fc.dictionary(fc.constantFrom(...misspelt), fc.constantFrom('x', ''), {maxKeys: 3});
  return fc.tuple(set, filed, wrong).map((parts) => Object.assign({}, ...parts) as Record<string, string>);
}

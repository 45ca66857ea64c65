import assert from 'node:assert/strict';
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import * as fc from 'fast-check';
import * as v from 'valibot';
import {defineConfig, type Field, type Fields, isConfig} from '../../../../src/config/declaration/index.ts';
import {isProblem} from '../../../../src/errors.ts';
import {temporaryDirectory} from '../../../support/directory.ts';

const values = (fields: Fields, env: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> =>
  defineConfig(fields).read({env, warn: () => {}});

/** The value of one field, or the first line of what is wrong with it. */
function valueOf(field: Field, text: string): unknown {
  try {
    return values({X: field}, {X: text})['X'];
  } catch (error) {
    return (error as Error).message.split('\n')[1]?.trim();
  }
}

const problems = (fields: Fields, env: Readonly<Record<string, string>>): readonly string[] =>
  defineConfig(fields).report({env}).problems;

const block = (label: string): string => `-----BEGIN ${label}-----\nMC4C\nAQAw\n-----END ${label}-----\n`;
const cannot = (why: string): string => `PASSWORD_FILE names a file that cannot be read (${why})`;
const line = (field: Field): string => problems({MAIL: field}, {MAIL: 's3cret'})[0] ?? '';

test('each type reads its forms, and refuses all others', () => {
  const cases: readonly (readonly [Field, Readonly<Record<string, unknown>>, readonly string[]])[] = [
    [{type: 'text'}, {' a ': ' a '}, []],
    [{type: 'integer'}, {'-7': -7, '+7': 7, '007': 7, '-0': 0}, ['1.5', '1e3', '0x10', ' 1', '9007199254740993']],
    [{type: 'integer', min: 1, max: 5}, {'5': 5}, ['0', '6']],
    [{type: 'number'}, {'0.25': 0.25, '1e3': 1000, '.5': 0.5}, ['1e999', 'NaN', 'Infinity', '1,5', '']],
    [{type: 'boolean'}, {true: true, ON: true, '1': true, No: false, off: false}, ['2', 'y', 'constructor']],
    [
      {type: 'duration'},
      {'30s': 30_000, '1h30m': 5_400_000, '250ms': 250, '0.5s': 500, '2d': 172_800_000},
      ['30', 's', '1 h', '-1s'],
    ],
    [{type: 'duration', min: '1s', max: '1m'}, {'60s': 60_000}, ['999ms', '61s']],
    [{type: 'size'}, {'64MiB': 67_108_864, '2GB': 2e9, '1.5KiB': 1536, '10': 10}, ['64mb', '-1B', '1 MB']],
    [
      {type: 'URL'},
      {'https://a.example/b?c#d': 'https://a.example/b?c#d', 'file:///x': 'file:///x'},
      ['a.example', 'http:a', 'http://', 'http://a b', 'http://a:70000'],
    ],
    [{type: 'URL', schemes: ['postgres']}, {'POSTGRES://u@db/x': 'POSTGRES://u@db/x'}, ['mysql://db']],
    [{type: 'port'}, {'80': 80, '65535': 65_535}, ['0', '65536', '-1', '80.0']],
    [{type: 'list'}, {'a, b': ['a', 'b'], a: ['a']}, ['a,,b', ',', ' ']],
    [{type: 'list', separator: ';'}, {'a,b; c': ['a,b', 'c']}, []],
    [{type: 'enum', choices: ['a', 'b']}, {a: 'a'}, ['A', 'a ', 'c']],
    [{type: 'JSON'}, {'{"a":[1]}': {a: [1]}, null: null}, ['{', "{'a': 1}", 'NaN']],
    [{type: 'base64'}, {c3dvcmRmaXNo: Buffer.from('swordfish')}, ['c3dvcmRmaXNo=', '-_==', 'x']],
  ];
  for (const [field, valid, invalid] of cases) {
    for (const [text, value] of Object.entries(valid)) assert.deepEqual(valueOf(field, text), value, text);
    for (const text of invalid)
      assert.match(
        String(valueOf(field, text)),
        /^X is (?:not valid|not set): expected /,
        `${JSON.stringify(field)} ${text}`,
      );
  }
});

test('a certificate and a key are PEM blocks of their kind; \\n stands for a line break, and a key is a secret', () => {
  const chain = `${block('CERTIFICATE')}${block('CERTIFICATE')}`;
  assert.equal(valueOf({type: 'certificate'}, chain), chain);
  assert.equal(valueOf({type: 'certificate'}, block('CERTIFICATE').replaceAll('\n', '\\n')), block('CERTIFICATE'));
  assert.match(String(valueOf({type: 'certificate'}, block('PRIVATE KEY'))), /expected a certificate in PEM form/);
  const key = `${block('EC PARAMETERS')}${block('EC PRIVATE KEY')}`;
  const {X} = defineConfig({X: {type: 'key'}}).read({env: {X: key}});
  assert.equal(X.reveal(), key);
  assert.match(String(valueOf({type: 'key'}, `${block('PRIVATE KEY')}${block('PRIVATE KEY')}`)), /a private key/);
});

test('one error has every problem: the name, the expected form, who uses it, how to set it', () => {
  const config = defineConfig({
    DATABASE_URL: {type: 'URL', schemes: ['postgres'], example: 'postgres://shop@db/shop'},
    DATABASE_PASSWORD: {type: 'text', secret: true, tasks: ['run', 'migrate']},
    POOL_SIZE: {type: 'integer', default: 10, min: 1, max: 100},
    LOG_LEVEL: {type: 'enum', choices: ['debug', 'info'], default: 'info', harmless: true},
  });
  const env = {DATABASE_URL: 'postgres://shop:s3cret@db/shop', POOL_SIZE: 's3cret', LOG_LEVEL: 'loud'};
  assert.throws(
    () => config.read({env}),
    (error) => {
      assert.ok(isProblem(error));
      assert.equal(error.code, 'bad_configuration');
      assert.equal(error.exitCode, 3);
      assert.equal(
        error.message,
        [
          'the configuration is not valid: 4 problems',
          '  DATABASE_URL is a URL with a password: expected a URL with the scheme postgres, such as postgres://shop@db/shop; used by every task; pass the password in a variable of its own, or declare DATABASE_URL as a secret',
          '  DATABASE_PASSWORD is not set: expected text; used by run and migrate; set DATABASE_PASSWORD_FILE to the path of a file, or DATABASE_PASSWORD',
          '  POOL_SIZE is not valid: expected a whole number from 1 to 100; used by every task; correct POOL_SIZE',
          '  LOG_LEVEL is "loud": expected one of debug, info; used by every task; correct LOG_LEVEL',
          'fix: set these variables where the service starts; entrypoint config lists all of them',
        ].join('\n'),
      );
      assert.equal(error.stack, `Error: ${error.message}`);
      assert.deepEqual(Object.keys(error), []);
      return true;
    },
  );
});

test('NAME_FILE reads a file without its last line breaks; both set is an error; a declared NAME_FILE is itself', () => {
  const directory = temporaryDirectory();
  const file = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(directory, name), content);
    return join(directory, name);
  };
  const fields = {
    PASSWORD: {type: 'text', secret: true},
    AUDIT: {type: 'text', optional: true},
    AUDIT_FILE: {type: 'text'},
  } as const;
  const rest = {AUDIT_FILE: 'audit.log'};
  const good = file('good', ' s3cret \n');
  const config = defineConfig(fields);
  const read = config.read({env: {...rest, PASSWORD_FILE: good}});
  assert.equal(read.PASSWORD.reveal(), ' s3cret ');
  assert.equal(read.AUDIT_FILE, 'audit.log');
  assert.equal(read.AUDIT, undefined);
  assert.deepEqual(config.report({env: {...rest, PASSWORD_FILE: good}}).origins, {
    PASSWORD: {from: 'file', path: good},
    AUDIT: {from: 'nowhere'},
    AUDIT_FILE: {from: 'environment'},
  });
  const says = (env: Readonly<Record<string, string>>): string =>
    problems(fields, {...rest, ...env})[0]?.split(':')[0] ?? '';
  mkdirSync(join(directory, 'd'));
  assert.equal(says({PASSWORD: 'x', PASSWORD_FILE: good}), 'PASSWORD and PASSWORD_FILE are both set');
  assert.equal(says({PASSWORD_FILE: join(directory, 'none')}), cannot('ENOENT'));
  assert.equal(says({PASSWORD_FILE: join(directory, 'd')}), cannot('EISDIR'));
  assert.equal(says({PASSWORD_FILE: '/dev/zero'}), cannot('not a regular file'));
  assert.equal(says({PASSWORD_FILE: file('empty', '\n')}), cannot('it is empty'));
  assert.equal(says({PASSWORD_FILE: file('latin', new Uint8Array([0xfc]))}), cannot('not UTF-8'));
  assert.equal(says({PASSWORD_FILE: file('long', 'x'.repeat(1024 * 1024 + 1))}), cannot('more than 1 MiB'));
  assert.equal(says({PASSWORD: '', PASSWORD_FILE: ''}), 'PASSWORD is not set');
});

test('a field can be any Standard Schema; its messages, which can quote the value, are shown of harmless fields alone', () => {
  const mail = v.pipe(v.string(), v.email('no address: s3cret'));
  assert.deepEqual(values({MAIL: mail, AGE: {schema: v.optional(v.string(), '7')}}, {MAIL: 'a@b.example'}), {
    MAIL: 'a@b.example',
    AGE: '7',
  });
  assert.equal(line(mail), 'MAIL is not valid: expected what its schema accepts; used by every task; correct MAIL');
  assert.equal(
    line({schema: mail, expected: 'an address', harmless: true}),
    'MAIL is "s3cret" (no address: s3cret): expected an address; used by every task; correct MAIL',
  );
  const throwing = {
    '~standard': {
      version: 1,
      vendor: 'x',
      validate: () => {
        throw new Error('s3cret');
      },
    },
  } as const;
  assert.doesNotMatch(line(throwing), /s3cret/);
  assert.match(
    line({
      schema: v.pipeAsync(
        v.string(),
        v.checkAsync(async () => true),
      ),
      harmless: true,
    }),
    /asynchronous/,
  );
});

test('a task reads the fields that it needs, and no others have to be valid', () => {
  const config = defineConfig({A: {type: 'text', tasks: ['migrate']}, B: {type: 'text'}});
  assert.deepEqual(config.read({env: {B: 'b'}, task: 'run'}), {B: 'b'});
  assert.throws(() => config.read({env: {B: 'b'}, task: 'migrate'}), /A is not set/);
});

test('ENTRYPOINT_CONFIG=defaults validates nothing and keeps defaults: frameworks read configuration while they build', () => {
  const config = defineConfig({
    URL: {type: 'URL'},
    PASSWORD: {type: 'text', secret: true},
    TIMEOUT: {type: 'duration', default: '30s'},
    LEVEL: {type: 'enum', choices: ['a'], default: 'a'},
    NAME: {type: 'text'},
  });
  const read = config.read({env: {ENTRYPOINT_CONFIG: 'defaults', LEVEL: 'wrong', NAME: 'x', URL_FILE: '/no/such'}});
  assert.deepEqual(
    {...read, PASSWORD: read.PASSWORD.reveal()},
    {URL: undefined, PASSWORD: undefined, TIMEOUT: 30_000, LEVEL: 'a', NAME: 'x'},
  );
});

test('misspelt names are warned about by name, if the declared variable has no value of its own', () => {
  const fields = {
    DATABASE_URL: {type: 'text'},
    LOG_LEVEL: {type: 'text', default: 'info'},
    PORTS: {type: 'list', default: []},
    HOMES: {type: 'text', optional: true},
  } as const;
  const warnings = (env: Readonly<Record<string, string>>): readonly string[] =>
    defineConfig(fields).report({env}).warnings;
  assert.deepEqual(
    warnings({DATABASE_ULR: 's3cret', LOGLEVEL: 'x', log_level: 'y', DATABASEURL_FILE: '/x', HOME: '/', PORT: '3000'}),
    [
      'DATABASEURL_FILE is not declared: did you mean DATABASE_URL_FILE?',
      'DATABASE_ULR is not declared: did you mean DATABASE_URL?',
      'LOGLEVEL is not declared: did you mean LOG_LEVEL?',
      'PORT is not declared: did you mean PORTS?',
      'log_level is not declared: did you mean LOG_LEVEL?',
    ],
  );
  assert.deepEqual(
    warnings({DATABASE_URL: 'x', DATABASE_ULR: 'x', LOG_LEVEL: 'x', LOGLEVEL: 'x', PORTS: '1', PORT: '1'}),
    [],
  );
});

test('a wrong declaration is refused with everything that is wrong', () => {
  const wrong = {
    'NOT-A-NAME': {type: 'text'},
    A: {type: 'txt'},
    B: {type: 'text', defualt: 'x', min: 1},
    C: {type: 'integer', default: 1.5, min: 1},
    D: {type: 'text', secret: true, default: 'x'},
    E: {type: 'enum', choices: []},
    F: {type: 'duration', min: '5'},
    G: {type: 'text', secret: true, harmless: true},
    H: {type: 'text', tasks: 'run', optional: 'yes', description: 'a\nb'},
    I: {schema: {}},
    J: 'text',
  } as unknown as Fields;
  assert.throws(
    () => defineConfig(wrong),
    (error) => {
      assert.ok(isProblem(error));
      assert.equal(error.code, 'bad_declaration');
      assert.equal(
        error.message,
        [
          'the declaration of the configuration is not valid:',
          '  NOT-A-NAME: a name has letters, digits and underscores',
          '  A: type must be one of text, integer, number, boolean, duration, size, URL, port, list, enum, JSON, base64, certificate, key',
          '  B: unknown key defualt (there are: type, description, example, secret, harmless, optional, tasks, default, minLength)',
          '  B: unknown key min (there are: type, description, example, secret, harmless, optional, tasks, default, minLength)',
          '  B: min and max must be values of the type',
          '  C: default must be a value of the type',
          '  D: a secret has no default: it would be in the source',
          '  E: choices must be a list of words',
          '  F: min and max must be values of the type',
          '  G: a secret is not harmless',
          '  H: optional must be true or false',
          '  H: description must be one line of text',
          '  H: tasks must be a list of task names',
          '  I: schema must implement Standard Schema (zod, valibot, arktype)',
          '  J: a field is an object with a type',
        ].join('\n'),
      );
      return true;
    },
  );
  assert.ok(isConfig(defineConfig({})));
});

test('every default is read as the text of the same value would be', () => {
  const text = fc.constantFrom('30s', '1h', '64MiB', 'http://a', 'a', 'b,c', 'YQ==');
  fc.assert(
    fc.property(
      fc.constantFrom<'text' | 'duration' | 'size' | 'URL' | 'base64'>('text', 'duration', 'size', 'URL', 'base64'),
      text,
      (type, value) => {
        const plain = valueOf({type}, value);
        if (typeof plain === 'string' && plain.startsWith('X is')) return;
        assert.deepEqual(values({X: {type, default: value} as Field}, {})['X'], plain);
      },
    ),
  );
});

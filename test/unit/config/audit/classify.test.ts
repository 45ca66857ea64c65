import assert from 'node:assert/strict';
import {test} from 'node:test';
import {audit} from '../../../../src/config/audit/audit.ts';
import type {SourceFile} from '../../../../src/config/audit/source.ts';

/** The class of each key of `dev.properties` and `prod.properties`; a line is `key = dev | prod`, or one value for both. */
function classesOf(text: string, source?: readonly SourceFile[]): Record<string, string> {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.trim());
  const side = (at: number): string =>
    lines
      .map((line) => {
        const [key = '', value = ''] = line.split(' = ');
        const values = value.split(' | ');
        return `${key}=${values[Math.min(at, values.length - 1)]}`;
      })
      .filter((line) => !line.endsWith('=(none)'))
      .join('\n');
  const files: Readonly<Record<string, string>> = {'dev.properties': side(0), 'prod.properties': side(1)};
  const found = audit(
    Object.keys(files).map((file) => ({file})),
    source,
    (file) => files[file],
  );
  return Object.fromEntries(found.keys.map(({key, class: is}) => [key, is]));
}

const all = (classes: Record<string, string>, wanted: string): void =>
  assert.deepEqual(classes, Object.fromEntries(Object.keys(classes).map((key) => [key, wanted])));

test('secrets by their names, and by what their values are', () => {
  all(
    classesOf(`
      db.password = a
      smtp.pass = b1
      client_secret = c
      CLIENTSECRET2 = d
      hmac.key = e
      aws.accessKeyId = f
      cookieSecrets = g,h
      broker = amqp://u:p4ss@mq
      sql = Server=x;User Id=y;Password=z
      hook = https://hooks.chat.example/services/T1/B2/xyz
      cert = -----BEGIN RSA PRIVATE KEY-----
      session = eyJhbGciOiJIUzI1.eyJzdWIiOiIx.c2lnbmF0dXJl
      blob = 9f86d081a4c7d659b2feaa0c55ad015a3bf4f1b2`),
    'secret',
  );
});

test('what only sounds like a secret', () => {
  all(
    classesOf(`
      password.minLength = 12
      token_ttl = 30m
      retryTokens = 3
      api-key-header = X-Key
      PASSWORD_HASHERS = a.B
      secretsBackend = vault
      public_key = abc
      publishableKey = pk
      passwordless = true
      keyPrefix = x
      partitionKey = id
      tokenUrl = https://id.example/token
      dsn = https://public@errors.example/1
      id = 123e4567-e89b-12d3-a456-426614174000
      reference = jdbc:postgresql://u:\${DB_PASSWORD}@h/d`),
    'constant',
  );
});

test('what belongs to a host, and paths and addresses that do not', () => {
  all(
    classesOf(`
      pidfile = x.pid
      log.file = app.log
      uploadDir = /srv/x
      server.bind = 0.0.0.0:80 | 127.0.0.1:80
      listen = :8080
      run.user = www-data
      store = file:/etc/x.jks
      data = C:\\\\data\\\\x
      share = \\\\\\\\nas\\\\x
      db = sqlite:////var/x.db
      daemonize = yes
      reports.dir = /reports`),
    'not for a container',
  );
  all(
    classesOf(`
      health.path = /healthz
      cookie_path = /
      mediaUrl = /media/
      loginUrl = /home/login
      db.user = app
      ldap.bindDn = cn=x
      cidr = 0.0.0.0/0
      template = templates/x.html
      log.level = info`),
    'constant',
  );
  assert.deepEqual(classesOf('mail.templatePath = /mail/x.html'), {'mail.templatePath': 'ambiguous'});
});

test('derived: by the name in any form, by a reference, by another key; else it varies', () => {
  assert.deepEqual(
    classesOf(`
      env = dev | prod
      title = Shop DEV | Shop PROD
      long = development | production
      host = localhost | db.example
      url = jdbc:x://\${host}/d
      plain = http://localhost/a | http://db.example/a
      other = http://localhost/a | https://db.example/a
      threads = 2 | 8
      workers = 2 | 8
      device = /x/device | /x/product`),
    {
      env: 'derived',
      title: 'derived',
      long: 'derived',
      host: 'varies',
      url: 'derived',
      plain: 'derived',
      other: 'varies',
      threads: 'varies',
      workers: 'varies',
      device: 'varies',
    },
  );
});

test('missing, ambiguous spellings, and the order of the classes', () => {
  const source = [{file: 'a.py', text: "get('used'), get('db.password')"}];
  assert.deepEqual(
    classesOf(
      `
      used = true | yes
      db.password = (none) | x
      gone.password = (none) | x`,
      source,
    ),
    {used: 'ambiguous', 'db.password': 'missing somewhere', 'gone.password': 'dead'},
  );
});

/** The keys that are dead with this source. */
const dead = (file: string, text: string): readonly string[] => {
  const yaml = 'a: {b: 1, c: 1}\nXY_Z: 1\n';
  const found = audit(
    [
      {file: 'p/x.yaml', environment: 'p'},
      {file: 'q/x.yaml', environment: 'q'},
    ],
    [{file, text}],
    () => yaml,
  );
  return found.keys.filter((key) => key.class === 'dead').map(({key}) => key);
};

test('a key is read by name, by path, as a whole, by a prefix, or as a field', () => {
  assert.deepEqual(dead('a.js', 'use(config.a.b)'), ['a.c', 'XY_Z']);
  assert.deepEqual(dead('a.js', "use(config['a']?.['c'])"), ['a.b', 'XY_Z']);
  assert.deepEqual(dead('a.js', 'const {b} = config.a;'), ['a.c', 'XY_Z']);
  assert.deepEqual(dead('a.js', 'start({...config.a})'), ['XY_Z']);
  assert.deepEqual(dead('a.js', "get('a.b'); const a = 1;"), ['a.c', 'XY_Z']);
  assert.deepEqual(dead('a.py', 'parser.get("a", "c")'), ['a.b', 'XY_Z']);
  assert.deepEqual(dead('a.py', "load(prefix='XY_')"), ['a.b', 'a.c']);
  assert.deepEqual(dead('a.go', 'type T struct { A struct { C int `yaml:"c"` } `yaml:"a"` }'), ['a.b', 'XY_Z']);
  assert.deepEqual(dead('a.js', ''), ['a.b', 'a.c', 'XY_Z']);
});

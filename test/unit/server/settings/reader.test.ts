import assert from 'node:assert/strict';
import {test} from 'node:test';
import * as fc from 'fast-check';
import {addressText, parseAddress} from '../../../../src/server/settings/address.ts';
import {settings} from '../../../../src/server/settings/declaration.ts';
import {deprecationText} from '../../../../src/server/settings/deprecated.ts';
import {flagText} from '../../../../src/server/settings/flag.ts';
import {parseNetworks} from '../../../../src/server/settings/networks.ts';
import {type Reading, type ReaderOptions, readSettings} from '../../../../src/server/settings/reader.ts';
import {kebab} from '../../../../src/text/names.ts';
import {directoryWith} from '../../../support/directory.ts';

const machine = {cpus: 2, megabytes: undefined};
const read = (argv: readonly string[], env: Record<string, string> = {}, more: Partial<ReaderOptions> = {}): Reading =>
  readSettings({argv, env, cwd: '/srv', machine, ...more});
const errors = (argv: readonly string[], env: Record<string, string> = {}): readonly string[] =>
  read(argv, env).errors.map(({what, meant}) => (meant === undefined ? what : `${what}; did you mean ${meant}?`));

test('without flags, everything has its default, and the module is an absolute path', () => {
  const {settings: found, mode, errors: wrong} = read(['app.js']);
  assert.deepEqual([mode, wrong.length], ['serve', 0]);
  assert.partialDeepStrictEqual(found, {
    module: '/srv/app.js',
    args: [],
    bind: ['0.0.0.0:3000'],
    workers: 2,
    workerClass: 'async',
    dispatch: 'shared',
    timeout: 30,
    gracefulTimeout: 25,
    keepAlive: 75,
    maxHeaderSize: 16_384,
    maxRequests: 0,
    maxHeap: 0,
    accessLog: false,
    reload: false,
  });
  assert.equal(found?.adminBind, undefined);
  assert.equal(found?.inspect, undefined);
});

test('the command line overrides APP_SERVER_CMD_ARGS, which overrides single variables, which override defaults', () => {
  const env = {
    WEB_CONCURRENCY: '3',
    ENTRYPOINT_RUN_TIMEOUT: '9',
    ENTRYPOINT_RUN_KEEP_ALIVE: '',
    APP_SERVER_CMD_ARGS: '--workers=5 -t 8 --backlog 7',
  };
  const {settings: found, origins} = read(['app.js', '-w', '6'], env);
  assert.deepEqual([found?.workers, found?.timeout, found?.backlog, found?.keepAlive], [6, 8, 7, 75]);
  assert.deepEqual(
    [origins.workers.from, origins.timeout.from, origins.backlog.from, origins.keepAlive.from],
    ['-w', 'APP_SERVER_CMD_ARGS', 'APP_SERVER_CMD_ARGS', 'default'],
  );
  assert.equal(read(['app.js'], {WEB_CONCURRENCY: '3', ENTRYPOINT_RUN_WORKERS: '4'}).settings?.workers, 4);
});

const bind = (argv: readonly string[], env: Record<string, string> = {}): string | undefined =>
  read(['app.js', ...argv], env).settings?.bind.join(',');

test('of address, host and port, the one with the highest rank wins', () => {
  assert.equal(bind([], {ENTRYPOINT_RUN_HOST: '::', PORT: '80'}), '[::]:80');
  assert.equal(bind([], {ENTRYPOINT_RUN_BIND: '127.0.0.1:1', PORT: '80'}), '127.0.0.1:1');
  assert.equal(bind(['--port=2'], {ENTRYPOINT_RUN_BIND: '127.0.0.1:1'}), '127.0.0.1:2');
  assert.equal(bind(['--host', '::1'], {ENTRYPOINT_RUN_BIND: '127.0.0.1:1'}), '[::1]:1');
  assert.equal(bind(['-b', ':5', '--port=2']), '0.0.0.0:5');
  assert.equal(bind(['-bunix:/run/s']), 'unix:/run/s');
  assert.equal(bind(['--port=4'], {ENTRYPOINT_RUN_BIND: 'unix:/run/s'}), '0.0.0.0:4');
});

test('without the prefix, only PORT and WEB_CONCURRENCY count; other short names still do, with a warning', () => {
  const kept = settings.flatMap(([, {env = []}]) => env);
  assert.deepEqual(kept, ['PORT', 'WEB_CONCURRENCY']);
  const env = {PORT: '80', WEB_CONCURRENCY: '3', HOST: '127.0.0.1', TIMEOUT: '9', APP_MODULE: 'app.js'};
  const cwd = directoryWith({'app.js': ''});
  const {settings: found, origins, deprecated} = read([], env, {cwd});
  assert.deepEqual([found?.module, found?.bind, found?.timeout], [`${cwd}/app.js`, ['127.0.0.1:80'], 9]);
  assert.equal(origins.timeout.from, 'TIMEOUT');
  assert.deepEqual(deprecationText(deprecated), {
    message: 'deprecated environment variables: APP_MODULE, HOST, TIMEOUT',
    fix: 'rename APP_MODULE to ENTRYPOINT_RUN_MODULE, HOST to ENTRYPOINT_RUN_HOST, TIMEOUT to ENTRYPOINT_RUN_TIMEOUT; the next version ignores the short names',
  });
});

test('a short name whose value has another meaning is ignored, with a warning', () => {
  for (const host of ['my-laptop', 'x86_64-conda-linux-gnu', 'example.org']) {
    const {settings: found, deprecated} = read(['app.js'], {HOST: host, THREADS: 'all', INSPECT: '127.0.0.1:1'});
    assert.deepEqual([found?.bind, found?.threads, found?.inspect], [['0.0.0.0:3000'], 4, undefined]);
    assert.match(
      deprecationText(deprecated)?.message ?? '',
      /: HOST \(ignored: not an IP address\), THREADS \(ignored: not a value of this setting\), INSPECT \(ignored/,
    );
  }
});

test('APP_MODULE names no file where it is meant for another server: it is ignored', () => {
  const {errors: wrong, deprecated} = read([], {APP_MODULE: 'app.main:app'});
  assert.deepEqual(
    wrong.map(({what}) => what),
    ['no module to serve'],
  );
  assert.match(deprecationText(deprecated)?.message ?? '', /: APP_MODULE \(ignored: no such file\)$/);
});

test('a short name that something else overrides has neither effect nor warning', () => {
  const env = {HOST: '::1', TIMEOUT: '9', THREADS: 'x', WORKER_CLASS: 'sync', APP_MODULE: 'other.js'};
  const more = {ENTRYPOINT_RUN_THREADS: '2', APP_SERVER_CMD_ARGS: '-k threads', ENTRYPOINT_RUN_BIND: '127.0.0.1:1'};
  const {settings: found, deprecated} = read(['app.js', '--timeout=5'], {...env, ...more});
  assert.deepEqual([found?.bind, found?.timeout, found?.threads], [['127.0.0.1:1'], 5, 2]);
  assert.deepEqual(deprecated, []);
});

test('an error names the variable that has the wrong value', () => {
  assert.deepEqual(errors(['app.js'], {ENTRYPOINT_RUN_TIMEOUT: 'soon'}), [
    'the environment variable ENTRYPOINT_RUN_TIMEOUT must be a number from 0 to 86400, not soon',
  ]);
});

test('a list grows with each flag, and its variable separates the values by commas', () => {
  const {settings: found} = read(['app.js', '--reload-extra-file=a', '--reload-extra-file', 'b'], {
    ENTRYPOINT_RUN_RELOAD_EXTRA_FILE: 'c',
  });
  assert.equal(found?.reloadExtraFile, 'a,b');
  assert.equal(read(['app.js'], {ENTRYPOINT_RUN_RELOAD_EXTRA_FILE: 'a,b'}).settings?.reloadExtraFile, 'a,b');
});

test('bind can be given more than once, and with commas in a variable; a stronger source replaces all of them', () => {
  assert.equal(bind(['-b', ':1', '--bind=[::1]:2', '-bunix:/run/s']), '0.0.0.0:1,[::1]:2,unix:/run/s');
  assert.equal(bind([], {BIND: ':1, unix:/run/s'}), '0.0.0.0:1,unix:/run/s');
  assert.equal(bind([], {BIND: ':1', APP_SERVER_CMD_ARGS: '-b :2 -b :3'}), '0.0.0.0:2,0.0.0.0:3');
  assert.equal(bind(['-b', ':4'], {BIND: ':1', APP_SERVER_CMD_ARGS: '-b :2 -b :3'}), '0.0.0.0:4');
  assert.equal(bind(['--port=9'], {BIND: 'unix:/run/s,127.0.0.1:1,[::1]:2'}), '127.0.0.1:9');
});

test('the main address is the first with a port', () => {
  assert.equal(bind(['-b', 'unix:a', '-b', ':1', '-b', ':2']), '0.0.0.0:1,unix:a,0.0.0.0:2');
  assert.equal(bind(['-b', 'unix:a', '-b', 'unix:b']), 'unix:a,unix:b');
});

test('a host can be an IPv6 address with or without brackets, and with a zone', () => {
  assert.equal(bind(['--host=[::1]', '--port=1']), '[::1]:1');
  assert.equal(bind([], {HOST: '::', PORT: '1'}), '[::]:1');
  assert.equal(bind(['--host=fe80::1%eth0', '--port=1']), '[fe80::1%eth0]:1');
  assert.equal(bind(['--bind=[fe80::1%eth0]:1']), '[fe80::1%eth0]:1');
  for (const host of ['127.0.0.1:80', '[::1]:80', '::x', '[a]', 'a b', 'a,b'])
    assert.deepEqual(errors(['a.js', `--host=${host}`]).length, 1, host);
});

const whole = (...argv: readonly string[]): readonly string[] =>
  read(['a.js', ...argv]).errors.map(({what, fix}) => `${what}; ${fix}`);

test('wrong addresses and settings of Unix sockets without one are refused, with a fix', () => {
  const long = `unix:/${'a'.repeat(107)}`;
  assert.deepEqual(
    [
      whole('--bind=::1:3000'),
      whole('--bind=:1,::1'),
      whole('-b', ':1', '-b', '0.0.0.0:1'),
      whole(`--bind=${long}`),
      whole('--bind=unix:@app'),
      whole('--inspect-bind=unix:/run/s'),
      whole('--socket-mode=660'),
      whole('--bind=unix:s', '--socket-mode=rw', '--socket-owner=a:b:c'),
      whole('--bind=unix:s', '--socket-mode=0660', '--socket-owner=www-data:33'),
      whole('--admin-bind=unix:s', '--socket-owner=:33'),
      whole(`--bind=${long.slice(0, -1)}`),
    ].flat(),
    [
      '--bind must be an address such as 0.0.0.0:3000 or unix:/run/app.sock, not ::1:3000; put the IPv6 address in brackets: [::1]:3000',
      '--bind must be an address such as 0.0.0.0:3000 or unix:/run/app.sock, not ::1; add a port: [::1]:3000',
      '-b names 0.0.0.0:1 twice; leave one out',
      '--bind has a path of 108 bytes; a Unix socket can have 107; choose a shorter path, or one relative to the working directory',
      '--bind must be an address such as 0.0.0.0:3000 or unix:/run/app.sock, not unix:@app; abstract sockets have no permissions: write the path of a file',
      '--inspect-bind must be an address such as 0.0.0.0:3000, not unix:/run/s; undefined',
      '--socket-mode applies only to Unix sockets, and none is bound; leave it out, or bind a path: --bind=unix:/run/app.sock',
      '--socket-mode must be an octal mode such as 660, not rw; undefined',
      '--socket-owner must be USER, USER:GROUP or :GROUP, not a:b:c; undefined',
    ],
  );
});

test('a misspelt flag before the module is one error', () => {
  assert.deepEqual(errors(['--wrokers', 'app.js']), ['--wrokers is not a flag of the server; did you mean --workers?']);
});

test('all errors are reported at once, each with its place', () => {
  assert.deepEqual(
    errors(
      ['app.js', '--wokers=3', '--timeout=-1', '--worker-class', 'gthread', '--max-body-size=10x', '--backlog=1.5'],
      {PORT: 'abc', APP_SERVER_CMD_ARGS: '--keep-alive=x'},
    ),
    [
      '--wokers is not a flag of the server; did you mean --workers?',
      'the environment variable PORT must be a whole number from 0 to 65535, not abc',
      '--worker-class must be one of async, sync, threads, not gthread; did you mean threads?',
      '--timeout must be a number from 0 to 86400, not -1',
      '--keep-alive in APP_SERVER_CMD_ARGS must be a number from 0 to 86400, not x',
      '--max-body-size must be a number of bytes (16384, 16k, 10m, 1g) from 0 to 1099511627776, not 10x',
      '--backlog must be a whole number from 1 to 65535, not 1.5',
    ],
  );
  assert.deepEqual(errors(['a.js', '--access-log-format=%(h)s %(hh)s']), [
    '--access-log-format has an unknown atom: %(hh)s',
  ]);
  assert.deepEqual(errors(['a.js', 'b.js']), ['unexpected argument b.js: only one module can be served']);
  assert.deepEqual(errors([]), ['no module to serve']);
  assert.deepEqual(errors(['a.js', '--workers']), ['--workers needs a value']);
  assert.deepEqual(errors(['a.js'], {APP_SERVER_CMD_ARGS: "--bind 'x"}), [
    'APP_SERVER_CMD_ARGS has an unterminated quote',
  ]);
});

test('an error of a lower rank does not count if a higher rank is right', () => {
  assert.deepEqual(errors(['app.js', '--workers=2'], {WEB_CONCURRENCY: 'many'}), []);
});

test("switches turn on and off, sizes have units, and words after -- are the service's", () => {
  const {settings: found} = read(
    ['app.js', '--access-log', '--no-request-id', '--max-body-size', '10m', '--inspect', '--', '--seed', '3'],
    {ENTRYPOINT_RUN_RELOAD: 'yes'},
  );
  assert.partialDeepStrictEqual(found, {
    accessLog: true,
    requestId: false,
    maxBodySize: 10_485_760,
    inspect: '127.0.0.1:9229',
    reload: true,
    args: ['--seed', '3'],
  });
  assert.equal(read(['app.js', '--no-reload'], {ENTRYPOINT_RUN_RELOAD: 'yes'}).settings?.reload, false);
  assert.equal(read(['app.js', '--reload=false'], {}).settings?.reload, false);
});

test("gunicorn's spellings are understood", () => {
  assert.equal(read(['app.js', '--worker-connections=5']).settings?.maxConnections, 5);
  assert.equal(read(['app.js', '--access-logformat', '%(h)s']).settings?.accessLogFormat, '%(h)s');
  assert.equal(read(['app.js', '--worker_class=sync']).settings?.workerClass, 'sync');
});

function counts(argv: readonly string[], megabytes: number | undefined): readonly (number | undefined)[] {
  const {settings: found} = read(['app.js', ...argv], {}, {machine: {cpus: 4, megabytes}});
  return [found?.workers, found?.maxHeap];
}

test('workers follow CPU quota and memory, and share three quarters of it as their heaps', () => {
  assert.deepEqual(counts([], undefined), [4, 0]);
  assert.deepEqual(counts([], 384), [3, 128]);
  assert.deepEqual(counts(['--worker-class=sync'], 4096), [9, 455]);
  assert.deepEqual(counts(['--worker-class=threads', '--threads=2'], 480), [2, 48]);
  assert.deepEqual(counts(['--reload'], 384), [1, 384]);
  assert.deepEqual(counts(['-w2', '--max-heap=99'], 384), [2, 99]);
});

test('--check-config, --print-config and --help are modes', () => {
  for (const mode of ['check-config', 'print-config', 'help'] as const)
    assert.equal(read(['app.js', `--${mode}`]).mode, mode);
});

test('a setting printed as a flag is read back as the same value', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...settings),
      fc.integer({min: 1024, max: 60_000}),
      fc.boolean(),
      (entry, number, flag) => {
        const [name, setting] = entry;
        const value =
          setting.kind === 'boolean'
            ? flag
            : setting.kind === 'choice'
              ? (setting.choices?.[0] ?? '')
              : setting.kind === 'address'
                ? `127.0.0.1:${number}`
                : setting.kind === 'text' || setting.kind === 'format'
                  ? 'a b'
                  : setting.kind === 'host' || setting.kind === 'owner'
                    ? 'a'
                    : setting.kind === 'mode'
                      ? '660'
                      : setting.kind === 'networks'
                        ? '10.0.0.0/8,::1'
                        : Math.min(number, setting.max ?? number);
        const {origins, errors: wrong} = read(['app.js', '--admin-bind=unix:a', flagText(name, value)]);
        assert.deepEqual(wrong, []);
        assert.equal(origins[name].value, value);
      },
    ),
  );
});

test('a list of proxies consists of addresses and networks', () => {
  for (const text of ['127.0.0.1', '127.0.0.1, ::1 ,10.0.0.0/8', 'fd00::/8', '*', '10.0.0.1,*'])
    assert.ok(parseNetworks(text) !== undefined, text);
  for (const text of ['localhost', '10.0.0.0/33', '::/129', '10.0.0', '10.0.0.0/', '10.0.0.0/8/8', '127.0.0.1;::1'])
    assert.equal(parseNetworks(text), undefined, text);
});

test('an address has one normal form', () => {
  const forms = {
    '3000': '0.0.0.0:3000',
    ':80': '0.0.0.0:80',
    'localhost:1': 'localhost:1',
    '[::1]:2': '[::1]:2',
    'unix:/a b': 'unix:/a b',
  };
  for (const [text, form] of Object.entries(forms)) assert.equal(addressText(parseAddress(text) ?? {path: ''}), form);
  for (const text of ['', 'x', '::1:3', 'a:b', '1:70000', 'unix:', '[::1]', 'a b:1'])
    assert.equal(parseAddress(text), undefined, text);
});

test('no two settings share a flag, a letter or a variable', () => {
  for (const all of [
    settings.flatMap(([name, {alias}]) => [kebab(name), ...(alias === undefined ? [] : [alias])]),
    settings.flatMap(([, {short}]) => (short === undefined ? [] : [short])),
    settings.flatMap(([, {env = [], deprecatedEnv = ''}]) => env.concat(deprecatedEnv).filter((name) => name !== '')),
  ])
    assert.equal(new Set(all).size, all.length);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {get, startServer} from './support.ts';

test('all usage errors are printed at once on stderr, and nothing is started: 64', async (t) => {
  const server = await startServer(t, {
    module: 'throw new Error("not loaded")',
    flags: ['--wokers=2', '--timeout=-1'],
    env: {WEB_CONCURRENCY: 'many'},
    listening: false,
  });
  assert.equal((await server.ended).code, 64);
  assert.equal(
    server.output(),
    [
      'entrypoint: 3 problems on the command line; nothing was run',
      '  --wokers is not a flag of the server; did you mean --workers?',
      '  the environment variable WEB_CONCURRENCY must be a whole number from 1 to 1024, not many',
      '  --timeout must be a number from 0 to 86400, not -1',
      'fix: see serve.js --help',
      '',
    ].join('\n'),
  );
});

test('a missing module is 65', async (t) => {
  const server = await startServer(t, {
    env: {ENTRYPOINT_RUN_MODULE: 'nowhere.mjs'},
    file: '--workers=1',
    listening: false,
  });
  assert.equal((await server.ended).code, 65);
  assert.match(server.output(), /^entrypoint: no such module: nowhere\.mjs\nfix: /);
});

test('--help lists every setting, --print-config every value and its source', async (t) => {
  const help = await startServer(t, {flags: ['--help'], listening: false});
  assert.equal((await help.ended).code, 0);
  for (const word of ['usage: ', '-w, --workers=NUMBER', '--[no-]request-id', 'WEB_CONCURRENCY'])
    assert.ok(help.output().includes(word), word);
  const config = await startServer(t, {
    flags: ['--print-config', '--workers=3'],
    env: {ENTRYPOINT_RUN_TIMEOUT: '7', APP_SERVER_CMD_ARGS: '--backlog 9', PORT: ''},
    listening: false,
  });
  assert.equal((await config.ended).code, 0);
  const rows = config
    .output()
    .split('\n')
    .map((line) => line.split(/ {2,}/));
  for (const row of [
    ['workers', '3', '--workers'],
    ['timeout', '7', 'ENTRYPOINT_RUN_TIMEOUT'],
    ['backlog', '9', 'APP_SERVER_CMD_ARGS'],
    ['keep-alive', '75', 'default'],
    ['admin-bind', 'off', 'default'],
  ]) {
    assert.ok(
      rows.some((found) => found.join() === row.join()),
      `${row.join(' ')}\n${config.output()}`,
    );
  }
});

test('--check-config loads the module without listening: 0, 3 when it throws, 65 when it exports no handler', async (t) => {
  const check = async (module: string): Promise<{code: number | null; output: string}> => {
    const server = await startServer(t, {module, flags: ['--check-config'], listening: false});
    return {code: (await server.ended).code, output: server.output()};
  };
  assert.equal((await check('export default () => {};')).code, 0);
  const broken = await check('\nexport default =;');
  assert.equal(broken.code, 3);
  assert.match(broken.output, /service\.mjs:2/);
  assert.equal((await check('throw new Error("no database");')).code, 3);
  assert.equal((await check('export default 5;')).code, 65);
  assert.equal(
    (
      await check(
        "import http from 'node:http'; http.createServer().listen(process.env.PORT); setInterval(() => {}, 1000);",
      )
    ).code,
    0,
  );
});

test("arguments after -- are the service's own", async (t) => {
  const server = await startServer(t, {
    module: 'export default (request, response) => response.end(JSON.stringify(process.argv.slice(1)));',
    flags: ['--workers=1', '--', '--seed', 'a b'],
  });
  const [file, ...args] = JSON.parse((await get(server.port, '/')).body) as string[];
  assert.ok(String(file).endsWith('/service.mjs'), file ?? '');
  assert.deepEqual(args, ['--seed', 'a b']);
});

test('the service gets the environment unchanged but for PORT and the number of the worker; short names cause one warning', async (t) => {
  const own = {HOST: 'my-laptop', TIMEOUT: '7', OWN: ' a b', ENTRYPOINT_RUN_THREADS: '2'};
  const server = await startServer(t, {
    module:
      "import {execFileSync} from 'node:child_process'; const child = execFileSync(process.execPath, ['-p', 'JSON.stringify(process.env)']); export default (request, response) => response.end(JSON.stringify([process.env, JSON.parse(child)]));",
    flags: ['--workers=2'],
    env: own,
  });
  const port = String(server.port);
  const expected = {PATH: process.env['PATH'], ENTRYPOINT_RUN_HOST: '127.0.0.1', ...own, PORT: port};
  const found = JSON.parse((await server.get('/')).body) as readonly Record<string, string>[];
  for (const {ENTRYPOINT_WORKER: worker, ...others} of found) {
    assert.match(worker ?? '', /^[01]$/);
    assert.deepEqual(others, expected);
  }
  const warnings = server.log().filter(({event}) => event === 'deprecated_variables');
  assert.deepEqual(
    warnings.map(({message}) => message),
    ['deprecated environment variables: TIMEOUT'],
  );
});

test('--inspect opens the inspector of one worker', async (t) => {
  const server = await startServer(t, {
    module: 'export default (request, response) => response.end();',
    flags: ['--workers=2', '--inspect', '--inspect-bind=127.0.0.1:0'],
  });
  await server.event('worker_ready', {count: 2});
  assert.equal(server.output().split('Debugger listening on').length, 2, server.output());
});

import assert from 'node:assert/strict';
import {spawn, spawnSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {type AddressInfo, createServer} from 'node:net';
import {dirname, join} from 'node:path';
import {test, type TestContext} from 'node:test';
import {until} from '../support/until.ts';
import {cli, entrypoint, environment, service} from './harness.ts';

const handler =
  'export default (request, response) => response.end(JSON.stringify([process.argv.slice(2), process.env.PORT, process.execArgv.join(" ")]));\n';
const directory = service({'src/server.js': handler});
const noReload = {ENTRYPOINT_RUN_RELOAD: 'false'};

/** The command line of the server, without its program. */
function flags(words: readonly string[], env: Readonly<Record<string, string>> = noReload, cwd = directory): string {
  const {code, stdout, stderr} = cli(cwd, ['--dry-run', 'run', ...words], env);
  assert.equal(code, 0, stderr);
  return /^exec \S+ --disable-sigusr1 \S+serve\.js (.*)$/m.exec(stdout)?.[1] ?? stdout;
}

/** Starts a command in the service's directory, and waits until it listens. */
async function listening(
  t: TestContext,
  program: string,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{pid: number; port: number}> {
  const child = spawn(program, words, {cwd: directory, env: environment(env), stdio: ['ignore', 'pipe', 'inherit']});
  const ended = new Promise((resolve) => void child.once('exit', resolve));
  t.after(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    text += String(chunk);
    const port = /"event":"listening".*"port":(\d+)/.exec(text)?.[1];
    if (port === undefined) continue;
    child.stdout.resume();
    return {pid: child.pid ?? 0, port: Number(port)};
  }
  throw new Error(`the server exited: ${text}`);
}

test('every setting is passed to the server: those given, the address, the number of workers', () => {
  assert.equal(
    flags(['--workers=3', '--timeout=1.5', '--access-log', '--no-request-id', '--max-body-size=10m']),
    'src/server.js --bind=0.0.0.0:3000 --workers=3 --timeout=1.5 --max-body-size=10485760 --access-log --no-request-id',
  );
  assert.match(
    flags(['--host=::', '--port=80', '--worker-class=threads', '--threads=2']),
    /^src\/server\.js '--bind=\[::\]:80' --workers=\d+ --worker-class=threads --threads=2$/,
  );
});

test('flags override APP_SERVER_CMD_ARGS, which overrides variables, and words after -- override all of them', () => {
  const env = {
    ...noReload,
    WEB_CONCURRENCY: '2',
    ENTRYPOINT_RUN_TIMEOUT: '5',
    ENTRYPOINT_RUN_BACKLOG: '9',
    ENTRYPOINT_RUN_KEEP_ALIVE: '4',
    APP_SERVER_CMD_ARGS: "--workers 7 --timeout 8 --access-log-format '%(h)s %(s)s'",
  };
  assert.equal(
    flags(['--workers=2', '--port=1', '--', '--port', '2'], env),
    "src/server.js --bind=0.0.0.0:2 --workers=2 --timeout=8 --keep-alive=4 --backlog=9 '--access-log-format=%(h)s %(s)s'",
  );
});

test('on a laptop it reloads with one worker, unless the settings say otherwise', () => {
  assert.match(flags([], {}), / --workers=1 --reload$/);
  assert.match(flags(['--no-reload'], {}), / --no-reload$/);
  assert.doesNotMatch(flags([], noReload), /reload/);
});

test('a short name of a variable still counts, with one warning on stderr; one with another meaning does not', async (t) => {
  const env = {RELOAD: 'false', HOST: 'my-laptop', WORKER_CLASS: 'sync'};
  const {stdout, stderr} = cli(directory, ['--dry-run', 'run', '--worker-class=async'], env);
  assert.match(stdout, / --bind=0\.0\.0\.0:3000 --workers=\d+ --worker-class=async --no-reload$/m);
  assert.equal(
    stderr,
    [
      '# deprecated environment variables: HOST (ignored: not an IP address), RELOAD',
      '# fix: rename HOST to ENTRYPOINT_RUN_HOST, RELOAD to ENTRYPOINT_RUN_RELOAD; the next version ignores the short names',
      '',
    ].join('\n'),
  );
  const child = spawn(entrypoint, ['run', '--port=0', '--workers=1'], {
    cwd: directory,
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGTERM'));
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  await until(
    () => text,
    () => text.includes('"listening"'),
  );
  assert.equal(text.split('deprecated').length, 2, text);
});

async function ask({port}: {port: number}): Promise<unknown> {
  return (await fetch(`http://127.0.0.1:${port}/`)).json();
}

test('the printed line, pasted, is the same server; the command itself becomes it with the same pid', async (t) => {
  const words = ['--port=0', '--host=127.0.0.1', '--workers=2', '--max-heap=77', '--', '--', '--seed', 'a b'];
  const {stdout} = cli(directory, ['--dry-run', 'run', ...words], noReload);
  const ours = await listening(t, entrypoint, ['run', ...words], noReload);
  const pasted = await listening(t, 'sh', ['-c', stdout], {PORT: '1', WEB_CONCURRENCY: '9'});
  const [own, its] = [await ask(ours), await ask(pasted)] as [[string[], string, string], [string[], string, string]];
  assert.deepEqual(own, [['--seed', 'a b'], String(ours.port), own[2]]);
  assert.match(own[2], /--max-old-space-size=77/);
  assert.deepEqual(its, [own[0], String(pasted.port), own[2]]);
});

test('--print-config prints every setting with its origin, also as JSON', () => {
  const env = {...noReload, WEB_CONCURRENCY: '2', APP_SERVER_CMD_ARGS: '--backlog=9'};
  const {stdout} = cli(directory, ['run', '--print-config', '--timeout=5'], env);
  for (const line of [
    /^workers +2 +WEB_CONCURRENCY$/m,
    /^backlog +9 +APP_SERVER_CMD_ARGS$/m,
    /^timeout +5 +--timeout$/m,
    /^reload +false +ENTRYPOINT_RUN_RELOAD$/m,
    /^keep-alive +75 +default$/m,
  ])
    assert.match(stdout, line);
  const json = JSON.parse(cli(directory, ['--json', 'run', '--print-config'], env).stdout) as {workers: unknown};
  assert.deepEqual(json.workers, {value: 2, from: 'WEB_CONCURRENCY', given: true});
});

test('--check-config loads the service and does not serve: its exit code says whether it would', () => {
  assert.equal(cli(directory, ['run', '--check-config']).code, 0);
  const broken = cli(service({'server.js': 'export default {;\n'}), ['run', '--check-config']);
  assert.equal(broken.code, 3);
  assert.match(broken.stdout, /server\.js:1/);
});

test('all errors are reported at once, and nothing starts', () => {
  const {code, stderr} = cli(directory, ['run', '--workers=0', '--worker-class=gthread', '--', '--wokers=3'], {
    ...noReload,
    APP_SERVER_CMD_ARGS: '--timeout=x',
  });
  assert.equal(code, 64);
  assert.equal(
    stderr,
    [
      'entrypoint: 4 problems on the command line; nothing was run',
      '  --wokers is not a flag of the server; did you mean --workers?',
      '  --workers must be a whole number from 1 to 1024, not 0',
      '  --worker-class must be one of async, sync, threads, not gthread; did you mean threads?',
      '  --timeout in APP_SERVER_CMD_ARGS must be a number from 0 to 86400, not x',
      'fix: see entrypoint --help run',
      '',
    ].join('\n'),
  );
});

test("a setting of Python's servers is refused for a Node service", () => {
  const {code, stderr} = cli(directory, ['run'], {ENTRYPOINT_RUN_APP_SERVER: 'uwsgi'});
  assert.equal(code, 64);
  assert.match(stderr, /--app-server is a setting of Python services/);
});

test('a port in use ends it with 69, and a missing module with 65', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => void server.once('listening', resolve));
  const {port} = server.address() as AddressInfo;
  const taken = cli(directory, ['run', `--port=${port}`, '--host=127.0.0.1']);
  server.close();
  assert.equal(taken.code, 69);
  assert.match(taken.stdout, new RegExp(`${port}: address already in use`));
  assert.equal(cli(directory, ['run', '--module=none.js']).code, 65);
  assert.match(cli(service({}), ['run']).stderr, /no module to serve: no src\/server\.ts in /);
});

test('a task of the service can call it: its values count as the command line', () => {
  const own = service({'src/server.js': handler});
  writeFileSync(
    join(own, 'tasks.ts'),
    "import {task, run} from 'entrypoint/tasks';\nexport const serve = task('Serve', {}, async (context) => { await run(context, {workers: 5}); });\n",
  );
  const {stdout, stderr} = cli(own, ['--dry-run', 'serve'], {
    ...noReload,
    WEB_CONCURRENCY: '2',
    APP_SERVER_CMD_ARGS: '--workers=7',
  });
  assert.match(stdout, / --workers=5/, stderr);
});

test('the commands of the manual work; those that serve are only printed', () => {
  const [, block = ''] =
    /```sh\n([^]*?)```/.exec(readFileSync(join(import.meta.dirname, '../../docs/server.md'), 'utf8')) ?? [];
  const lines = block
    .trim()
    .split('\n')
    .map((line) => line.replace(/ *#.*$/, ''));
  assert.ok(lines.length > 4);
  for (const line of lines) {
    const looks = /--(?:dry-run|print-config|check-config)/.test(line);
    const {status, stderr} = spawnSync(
      'sh',
      ['-c', looks ? line : line.replace('entrypoint run', 'entrypoint --dry-run run')],
      {
        cwd: directory,
        encoding: 'utf8',
        env: {...environment(), PATH: `${dirname(entrypoint)}:${process.env['PATH']}`},
      },
    );
    assert.equal(status, 0, `${line}\n${stderr}`);
  }
});

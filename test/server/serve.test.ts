import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {existsSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test, type TestContext} from 'node:test';
import {pathToFileURL} from 'node:url';
import {until} from '../support/until.ts';
import {childrenOf, get, isAlive, killHard} from './support.ts';

// `serve` as a service's own process uses it: a program that imports the bundled module and reports over IPC.

const library = pathToFileURL(join(import.meta.dirname, '../../dist/server.js')).href;
const service = (text: string): string => `export default (request, response) => response.end("${text}");`;

interface Program {
  readonly pid: number;
  readonly directory: string;
  /** Sends a message and waits for the reply. */
  readonly ask: (message: string) => Promise<unknown>;
  readonly output: () => string;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
}

/** Runs a program whose `handlers` map a message to its reply; `serve` is in scope. */
async function startProgram(
  t: TestContext,
  handlers: string,
  files: Readonly<Record<string, string>>,
): Promise<Program> {
  const directory = mkdtempSync(join(tmpdir(), 'entrypoint-serve-'));
  const program = `
    import {serve} from ${JSON.stringify(library)};
    const module = new URL('./service.mjs', import.meta.url);
    let server;
    const handlers = ${handlers};
    process.on('message', async (message) => {
      try {
        process.send({value: await handlers[message]()});
      } catch ({message, code, exitCode, details}) {
        process.send({value: {message, code, exitCode, details}});
      }
      // Only open handles keep the process alive from here.
      if (message === 'leave') process.disconnect();
    });`;
  for (const [name, text] of Object.entries({'program.mjs': program, ...files}))
    writeFileSync(join(directory, name), text);
  const child = spawn(process.execPath, ['program.mjs', '--workers=7'], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {PATH: process.env['PATH'], WEB_CONCURRENCY: '7', PORT: '1'},
  });
  const pid = child.pid ?? 0;
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const ended = new Promise<number | null>((resolve) => void child.once('close', resolve));
  t.after(async () => {
    for (const worker of childrenOf(pid)) killHard(worker);
    child.kill('SIGKILL');
    await ended;
    rmSync(directory, {recursive: true, force: true});
  });
  const ask = (message: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      child.once('message', (reply) => resolve((reply as {value: unknown}).value));
      void ended.then((code) => reject(new Error(`the program ended with ${code}:\n${output}`)));
      child.send(message);
    });
  return {pid, directory, ask, ended, output: () => output, kill: (signal) => void child.kill(signal)};
}

test('serve() starts, reloads and stops a server, and its process keeps running and exits on its own', async (t) => {
  const program = await startProgram(
    t,
    `{
      start: async () => {
        server = await serve({module, host: '127.0.0.1', port: 0, workers: 2, adminBind: '127.0.0.1:0'});
        return {address: server.address, port: server.port};
      },
      reload: () => server.reload(),
      stop: async () => [await server.stop(), await server.exited],
      leave: () => process.listenerCount('SIGTERM') + process.listenerCount('SIGHUP'),
    }`,
    {'service.mjs': service('old')},
  );
  const {address, port} = (await program.ask('start')) as {address: string; port: number};
  assert.equal(address, `127.0.0.1:${port}`);
  assert.equal((await get(port, '/')).body, 'old');
  await until('two workers run', () => childrenOf(program.pid).length === 2);
  const workers = childrenOf(program.pid);
  writeFileSync(join(program.directory, 'service.mjs'), service('new'));
  await program.ask('reload');
  assert.equal((await get(port, '/')).body, 'new');
  assert.deepEqual(workers.filter(isAlive), []);
  assert.deepEqual(await program.ask('stop'), [0, 0]);
  assert.deepEqual(childrenOf(program.pid), []);
  await assert.rejects(get(port, '/'), {code: 'ECONNREFUSED'});
  assert.equal(await program.ask('leave'), 0);
  assert.equal(await program.ended, 0, program.output());
});

test('reload() rejects when the new code does not boot, and the old workers keep serving', async (t) => {
  const program = await startProgram(
    t,
    `{
      start: async () => (server = await serve({module, bind: '127.0.0.1:0', workers: 1})).port,
      reload: () => server.reload(),
    }`,
    {'service.mjs': service('old')},
  );
  const port = (await program.ask('start')) as number;
  writeFileSync(join(program.directory, 'service.mjs'), 'throw new Error("no database");');
  assert.partialDeepStrictEqual(await program.ask('reload'), {code: 'reload_failed', message: 'no database'});
  assert.equal((await get(port, '/')).body, 'old');
});

test('serve() rejects with all invalid options at once, and with the reason why a server cannot start', async (t) => {
  const program = await startProgram(
    t,
    `{
      options: () => serve({module, wokers: 2, timeout: -1, workerClass: 'gthread'}),
      mode: () => serve({module, port: 0, socketMode: '660'}),
      missing: () => serve({module: 'nowhere.mjs'}),
      broken: () => serve({module: 'broken.mjs', bind: '127.0.0.1:0', workers: 2}),
      handler: () => serve({module: 'handler.mjs', bind: '127.0.0.1:0', workers: 1}),
      taken: async () => {
        server = await serve({module, bind: '127.0.0.1:0', workers: 1});
        await serve({module, bind: server.address, workers: 1});
      },
      dispatch: () => serve({module, bind: '127.0.0.1:0', dispatch: 'rr'}),
      leave: () => server.stop(),
    }`,
    {
      'service.mjs': service('ok'),
      'broken.mjs': 'throw new Error("no database");',
      'handler.mjs': 'export default 5;',
    },
  );
  assert.deepEqual(await program.ask('options'), {
    code: 'usage',
    exitCode: 64,
    message: '3 invalid options for serve(); nothing was started',
    details: [
      'wokers is not an option; did you mean workers?',
      'timeout must be a number from 0 to 86400, not -1',
      'workerClass must be one of async, sync, threads, not gthread; did you mean threads?',
    ],
  });
  assert.deepEqual((await program.ask('mode')) as unknown, {
    code: 'usage',
    exitCode: 64,
    message: '1 invalid option for serve(); nothing was started',
    details: [
      '--socket-mode applies only to Unix sockets, and none is bound; leave it out, or bind a path: --bind=unix:/run/app.sock',
    ],
  });
  assert.partialDeepStrictEqual(await program.ask('missing'), {code: 'no_server_module', exitCode: 65});
  const broken = (await program.ask('broken')) as {details: readonly string[]};
  assert.partialDeepStrictEqual(broken, {code: 'boot_failed', exitCode: 3, message: 'no database'});
  assert.match(broken.details.join('\n'), /broken\.mjs:1/);
  assert.partialDeepStrictEqual(await program.ask('handler'), {code: 'boot_failed', exitCode: 65});
  assert.partialDeepStrictEqual(await program.ask('taken'), {code: 'not_listening', exitCode: 69});
  assert.partialDeepStrictEqual(await program.ask('dispatch'), {code: 'dispatch_conflict'});
  assert.equal(await program.ask('leave'), 0);
  assert.equal(await program.ended, 0, program.output());
});

test('with signals, TERM drains the server, and the handlers are removed when it has ended', async (t) => {
  const program = await startProgram(
    t,
    `{
      start: async () => {
        server = await serve({module, bind: ['unix:app.sock', '127.0.0.1:0'], workers: 1, signals: true, args: ['--seed', '3'], log: () => {}});
        return [server.address === '127.0.0.1:' + server.port, server.addresses[1]];
      },
      leave: async () => [await server.exited, process.listenerCount('SIGTERM'), process.listenerCount('SIGHUP')],
    }`,
    {'service.mjs': 'export default (request, response) => response.end(process.argv.slice(2).join());'},
  );
  assert.deepEqual(await program.ask('start'), [true, 'unix:app.sock']);
  const socketPath = join(program.directory, 'app.sock');
  assert.equal((await get(0, '/', {socketPath})).body, '--seed,3');
  program.kill('SIGTERM');
  assert.deepEqual(await program.ask('leave'), [0, 0, 0]);
  assert.equal(await program.ended, 0, program.output());
  assert.equal(existsSync(socketPath), false);
  assert.equal(program.output(), '');
});

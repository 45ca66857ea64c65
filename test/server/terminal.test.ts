import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {test, type TestContext} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {directoryWith} from '../support/directory.ts';
import {long} from '../support/long.ts';
import {until} from '../support/until.ts';
import {childrenOf, get, isAlive, killHard, startServer} from './support.ts';

const module = 'export default (request, response) => response.end(String(process.pid));';
const program = join(import.meta.dirname, '../../dist/serve.js');

interface TerminalServer {
  readonly pid: number;
  readonly port: number;
  readonly workers: () => readonly number[];
  readonly closeTerminal: () => void;
}

/** Starts a server in a terminal of its own, with its output in a pipe: script(1) makes the terminal. */
async function startInTerminal(t: TestContext, command = (line: string): string => line): Promise<TerminalServer> {
  const line = `'${process.execPath}' --disable-sigusr1 '${program}' service.mjs --bind=127.0.0.1:0 --workers=1`;
  const child = spawn('script', ['-qfc', `${command(line)} 2>&1 | cat`, '/dev/null'], {
    cwd: directoryWith({'service.mjs': module}),
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {PATH: process.env['PATH'], SHELL: '/bin/sh'},
  });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const listening = (): RegExpExecArray | null => /"event":"listening","pid":(\d+),.*"port":(\d+)/.exec(output);
  await until(
    () => `it listens:\n${output}`,
    () => listening() !== null,
  );
  const [, pid = 0, port = 0] = (listening() ?? []).map(Number);
  t.after(() => [pid, ...childrenOf(pid)].forEach(killHard));
  return {pid, port, workers: () => childrenOf(pid), closeTerminal: () => void child.kill('SIGKILL')};
}

test('a window that is resized ends no worker, even if every output is a pipe', async (t) => {
  const {pid, port, workers} = await startInTerminal(t);
  const before = workers();
  process.kill(pid, 'SIGWINCH');
  await sleep(200);
  assert.equal((await get(port, '/', {seconds: 3})).body, String(before[0]));
  assert.deepEqual(workers(), before);
});

test('in a terminal, HUP of an operator reloads, and a terminal that is closed ends the server and frees its port', async (t) => {
  const {pid, port, workers, closeTerminal} = await startInTerminal(t);
  const before = (await get(port, '/')).body;
  process.kill(pid, 'SIGHUP');
  await until('a new worker answers', async () => (await get(port, '/')).body !== before);
  const all = [pid, ...workers()];
  closeTerminal();
  await until('every process has ended', () => !all.some(isAlive));
  await assert.rejects(get(port, '/'), {code: 'ECONNREFUSED'});
});

test('a service that writes to an output without a reader keeps its worker', async (t) => {
  const writes =
    'export default (request, response) => { console.log("x"); process.stderr.write("y\\n"); response.end(String(process.pid)); };';
  const child = spawn(process.execPath, [program, 'service.mjs', '--bind=127.0.0.1:0', '--workers=1', '--access-log'], {
    cwd: directoryWith({'service.mjs': writes}),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pid = child.pid ?? 0;
  t.after(() => [pid, ...childrenOf(pid)].forEach(killHard));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await until('it listens', () => output.includes('"port":'));
  const port = Number(/"port":(\d+)/.exec(output)?.[1]);
  const before = (await get(port, '/')).body;
  child.stdout.destroy();
  child.stderr.destroy();
  for (let count = 0; count < 5; count += 1) {
    assert.equal((await get(port, '/')).body, before);
    await sleep(20);
  }
});

test('under nohup, a server outlives its terminal, and HUP reloads it', long, async (t) => {
  const {pid, port, closeTerminal} = await startInTerminal(
    t,
    (line) => `{ nohup ${line} </dev/null >out 2>&1 & tail -f out; }`,
  );
  const before = (await get(port, '/')).body;
  closeTerminal();
  await sleep(1000);
  assert.equal((await get(port, '/')).body, before);
  process.kill(pid, 'SIGHUP');
  await until('a new worker answers', async () => (await get(port, '/')).body !== before);
});

test('after a stop of seconds (Ctrl-Z, fg), no worker counts as stuck, and the same ones serve', long, async (t) => {
  const server = await startServer(t, {module, flags: ['--workers=2', '--timeout=1']});
  await server.event('worker_ready', {count: 2});
  const workers = server.workers();
  const all = [server.pid, ...workers];
  for (const pid of all) process.kill(pid, 'SIGSTOP');
  await sleep(6000);
  for (const pid of all) process.kill(pid, 'SIGCONT');
  await sleep(2500);
  assert.deepEqual(server.workers(), workers, server.output());
  assert.ok(workers.map(String).includes((await server.get('/')).body));
});

import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {mkdirSync, renameSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {until} from '../support/until.ts';
import {startServer, type TestServer} from './support.ts';

const module = "import {word} from './word.mjs'; export default (request, response) => response.end(word);";
const wordIs = (word: string): string => `export const word = '${word}';\n`;

const version = (text: string): string => `export default (request, response) => response.end('${text}');`;

const words = {module, files: {'word.mjs': wordIs('one'), 'other.mjs': wordIs('x')}, flags: ['--reload']};

/** Milliseconds from saving a file to the first response of the new code, on new connections that are all answered. */
async function save(server: TestServer, name: string, text: string, expected: string): Promise<number> {
  const started = performance.now();
  writeFileSync(join(server.directory, name), text);
  for (;;) {
    const {body} = await server.get('/');
    const passed = performance.now() - started;
    if (body === expected) return passed;
    assert.ok(passed < 10_000, `still ${body}\n${server.output()}`);
    await sleep(5);
  }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

test('a changed file is served soon after it was saved, and no connection is refused meanwhile', async (t) => {
  const server = await startServer(t, words);
  const times: number[] = [];
  const starts: number[] = [];
  for (let count = 0; count < 5; count += 1) {
    await sleep(200);
    times.push(await save(server, 'word.mjs', wordIs(`new ${count}`), `new ${count}`));
    const started = performance.now();
    spawnSync(process.execPath, ['-e', '0']);
    starts.push(performance.now() - started);
  }
  // On a busy machine, at most as long as eight starts of a bare Node, which take 40 ms each otherwise.
  const measured = `${times.map(Math.round).join(' ')}; a bare start: ${starts.map(Math.round).join(' ')}`;
  assert.ok(median(times) < Math.max(300, 8 * median(starts)), measured);
  await until('the old worker has exited', () => server.workers().length === 1);
});

test('a file that an editor replaces counts as changed', async (t) => {
  const server = await startServer(t, words);
  await sleep(200);
  writeFileSync(join(server.directory, 'word.mjs.swp'), wordIs('two'));
  renameSync(join(server.directory, 'word.mjs.swp'), join(server.directory, 'word.mjs'));
  await until('it is served', async () => (await server.get('/')).body === 'two');
});

test('a change of a file that the service has not loaded has no effect', async (t) => {
  const server = await startServer(t, words);
  const before = server.workers();
  writeFileSync(join(server.directory, 'other.mjs'), wordIs('y'));
  writeFileSync(join(server.directory, 'data.json'), '{}');
  await sleep(500);
  assert.deepEqual(server.workers(), before);
});

test('a syntax error is logged with its line, requests wait, and the corrected file is served', async (t) => {
  const server = await startServer(t, words);
  await sleep(200);
  writeFileSync(join(server.directory, 'word.mjs'), 'export const word = ;\n');
  const {stack} = await server.event('worker_failed');
  assert.match(String(stack), /word\.mjs:1\n/);
  const waiting = server.get('/');
  await sleep(300);
  writeFileSync(join(server.directory, 'word.mjs'), wordIs('mended'));
  assert.equal((await waiting).body, 'mended');
});

test('a file that was missing at the first start is served once it exists', async (t) => {
  const server = await startServer(t, {module, flags: ['--reload', '--workers=2'], listening: false});
  await server.event('worker_failed');
  await sleep(100);
  writeFileSync(join(server.directory, 'word.mjs'), wordIs('there'));
  await server.event('listening');
});

test('a directory that is deleted and built anew is served, and its later changes too', async (t) => {
  const file = 'dist/service.mjs';
  const server = await startServer(t, {file, files: {[file]: version('1')}, flags: ['--reload']});
  rmSync(join(server.directory, 'dist'), {recursive: true});
  await sleep(200);
  // The old code is served until the new one is there.
  assert.equal((await server.get('/')).body, '1');
  mkdirSync(join(server.directory, 'dist'));
  writeFileSync(join(server.directory, file), version('2'));
  await until('it is served', async () => (await server.get('/')).body === '2');
  assert.equal(server.log().filter(({event}) => event === 'worker_failed').length, 0, server.output());
  await save(server, file, version('3'), '3');
});

test('a file that the service does not load causes a restart if it is named', async (t) => {
  const server = await startServer(t, {
    module:
      "import {readFileSync} from 'node:fs'; const text = readFileSync('page.html', 'utf8'); export default (request, response) => response.end(text);",
    files: {'page.html': 'one', 'more.yaml': ''},
    flags: ['--reload', '--reload-engine=poll', '--reload-extra-file=more.yaml', '--reload-extra-file=page.html'],
  });
  writeFileSync(join(server.directory, 'page.html'), 'another');
  await until('it is served', async () => (await server.get('/')).body === 'another');
});

test('a missing file in a missing directory is served once it exists', async (t) => {
  const files = {'word.mjs': "export {word} from './lib/word.mjs';"};
  const server = await startServer(t, {module, files, flags: ['--reload'], listening: false});
  await server.event('worker_failed');
  mkdirSync(join(server.directory, 'lib'));
  await sleep(100);
  writeFileSync(join(server.directory, 'lib/word.mjs'), wordIs('there'));
  await server.event('listening');
});

test('HUP and TERM work the same with --reload', async (t) => {
  const server = await startServer(t, words);
  const before = server.workers();
  server.signal('SIGHUP');
  await server.event('reloaded');
  assert.notDeepEqual(server.workers(), before);
  server.signal('SIGTERM');
  assert.equal((await server.ended).code, 0);
});

import assert from 'node:assert/strict';
import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {directoryWith} from '../../support/directory.ts';
import {long} from '../../support/long.ts';
import {needs} from '../../support/program.ts';

// Real processes: what is lost at their end is lost for good.

const source = join(import.meta.dirname, '../../../src/log/index.ts');

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  /** How long nothing is read. */
  readonly pause?: number;
  readonly started?: (child: ChildProcess) => void;
}

/** Runs a program that logs, and reads its stdout, of which every line must be JSON. */
async function run(program: string, {env, flags = [], pause = 0, started}: RunOptions = {}): Promise<Ended> {
  const directory = directoryWith({
    'main.mjs': `import {captureConsole, log, logCounts} from ${JSON.stringify(source)};\n${program}`,
  });
  const child = spawn(process.execPath, [...flags, join(directory, 'main.mjs')], {
    env: {PATH: process.env['PATH'], ...env},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  if (pause > 0) await sleep(pause);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (stdout === '') started?.(child);
    stdout += text;
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('close', (...words) => resolve(words));
  });
  const lines = stdout.split('\n');
  assert.equal(lines.pop(), '', 'the last line is whole');
  return {code, signal, stderr, lines: lines.map((line) => JSON.parse(line) as Ended['lines'][number])};
}

/** No line is missing and none is out of order. */
function assertComplete(lines: Ended['lines']): void {
  assert.deepEqual(
    lines.map(({seq}) => seq),
    lines.map((_, at) => at + 1),
  );
}

const many = "for (let at = 1; at <= 3000; at += 1) log.info({at, text: 'x'.repeat(200)}, 'line');";

test('process.exit behind 900 KB for a reader that is late: every line arrives', async () => {
  const {code, lines, stderr} = await run(`${many}\nprocess.exit(3);`, {pause: 300});
  assert.deepEqual([code, lines.length, stderr], [3, 3000, '']);
  assertComplete(lines);
});

test('the same with a pipe that something else has made non-blocking', async () => {
  const {code, lines, stderr} = await run(`process.stdout.write('');\n${many}\nprocess.exit(3);`, {pause: 300});
  assert.deepEqual([code, lines.length, stderr], [3, 3000, '']);
  assertComplete(lines);
});

const stop = (child: ChildProcess): void => void child.kill('SIGTERM');

test('SIGTERM, with and without a handler: what was logged arrives', async () => {
  const forever = "setInterval(() => { for (let at = 0; at < 20; at += 1) log.info('line'); }, 1);";
  const plain = await run(forever, {started: stop});
  assert.equal(plain.signal, 'SIGTERM');
  assertComplete(plain.lines);
  const handled = await run(`process.on('SIGTERM', () => { log.info('bye'); process.exit(0); });\n${forever}`, {
    started: stop,
  });
  assert.deepEqual([handled.code, handled.lines.at(-1)?.['message']], [0, 'bye']);
  assertComplete(handled.lines);
});

for (const [name, fail, origin] of [
  ['an uncaught error', 'setImmediate(() => { throw error; });', 'uncaughtException'],
  ['an unhandled rejection', 'void Promise.reject(error);', 'unhandledRejection'],
] as const)
  test(`${name} is one event with its stack, and the exit code is Node's`, async () => {
    const error = "const error = new Error('two\\nlines', {cause: new Error('inner')});";
    const {code, lines, stderr} = await run(`log.info('before');\n${error}\n${fail}`);
    assert.deepEqual([code, stderr, lines.length], [1, '', 2]);
    const {level, event, origin: from, message, err} = lines[1] ?? {};
    assert.deepEqual([level, event, from, message], ['fatal', 'uncaught_exception', origin, 'two\nlines']);
    assert.match((err as Error).stack ?? '', /^Error: two\nlines\n {4}at .*main\.mjs:/);
    assertComplete(lines);
  });

test('a value that is no error, and a service that handles its errors itself', async () => {
  const thrown = await run("setImmediate(() => { throw {code: 'E1'}; });");
  assert.deepEqual([thrown.code, thrown.lines[0]?.['err']], [1, {code: 'E1'}]);
  const own =
    "process.on('uncaughtException', () => log.info('handled'));\nsetImmediate(() => { throw new Error('x'); });";
  const handled = await run(own);
  assert.deepEqual([handled.code, handled.lines.map(({message}) => message)], [0, ['handled']]);
});

test('the console becomes events only if it is asked to', async () => {
  const program = `
const restore = captureConsole();
console.log('third %s\\nline', 'party', {password: 'p1'});
console.error('failed:', new Error('x'));
console.log();
restore();
console.log(JSON.stringify({message: 'as before'}));`;
  const {lines} = await run(program);
  assert.deepEqual(
    lines.map(({level, logger, message, err}) => [level, logger, message, (err as Error | undefined)?.message]),
    [
      ['info', 'console', 'third party\nline {"password":"[secret]"}', undefined],
      ['error', 'console', 'failed: Error: x', 'x'],
      ['info', 'console', '', undefined],
      [undefined, undefined, 'as before', undefined],
    ],
  );
});

test('settings in the environment, and one that has no meaning', async () => {
  const program = "log.debug('d'); log.warn('w');";
  const levels = async (env: RunOptions['env'] = {}): Promise<readonly unknown[]> =>
    (await run(program, {env})).lines.map(({message, 'log.level': ecs}) => ecs ?? message);
  assert.deepEqual(await levels({LOG_LEVEL: 'DEBUG'}), ['d', 'w']);
  assert.deepEqual(await levels({LOG_LEVEL: 'error'}), []);
  assert.deepEqual(await levels({LOG_FORMAT: 'ecs'}), ['warning']);
  assert.deepEqual(await levels({LOG_LEVEL: 'verbose', LOG_FORMAT: 'xml'}), [
    'LOG_LEVEL is no level: expected trace, debug, info, warn, error, fatal or silent; info is used',
    'LOG_FORMAT is no format: expected json, ecs or text; json is used',
    'w',
  ]);
});

test('a level that changes at run time, from outside the service', async () => {
  const program = `
import {channel} from 'node:diagnostics_channel';
log.debug('before');
channel('entrypoint.log.level').publish({level: 'debug'});
log.debug('after');
channel('entrypoint.log.level').publish({level: 'nonsense'});
log.debug('still');`;
  const {lines, code} = await run(program);
  assert.deepEqual(
    [code, lines.map(({message}) => message)],
    [0, ['after', '"nonsense" is no level of a log', 'still']],
  );
});

test('without a reader the service goes on, and counts what is lost', async () => {
  const program = `
setTimeout(() => {
  for (let at = 0; at < 5; at += 1) log.info('lost');
  process.stderr.write(JSON.stringify(logCounts()));
}, 200);
log.info('first');`;
  const {code, stderr} = await run(program, {started: (child) => child.stdout?.destroy()});
  assert.deepEqual([code, JSON.parse(stderr)], [0, {lines: 1, cut: 0, dropped: 5}]);
});

test('on a terminal, the same call writes a readable line', needs('script'), () => {
  const directory = directoryWith({
    'main.mjs': `import {log} from ${JSON.stringify(source)};\nlog.info({order: 7}, 'placed');`,
  });
  const words = ['--quiet', '--return', '--command', `${process.execPath} ${directory}/main.mjs`, '/dev/null'];
  const {stdout} = spawnSync('script', words, {encoding: 'utf8', env: {PATH: process.env['PATH'], NO_COLOR: '1'}});
  assert.match(stdout, /^\d\d:\d\d:\d\d info placed order=7\r\n$/);
});

test('a heap that is full ends the process: what was logged arrives', long, async () => {
  const program = `const kept = [];
for (let at = 0; ; at += 1) { log.info({at}, 'line'); kept.push(new Array(20_000).fill(at)); }`;
  const {signal, lines} = await run(program, {flags: ['--max-old-space-size=40']});
  assert.equal(signal, 'SIGABRT');
  assert.ok(lines.length > 50);
  assertComplete(lines);
});

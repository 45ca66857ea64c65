import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {test} from 'node:test';
import {stringify} from 'smol-toml';
import {defineConfig} from '../../../src/config/declaration/index.ts';
import {createLog, withContext} from '../../../src/log/index.ts';
import {directoryWith} from '../../support/directory.ts';
import {hostile, named, planted, randomNumbers} from '../../support/log/hostile.ts';
import {all} from '../../support/long.ts';

const count = all ? 100_000 : 2000;
const most = 8192;
// What a secret could look like in a line: as it is, escaped, or in a URL.
const forms = [...planted, named].flatMap((text) => [
  text,
  JSON.stringify(text).slice(1, -1),
  encodeURIComponent(text),
]);
// oxlint-disable-next-line no-control-regex
const broken = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]|\n[^]/;
const secret = {type: 'text', secret: true} as const;
const declared = {FUZZ_A: secret, FUZZ_B: secret};

/** One line is one event of at most 8 KiB, without secrets. Returns its number. */
function sound(line: string, at: number): number {
  assert.ok(line !== '' && Buffer.byteLength(line) <= most, `${at}: ${line.length}`);
  assert.doesNotMatch(line, broken, `${at}`);
  const parsed = JSON.parse(line) as {readonly seq: number; readonly level: string};
  assert.ok(parsed.level !== undefined, `${at}: ${line}`);
  const found = forms.find((form) => line.includes(form));
  if (found !== undefined) assert.fail(`${at}: ${line.slice(Math.max(0, line.indexOf(found) - 200)).slice(0, 300)}`);
  return parsed.seq;
}

test(`${count} hostile values: each is one valid line of at most 8 KiB, in order, and without secrets`, () => {
  defineConfig(declared).read({env: {FUZZ_A: planted[0], FUZZ_B: planted[1]}});
  const random = randomNumbers(18);
  let line = '';
  let seq = 0;
  const log = createLog({level: 'trace', format: 'json', write: (text) => (line = text)});
  for (let at = 1; at <= count; at += 1) {
    const [first, second, third] = [hostile(random), hostile(random), hostile(random)];
    line = '';
    if (at % 5 === 0) log.child({own: second}).info({value: first}, 'in a child');
    else if (at % 5 === 1) log.info(first as object, second as string, third);
    else if (at % 5 === 2) withContext({around: second, request_id: `r${at}`}, () => log.warn({value: first}));
    else if (at % 5 === 3) log.error({err: first, value: second, third});
    else log.info(`%s %j ${String(at)}`, first, second);
    const next = sound(line, at);
    assert.ok(next > seq, `${at}: ${line}`);
    seq = next;
  }
  assert.equal(seq, count);
});

test(`the same in Python: ${count} hostile values`, async () => {
  const service = directoryWith({'pyproject.toml': stringify({tool: {entrypoint: {config: declared}}})});
  const root = join(import.meta.dirname, '../../..');
  const child = spawn('python3', [join(root, 'test/support/log/hostile.py'), String(count)], {
    cwd: service,
    env: {PATH: process.env['PATH'], PYTHONPATH: join(root, 'images/python/lib'), PYTHONDONTWRITEBYTECODE: '1'},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise((resolve) => child.on('close', resolve));
  let at = 0;
  // Only a line feed ends a line: readline takes U+2028 as well, which a line must not have.
  for await (const line of createInterface({input: child.stdout, crlfDelay: Infinity})) {
    at += 1;
    assert.equal(sound(`${line}\n`, at), at);
  }
  assert.deepEqual([await ended, stderr, at], [0, '', count]);
});

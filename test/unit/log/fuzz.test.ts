import assert from 'node:assert/strict';
import {test} from 'node:test';
import {defineConfig} from '../../../src/config/declaration/index.ts';
import {createLog, withContext} from '../../../src/log/index.ts';
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

test(`${count} hostile values: each is one valid line of at most 8 KiB, in order, and without secrets`, () => {
  const secret = {type: 'text', secret: true} as const;
  defineConfig({FUZZ_A: secret, FUZZ_B: secret}).read({env: {FUZZ_A: planted[0], FUZZ_B: planted[1]}});
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
    assert.ok(line !== '' && Buffer.byteLength(line) <= most, `${at}: ${line.length}`);
    assert.doesNotMatch(line, broken, `${at}`);
    const parsed = JSON.parse(line) as {readonly seq: number; readonly level: string};
    assert.ok(parsed.seq > seq && parsed.level !== undefined, `${at}: ${line}`);
    seq = parsed.seq;
    const found = forms.find((form) => line.includes(form));
    if (found !== undefined) assert.fail(`${at}: ${line.slice(Math.max(0, line.indexOf(found) - 200)).slice(0, 300)}`);
  }
  assert.equal(seq, count);
});

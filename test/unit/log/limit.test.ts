import assert from 'node:assert/strict';
import {test} from 'node:test';
import {recordedLog} from '../../support/log/lines.ts';

const most = 8192;

test('a line of exactly 8 KiB is whole; a longer one is cut at a character boundary and marked', () => {
  const whole = recordedLog();
  whole.log.info({text: 'x'.repeat(7900)});
  assert.equal(whole.lines()[0]?.['cut'], undefined);
  const {log, texts, lines} = recordedLog();
  log.info({before: 1, text: '😀'.repeat(5000), after: 2}, 'emoji');
  const {before, text, after, message, cut} = lines()[0] ?? {};
  assert.deepEqual([before, after, message, cut], [1, 2, 'emoji', 1]);
  assert.match(String(text), /^(?:😀)+\.\.\.$/u);
  const bytes = Buffer.byteLength(texts[0] ?? '');
  assert.ok(bytes <= most && bytes > 7500, `${bytes} bytes`);
});

test('a stack of 100 KB is one event with its beginning', () => {
  const {log, texts, lines} = recordedLog();
  const error = new Error('deep');
  error.stack = `Error: deep\n${'    at call (/srv/shop/deep.ts:1:1)\n'.repeat(3000)}`;
  log.error({err: error, order: 7}, 'failed');
  const {err, order, message} = lines()[0] as {err: {stack: string; message: string}; order: number; message: string};
  assert.deepEqual([err.message, order, message], ['deep', 7, 'failed']);
  assert.ok(err.stack.startsWith('Error: deep\n    at call (') && err.stack.length > 7000);
  assert.ok(Buffer.byteLength(texts[0] ?? '') <= most);
});

test('too many fields, elements and levels: fewer of them, and what the event is', () => {
  const many = Object.fromEntries(Array.from({length: 20_000}, (_, at) => [`field${at}`, at]));
  const deep = Array.from({length: 5000}).reduce<object>((inner) => ({inner}), {});
  for (const fields of [many, {list: Array.from({length: 1e5}, (_, at) => ({at}))}, {deep}, {deep, many}]) {
    const {log, texts, lines} = recordedLog();
    log.info(fields, 'large');
    const {message, cut, seq, ...rest} = lines()[0] ?? {};
    assert.deepEqual([message, seq], ['large', 1]);
    assert.ok(Number(cut) > 0 && Object.keys(rest).length > 5);
    assert.ok(Buffer.byteLength(texts[0] ?? '') <= most);
  }
});

test('a child keeps room for the fields of its events, however large its own are', () => {
  const {log, texts, lines} = recordedLog();
  log
    .child({own: 'x'.repeat(1e6)})
    .child({more: ['y'.repeat(1e6)]})
    .info({order: 7}, 'placed');
  const {order, message, own, cut} = lines()[0] ?? {};
  assert.deepEqual([order, message, String(own).startsWith('xxx')], [7, 'placed', true]);
  assert.ok(Number(cut) > 0);
  assert.ok(Buffer.byteLength(texts[0] ?? '') <= most);
});

import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type Log, logForm, type ServerLogOptions, serverLog} from '../../../../src/server/process/log.ts';

function written(options: Partial<ServerLogOptions>, use: (log: Log) => void): string {
  let text = '';
  const write = (more: string): void => void (text += more);
  use(serverLog({write, form: 'json', colour: false, now: () => new Date(2026, 0, 2, 3, 4, 5, 6), ...options}));
  return text;
}

test('without a terminal, each event is one JSON object a line', () => {
  const text = written({}, (log) => log('info', 'worker_ready', {worker: 7}));
  const {instance, ...rest} = JSON.parse(text) as Readonly<Record<string, unknown>>;
  assert.deepEqual(rest, {
    time: new Date(2026, 0, 2, 3, 4, 5, 6).toISOString(),
    level: 'info',
    severity_text: 'INFO',
    event: 'worker_ready',
    pid: process.pid,
    worker: 7,
    seq: 1,
  });
  assert.match(String(instance), /^[0-9a-z]{10}$/);
  assert.equal(text.indexOf('\n'), text.length - 1);
});

test('LOG_FORMAT says how lines are written, whatever stdout is; what it does not know says nothing', () => {
  const forms = ['json', 'ECS', 'text', 'xml', ''].map((name) => logForm({LOG_FORMAT: name}));
  assert.deepEqual(forms.slice(0, 3), ['json', 'ecs', 'text']);
  assert.deepEqual(forms.slice(3), [logForm({}), logForm({})]);
});

test('on a terminal, an event is a readable line, with the fix and the location below it', () => {
  const text = written({form: 'text'}, (log) =>
    log('error', 'worker_failed', {
      message: 'it is broken',
      worker: 7,
      file: 'a b',
      fix: 'mend it',
      stack: '/x/app.ts:3\nlet =',
    }),
  );
  assert.equal(
    text,
    '03:04:05 worker_failed it is broken worker=7 file="a b"\n         fix: mend it\n         /x/app.ts:3\n         let =\n',
  );
});

test('only a terminal with colours gets them', () => {
  assert.ok(written({form: 'text', colour: true}, (log) => log('warning', 'x')).includes('\u001b[33mx\u001b[39m'));
  assert.ok(!written({form: 'text'}, (log) => log('warning', 'x')).includes('\u001b'));
});

test('a stack of 100 KB is one line of at most 8 KiB, marked as cut', () => {
  for (const form of ['json', 'ecs'] as const) {
    const stack = `Error: \u{1f600}\n${'    at call (/srv/shop/deep.ts:1:1)\n'.repeat(3000)}`;
    const text = written({form}, (log) => log('error', 'request_failed', {message: '\u{1f600}'.repeat(9000), stack}));
    assert.ok(Buffer.byteLength(text) <= 8192 && text.indexOf('\n') === text.length - 1, `${text.length}`);
    const line = JSON.parse(text) as Readonly<Record<string, unknown>>;
    assert.equal(line['cut'] ?? line['labels.cut'], 2);
    assert.match(String(line['stack'] ?? line['error.stack_trace']), /^Error: \u{1f600}\n {4}at call[^]*\.\.\.$/u);
  }
});

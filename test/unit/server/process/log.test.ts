import assert from 'node:assert/strict';
import {test} from 'node:test';
import {type Log, type ServerLogOptions, serverLog} from '../../../../src/server/process/log.ts';

function written(options: Partial<ServerLogOptions>, use: (log: Log) => void): string {
  let text = '';
  const write = (more: string): void => void (text += more);
  use(serverLog({write, readable: false, colour: false, now: () => new Date(2026, 0, 2, 3, 4, 5, 6), ...options}));
  return text;
}

test('without a terminal, each event is one JSON object a line', () => {
  const text = written({}, (log) => log('info', 'worker_ready', {worker: 7}));
  assert.deepEqual(JSON.parse(text), {
    time: new Date(2026, 0, 2, 3, 4, 5, 6).toISOString(),
    level: 'info',
    event: 'worker_ready',
    pid: process.pid,
    worker: 7,
  });
  assert.equal(text.indexOf('\n'), text.length - 1);
});

test('on a terminal, an event is a readable line, with the fix and the location below it', () => {
  const text = written({readable: true}, (log) =>
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
  assert.ok(written({readable: true, colour: true}, (log) => log('warning', 'x')).includes('\u001b[33mx\u001b[39m'));
  assert.ok(!written({readable: true}, (log) => log('warning', 'x')).includes('\u001b'));
});

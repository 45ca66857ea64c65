import assert from 'node:assert/strict';
import {afterEach, mock, test} from 'node:test';
import {handleSignals} from '../../../../src/server/arbiter/signals.ts';

interface Terminal {
  open: boolean;
  used: boolean;
}

/** Installs the handlers, and returns what they have done. */
function handled(terminal: Terminal): string[] {
  const done: string[] = [];
  remove = handleSignals(
    {
      stop: (signal) => void done.push(`stop ${signal}`),
      quit: (signal) => void done.push(`quit ${signal}`),
      reload: async (signal) => {
        done.push(`reload ${signal}`);
        return undefined;
      },
      scale: (by) => void done.push(`scale ${by}`),
      rest: () => void done.push('rest'),
      flush: () => void done.push('flush'),
    },
    () => {},
    {isOpen: () => terminal.open, isUsed: () => terminal.used},
  );
  return done;
}

let remove = (): void => {};
afterEach(() => {
  remove();
  mock.timers.reset();
});
const send = (signal: NodeJS.Signals): void => void process.emit(signal, signal);

test('WINCH ends the workers only of a process without a controlling terminal', () => {
  const terminal = {open: true, used: false};
  const done = handled(terminal);
  send('SIGWINCH');
  assert.deepEqual(done, []);
  terminal.open = false;
  send('SIGWINCH');
  assert.deepEqual(done, ['rest']);
});

test('HUP reloads a server without a terminal, and one whose terminal stays open', () => {
  mock.timers.enable({apis: ['setTimeout']});
  const done = handled({open: false, used: false});
  send('SIGHUP');
  remove();
  done.push(...handled({open: true, used: true}));
  send('SIGHUP');
  mock.timers.tick(10_000);
  assert.deepEqual(done, ['reload SIGHUP']);
});

test('HUP of a terminal that is closed stops the server, and HUP under nohup does nothing once', () => {
  const terminal = {open: true, used: true};
  const done = handled(terminal);
  terminal.open = false;
  send('SIGHUP');
  assert.deepEqual(done, ['stop SIGHUP']);
  remove();
  const other = {open: true, used: false};
  const stays = handled(other);
  other.open = false;
  send('SIGHUP');
  assert.deepEqual(stays, []);
  send('SIGHUP');
  assert.deepEqual(stays, ['reload SIGHUP']);
});

test('a shell that sends HUP before its terminal is closed stops the server as well', () => {
  mock.timers.enable({apis: ['setTimeout']});
  const terminal = {open: true, used: true};
  const done = handled(terminal);
  send('SIGHUP');
  terminal.open = false;
  mock.timers.tick(1000);
  assert.deepEqual(done, ['reload SIGHUP', 'stop SIGHUP']);
});

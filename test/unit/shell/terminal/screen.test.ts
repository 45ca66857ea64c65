import assert from 'node:assert/strict';
import {test} from 'node:test';
import {makeScreen, type Screen} from '../../../../src/shell/terminal/screen.ts';
import {screenOf} from '../../../support/terminal.ts';

interface OnScreen {
  readonly screen: Screen;
  write(this: void, text: string): void;
  resize(this: void, columns: number): void;
  shown(this: void): Promise<string[]>;
}

/** A screen of a width that can change, and what a terminal shows of it. */
function onScreen(): OnScreen {
  const rows = 6;
  let [output, columns] = ['', 20];
  const resized: {columns: number; rows: number; at: number}[] = [];
  const write = (text: string): void => void (output += text.replaceAll('\n', '\r\n'));
  return {
    screen: makeScreen(write, () => columns),
    write,
    resize(to) {
      columns = to;
      resized.push({columns, rows, at: output.length});
    },
    shown: () => screenOf(output, {columns: 20, rows}, resized),
  };
}

test('lines that change are replaced, and lines that stay come above them', async () => {
  const {screen, shown} = onScreen();
  screen.draw(['running 1', '  $ a']);
  screen.print(['done 1'], ['running 2']);
  screen.draw(['running 3', '  $ b']);
  assert.deepEqual(await shown(), ['done 1', 'running 3', '  $ b']);
  screen.draw([]);
  assert.deepEqual(await shown(), ['done 1']);
});

test('more lines than the screen has scroll, and those that change leave nothing behind', async () => {
  const {screen, shown} = onScreen();
  for (let at = 0; at < 30; at += 1) screen.print([`done ${at}`], [`running ${at}`]);
  screen.draw([]);
  assert.deepEqual(
    await shown(),
    Array.from({length: 30}, (_, at) => `done ${at}`),
  );
});

test('in a terminal of another width, the lines that it has wrapped anew leave nothing behind', async () => {
  const {screen, resize, shown} = onScreen();
  screen.print(['a line that stays'], ['runs, 20 columns', 'its command']);
  resize(8);
  screen.draw(['runs, 8']);
  assert.deepEqual(await shown(), ['a line that stays', 'runs, 8']);
  resize(40);
  screen.draw(['runs, 40']);
  assert.deepEqual(await shown(), ['a line that stays', 'runs, 40']);
});

test('what others write stays: whole lines, a begun line, and a program that has the terminal', async () => {
  const {screen, write, shown} = onScreen();
  screen.draw(['running']);
  screen.around('by console.log\n', () => write('by console.log\n'));
  screen.around('begun', () => write('begun'));
  screen.draw(['running']);
  screen.print(['done'], ['running']);
  const release = screen.hold();
  screen.draw(['running']);
  write('a program\n');
  assert.deepEqual(await shown(), ['by console.log', 'begun', 'done', 'a program']);
  release();
  release();
  assert.deepEqual(await shown(), ['by console.log', 'begun', 'done', 'a program', 'running']);
});

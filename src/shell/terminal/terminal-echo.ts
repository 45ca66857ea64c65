import type {CommandEcho, Echo, StepEcho} from '../echo.ts';
import {foldCommand} from './fold.ts';
import {live, printed} from './lines.ts';
import {type Look, plainLine} from './look.ts';
import {makeScreen} from './screen.ts';
import {type Event, reduce, startState} from './state.ts';

export interface TerminalOptions {
  /** Writes to the terminal. */
  readonly write: (text: string) => void;
  readonly size: () => {readonly columns: number; readonly rows: number};
  readonly colour: boolean;
  readonly unicode: boolean;
  /** A part of another run, which explains what an ellipsis means. Default false. */
  readonly isPart?: boolean | undefined;
  /** Milliseconds. Default: a clock that never goes back. */
  readonly now?: (() => number) | undefined;
}

/** An echo for a person at a terminal, and what else may write there meanwhile. */
export interface TerminalEcho {
  readonly echo: Echo;
  /** Names what runs, for times in which no command does. */
  task(name: string): void;
  /** Lets `body` write `text` to the same terminal. */
  around(text: Uint8Array | string, body: () => void): void;
  /** Draws anew, after the terminal's size has changed. */
  redraw(): void;
  /** Draws below what others have written, after this process was stopped and continues. */
  resume(): void;
  /** An empty line if steps were printed since the last call: what follows stands apart from them. */
  separator(): string;
  /** A result was printed: what follows stands apart from it. */
  said(): void;
  /** Takes away what changes. */
  close(): void;
}

const tickMilliseconds = 100;

/**
 * On a terminal: one line for each step with its state, duration and host, and its command, folded; the running ones
 * change at the bottom of the screen. A failed step is shown whole.
 * @example
 * const {echo, close} = terminalEcho({write: (text) => process.stderr.write(text), size, colour: true, unicode: true});
 */
export function terminalEcho({
  write,
  size,
  colour,
  unicode,
  isPart = false,
  now = () => performance.now(),
}: TerminalOptions): TerminalEcho {
  const look = (): Look => ({...size(), colour, unicode});
  const screen = makeScreen(write, () => size().columns);
  let state = startState(now(), isPart);
  let running = '';
  let ids = 0;
  let closed = false;
  let separate = false;
  let afterResult = false;
  const steps = new Map<StepEcho, number>();
  const redraw = (): void => {
    if (!closed) screen.draw(live(state, {now: now(), task: running}, look()));
  };
  const happen = (event: Event): void => {
    const {lines, folded} = printed(state, event, look());
    state = reduce(state, event);
    if (folded && lines.length > 0) state = {...state, explained: true};
    // A program can write thousands of lines a second: the next tick shows the last one.
    if (event.type === 'output' && lines.length === 0) return;
    if (lines.length > 0) separate = true;
    const gap = afterResult && lines.length > 0 ? [''] : [];
    if (gap.length > 0) afterResult = false;
    screen.print([...gap, ...lines], closed ? [] : live(state, {now: now(), task: running}, look()));
  };
  const timer = setInterval(redraw, tickMilliseconds);
  // It must not keep the process alive.
  timer.unref();
  const close = (): void => {
    clearInterval(timer);
    screen.draw([]);
    // What the other run prints next stands apart as well.
    if (isPart && afterResult && !closed) write('\n');
    closed = true;
  };

  const command: Echo['command'] = (text, {step, fold, ...what} = {}): CommandEcho => {
    const id = (ids += 1);
    // The program needs the place where the lines are that change.
    const release = what.output === 'direct' ? screen.hold() : undefined;
    happen({
      type: 'command',
      id,
      at: now(),
      text,
      what: {...what, title: oneLine(what.title), step: step === undefined ? undefined : steps.get(step)},
    });
    if (what.kind === 'become') close();
    const read = fold?.();
    const lines = linesOf((line) => {
      happen({type: 'output', id, line, read: read?.(line)});
    });
    return {
      output: lines.write,
      ended: (outcome) => {
        lines.end();
        happen({type: 'ended', id, at: now(), outcome});
        release?.();
      },
    };
  };
  const echo: Echo = {
    folds: true,
    command,
    step(title, host) {
      const id = (ids += 1);
      happen({type: 'step', id, at: now(), title: oneLine(title) ?? '', host});
      const step: StepEcho = {
        ended: (outcome) => {
          steps.delete(step);
          happen({type: 'ended', id, at: now(), outcome});
        },
      };
      steps.set(step, id);
      return step;
    },
    note: (text, prefix) => happen({type: 'note', at: now(), text, prefix}),
    brief: (text) => foldCommand(text, briefColumns, {unicode}),
    hold: screen.hold,
  };
  return {
    echo,
    task: (name) => {
      running = name;
      state = {...state, at: now()};
    },
    around: screen.around,
    redraw,
    separator() {
      const text = separate ? '\n' : '';
      separate = false;
      return text;
    },
    said: () => void (afterResult = true),
    resume() {
      screen.forget();
      redraw();
    },
    close,
  };
}

const oneLine = (text: string | undefined): string | undefined => text && plainLine(text.replaceAll('\n', ' '));

/** The command in a failure message; all of it is above. */
const briefColumns = 60;

/** Calls `onLine` for each line of bytes. */
function linesOf(onLine: (line: string) => void): {write: (chunk: Uint8Array) => void; end: () => void} {
  const decoder = new TextDecoder();
  let rest = '';
  return {
    write(chunk) {
      const lines = (rest + decoder.decode(chunk, {stream: true})).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(plainLine(line));
    },
    end() {
      rest += decoder.decode();
      if (rest !== '') onLine(plainLine(rest));
      rest = '';
    },
  };
}

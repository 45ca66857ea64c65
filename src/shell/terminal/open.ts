import type {Echo} from '../echo.ts';
import {processStreams, type TerminalStreams} from './streams.ts';
import {terminalEcho} from './terminal-echo.ts';

type Writer = (chunk: Uint8Array | string) => void;

export interface OpenOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly colour: boolean;
  /** Writers to the standard output and the standard error. The latter is a terminal. */
  readonly stdout: Writer;
  readonly stderr: Writer;
  /** Whether the standard output is the same terminal. */
  readonly isOutputShown: boolean;
  /** Whether another run has started this one, and has the terminal: what can follow is up to that. */
  readonly isPart: boolean;
  /** Default: those of this process. */
  readonly streams?: TerminalStreams | undefined;
}

/** The terminal of a run: its echo, and writers that share the screen with it. */
export interface OpenTerminal {
  readonly echo: Echo;
  readonly stdout: Writer;
  readonly stderr: Writer;
  /** Names the task that runs, and says whether it is the last one. */
  task(name: string, isLast: boolean): void;
  /** Prints a result, apart from the steps around it. */
  say(text: string, screen?: (shown: {readonly columns: number; readonly isLast: boolean}) => string): void;
  /** @param failed the report of a failure follows */
  close(failed: boolean): void;
}

/**
 * Takes over the screen for a run. Loaded only on a terminal, with nothing that is loaded without one: a module for both
 * would be one more file at each start.
 */
export function openTerminal({env, colour, isOutputShown, isPart, ...options}: OpenOptions): OpenTerminal {
  const streams = options.streams ?? processStreams(isOutputShown);
  const {size} = streams;
  const own = terminalEcho({write: options.stderr, size, colour, unicode: isUnicode(env), isPart});
  const undo = [
    streams.onResize(own.redraw),
    streams.onContinue(own.resume),
    // A task can write by itself: console.log.
    streams.intercept(own.around),
  ];
  const shared =
    (write: Writer): Writer =>
    (chunk) =>
      own.around(chunk, () => write(chunk));
  const stdout = isOutputShown ? shared(options.stdout) : options.stdout;
  let isLast = false;
  return {
    echo: own.echo,
    stdout,
    stderr: shared(options.stderr),
    task(name, last) {
      own.task(name);
      isLast = last && !isPart;
    },
    say(text, screen) {
      if (!isOutputShown) return stdout(`${text}\n`);
      stdout(`${own.separator()}${screen?.({columns: size().columns, isLast}) ?? text}\n`);
      own.said();
    },
    close(failed) {
      for (const step of undo) step();
      own.close();
      if (failed) options.stderr(own.separator());
    },
  };
}

/** By the variables that say it, and the terminal that has no font for it: the console of Linux. */
function isUnicode(env: OpenOptions['env']): boolean {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => (value ?? '') !== '') ?? '';
  return /utf-?8/i.test(locale) && env['TERM'] !== 'linux';
}

import {writeSync} from 'node:fs';
import {isTerminal} from '../../shell/output.ts';

export type Level = 'info' | 'warning' | 'error';

/** Tells what the server itself does: an event as one stable word, and its facts; `message` and `fix` are sentences. */
export type Log = (level: Level, event: string, facts?: Readonly<Record<string, unknown>>) => void;

export interface LogWorld {
  readonly write: (text: string) => void;
  /** Readable lines for a person, instead of one JSON object a line for a collector. */
  readonly readable: boolean;
  readonly colour: boolean;
  readonly now: () => Date;
}

const colours: Readonly<Record<Level, string>> = {info: '36', warning: '33', error: '31'};

/** The server's own log: `{time, level, event, pid, ...}` a line, or readable lines on a terminal. */
export function serverLog({write, readable, colour, now}: LogWorld = systemWorld()): Log {
  return (level, event, facts = {}) => {
    if (!readable)
      return write(`${JSON.stringify({time: now().toISOString(), level, event, pid: process.pid, ...facts})}\n`);
    const {message, fix, stack, ...rest} = facts;
    const subject = colour ? `\u001b[${colours[level]}m${event}\u001b[39m` : event;
    const words = [
      clock(now()),
      subject,
      ...(message === undefined ? [] : [String(message)]),
      ...Object.entries(rest).map(([name, value]) => `${name}=${plain(value)}`),
    ];
    const more = [fix === undefined ? undefined : `fix: ${String(fix)}`, stack].filter((text) => text !== undefined);
    write(
      [
        words.join(' '),
        ...more.flatMap((text) =>
          String(text)
            .split('\n')
            .map((line) => `         ${line}`),
        ),
      ].join('\n') + '\n',
    );
  };
}

/** A service's own words in a line: a text with blanks or quotes is quoted, so that its end can be seen. */
function plain(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : (JSON.stringify(value) ?? String(value));
}

/** `03:04:05`, as the clock on the wall has it. */
export function clock(time: Date): string {
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

// https://no-color.org: set and not empty.
function systemWorld(): LogWorld {
  const terminal = isTerminal(1);
  return {
    write: writeOut,
    readable: terminal,
    colour: terminal && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
    now: () => new Date(),
  };
}

const patienceMilliseconds = 1000;

/**
 * Writes all of it before it returns, also to a pipe that is full at the moment: what is told last is why it ended. A
 * reader that has stopped holds nobody up for longer than a second.
 */
function writeOut(text: string): void {
  const end = process.uptime() * 1000 + patienceMilliseconds;
  for (let rest = Buffer.from(text); rest.length > 0;) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || process.uptime() * 1000 > end) return;
      // A service that uses process.stdout makes a pipe non-blocking, for all who have it.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
}

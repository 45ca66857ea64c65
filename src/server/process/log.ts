import {channel} from 'node:diagnostics_channel';
import {isTerminal, writeAll} from '../../shell/output.ts';
import {clock} from '../../text/utc-time.ts';

/** Severity of an event in the server's log. */
export type Level = 'info' | 'warning' | 'error';

/** Logs an event of the server itself: its name is one stable word, its fields are facts; `message` and `fix` are prose. */
export type Log = (level: Level, event: string, fields?: Readonly<Record<string, unknown>>) => void;

export interface ServerLogOptions {
  readonly write: (text: string) => void;
  /** Lines for people instead of one JSON object a line. */
  readonly readable: boolean;
  readonly colour: boolean;
  readonly now: () => Date;
  /** Offers an event of JSON lines to the log of the service. Returns whether that has written it. */
  readonly handOver?: (event: ServerEvent) => boolean;
}

const colours: Readonly<Record<Level, string>> = {info: '36', warning: '33', error: '31'};

/** The server's own log on stdout: one `{time, level, event, pid, ...}` a line, or readable lines on a terminal. */
export function serverLog({write, readable, colour, now, handOver}: ServerLogOptions = stdoutOptions()): Log {
  return (level, event, fields = {}) => {
    if (!readable && handOver?.({level, event, fields, logged: false}) === true) return;
    if (!readable)
      return write(`${JSON.stringify({time: now().toISOString(), level, event, pid: process.pid, ...fields})}\n`);
    const {message, fix, stack, ...rest} = fields;
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

/** An event of the server in a process whose service has loaded `entrypoint/log`. */
export interface ServerEvent {
  readonly level: Level;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Set by the one who writes the event. */
  logged: boolean;
}

/** Where a service's log takes the server's events over, for one sequence of numbers, and without secrets in errors. */
export const eventChannel = 'entrypoint.server.event';

function handOverEvent(event: ServerEvent): boolean {
  const events = channel(eventChannel);
  if (events.hasSubscribers) events.publish(event);
  return event.logged;
}

/** Text with blanks or quotes is quoted, so that its end is visible. */
function plain(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : (JSON.stringify(value) ?? String(value));
}

// https://no-color.org: set and not empty.
function stdoutOptions(): ServerLogOptions {
  const terminal = isTerminal(1);
  return {
    write: writeToStdout,
    readable: terminal,
    colour: terminal && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
    now: () => new Date(),
    handOver: handOverEvent,
  };
}

const timeoutMilliseconds = 1000;

/** Synchronous, since the last line says why the process ended. A reader that has stopped blocks it for a second at most. */
function writeToStdout(text: string): void {
  try {
    writeAll(1, Buffer.from(text), timeoutMilliseconds);
  } catch {
    // A log that cannot be written (no reader, disk full) must not end the server.
  }
}

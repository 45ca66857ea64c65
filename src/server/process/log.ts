import {channel} from 'node:diagnostics_channel';
import {isTerminal, writeAll} from '../../shell/output.ts';
import {newSequence} from '../../text/log/sequence.ts';
import {clock} from '../../text/utc-time.ts';

/** Severity of an event in the server's log. */
export type Level = 'info' | 'warning' | 'error';

/** Logs an event of the server itself: its name is one stable word, its fields are facts; `message` and `fix` are prose. */
export type Log = (level: Level, event: string, fields?: Readonly<Record<string, unknown>>) => void;

/** How lines are written: as one JSON object, by the names of the Elastic Common Schema, or for people. */
export type LogForm = 'json' | 'ecs' | 'text';

/** As LOG_FORMAT says, a variable of the service; otherwise text on a terminal, and JSON elsewhere. */
export function logForm(env: Readonly<Record<string, string | undefined>> = process.env): LogForm {
  const given = env['LOG_FORMAT']?.trim().toLowerCase();
  if (given === 'json' || given === 'ecs' || given === 'text') return given;
  return isTerminal(1) ? 'text' : 'json';
}

export interface ServerLogOptions {
  readonly write: (text: string) => void;
  readonly form: LogForm;
  readonly colour: boolean;
  readonly now: () => Date;
  /** Offers an event of JSON lines to the log of the service. Returns whether that has written it. */
  readonly handOver?: (event: ServerEvent) => boolean;
}

const colours: Readonly<Record<Level, string>> = {info: '36', warning: '33', error: '31'};

const severities: Readonly<Record<Level, string>> = {info: 'INFO', warning: 'WARN', error: 'ERROR'};

/** The server's own log on stdout: one `{time, level, event, pid, ...}` a line, or readable lines on a terminal. */
export function serverLog({write, form, colour, now, handOver}: ServerLogOptions = stdoutOptions()): Log {
  const {instance, next} = newSequence();
  return (level, event, fields = {}) => {
    if (form !== 'text') {
      if (handOver?.({level, event, fields, logged: false}) === true) return;
      const time = now().toISOString();
      const {pid} = process;
      if (form === 'json') {
        const line = {time, level, severity_text: severities[level], event, pid, ...fields, instance, seq: next()};
        return write(bounded(line, 'cut'));
      }
      const {stack: trace, pid: of = pid, ...others} = fields;
      const line = {
        '@timestamp': time,
        'log.level': level,
        'event.action': event,
        'process.pid': of,
        ...others,
        ...(trace === undefined ? {} : {'error.stack_trace': trace}),
        'process.entity_id': instance,
        'event.sequence': next(),
        'ecs.version': '8.11.0',
      };
      return write(bounded(line, 'labels.cut'));
    }
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

// As in entrypoint/log: what is longer, log drivers split.
const mostBytes = 8192;

/** The line of an event, its long texts cut if it would be too long. */
function bounded(line: Readonly<Record<string, unknown>>, cutName: string): string {
  const whole = `${JSON.stringify(line)}\n`;
  if (Buffer.byteLength(whole) <= mostBytes) return whole;
  let text = '';
  for (let most = 4096; most >= 16; most /= 2) {
    let cuts = 0;
    const shorter = (_: string, value: unknown): unknown => {
      if (typeof value !== 'string' || value.length <= most) return value;
      cuts += 1;
      return `${value.slice(0, most).toWellFormed()}...`;
    };
    text = JSON.stringify(line, shorter).slice(0, -1);
    text += `,"${cutName}":${cuts}}\n`;
    if (Buffer.byteLength(text) <= mostBytes) break;
  }
  return text;
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
    form: logForm(),
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

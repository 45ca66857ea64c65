import {clock} from '../utc-time.ts';

const colours: Readonly<Record<string, string>> = {
  trace: '90',
  debug: '90',
  info: '36',
  warning: '33',
  error: '31',
  fatal: '31',
};
// For the sink, not for people.
const omitted: ReadonlySet<string> = new Set([
  'time',
  'level',
  'severity_text',
  'message',
  'pid',
  'instance',
  'seq',
  'span_id',
  'trace_id',
]);

/** A line for people: the time of day, the level, the message, the fields, and stacks below. */
export function readableLine(line: Readonly<Record<string, unknown>>, colour: boolean): string {
  const level = String(line['level']);
  const painted = colour ? `\u001b[${colours[level] ?? '36'}m${level}\u001b[39m` : level;
  const stacks: string[] = [];
  const words = Object.entries(line)
    .filter(([name]) => !omitted.has(name))
    .map(([name, value]) => `${shown(name)}=${fieldText(value, stacks)}`);
  const message = line['message'] === undefined ? [] : [oneLine(textOf(line['message']))];
  const first = [clock(new Date(String(line['time']))), painted, ...message, ...words].join(' ');
  const below = stacks.flatMap((stack) => stack.split('\n')).map((text) => `         ${oneLine(text)}`);
  return `${[first, ...below].join('\n')}\n`;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** An error's stack is printed below, its message with it. */
function fieldText(value: unknown, stacks: string[]): string {
  if (!isError(value)) return shown(value);
  for (let error: unknown = value; isError(error); error = error['cause'])
    stacks.push(stacks.length === 0 ? error.stack : `caused by ${error.stack}`);
  const {type, message, stack: _, cause: __, ...rest} = value;
  const text = `${textOf(type)}: ${textOf(message)}`;
  return Object.keys(rest).length === 0 ? shown(text) : `${shown(text)} ${shown(rest)}`;
}

interface ErrorField extends Readonly<Record<string, unknown>> {
  readonly stack: string;
}

const isError = (value: unknown): value is ErrorField =>
  typeof value === 'object' && value !== null && 'type' in value && 'stack' in value && typeof value.stack === 'string';

/** Text with blanks or quotes is quoted, so that its end is visible. */
function shown(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? oneLine(value) : oneLine(JSON.stringify(value));
}

// oxlint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** A value cannot move the cursor, change colours or begin a line. */
const oneLine = (text: string): string =>
  text.replaceAll(control, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);

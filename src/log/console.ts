import type {LogLevel} from '../text/log/levels.ts';
import type {Logger} from './logger.ts';

const methods = {
  trace: 'trace',
  debug: 'debug',
  log: 'info',
  info: 'info',
  warn: 'warn',
  error: 'error',
} as const satisfies Readonly<Record<string, LogLevel>>;

/** @see captureConsole */
export function captureConsoleOf(log: Logger): () => void {
  const own = log.child({logger: 'console'});
  const before = new Map<string, unknown>();
  let isInside = false;
  for (const [name, level] of Object.entries(methods) as [keyof typeof methods, LogLevel][]) {
    before.set(name, console[name]);
    const original = console[name] as (...words: readonly unknown[]) => void;
    console[name] = (...words: readonly unknown[]): void => {
      // A getter that is read for the event can write to the console itself.
      if (isInside) return original.apply(console, words as unknown[]);
      isInside = true;
      try {
        const err = words.find((word) => Error.isError(word));
        const [first = '', ...rest] = words.map((word) => (Error.isError(word) ? wordOf(word) : word));
        own[level](err === undefined ? {} : {err}, first as string, ...rest);
      } finally {
        isInside = false;
      }
    };
  }
  return () => {
    for (const [name, value] of before) Reflect.set(console, name, value);
  };
}

function wordOf(error: unknown): string {
  try {
    return String(error);
  } catch {
    return '[unreadable]';
  }
}

import {dockerLogs} from '../commands/docker/index.ts';
import {isProblem, problem} from '../errors.ts';
import type {Runner} from '../shell/index.ts';
import {foldLog, foldedLines} from '../text/fold.ts';

/**
 * Runs `body`. When it fails with a problem, adds the last 20 lines of the container's log, if it exists, to the details;
 * lines that repeat count once.
 * @param where text after the container's name in the message, such as ` on h1`
 * @example
 * await withLastLog(context.run, 'shop.local.1.1', () => awaitAnswer(url, 60, context.signal));
 */
export async function withLastLog<T>(run: Runner, container: string, body: () => Promise<T>, where = ''): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!isProblem(error) || error.code === 'interrupted') throw error;
    throw withLogLines(error, [{container, where, lines: await readLastLog(run, container)}]);
  }
}

/** The end of a container's log; undefined where that does not exist. */
export async function readLastLog(run: Runner, container: string): Promise<string[] | undefined> {
  const log = await run
    .read(['sh', '-c', `${dockerLogs(container, {tail: 500}).join(' ')} 2>&1`], {allow: [1]})
    .catch(() => undefined);
  const lines = (log?.stdout ?? '').trimEnd().split('\n');
  return /no such container/i.test(lines.at(-1) ?? '') ? undefined : lines;
}

/** What {@link readLastLog} read. */
export interface LastLog {
  readonly container: string;
  /** Text after the container's name. */
  readonly where: string;
  readonly lines: readonly string[] | undefined;
}

/** A problem with the ends of logs as further details: together 20 lines. Of equal ones, the first. */
export function withLogLines(error: unknown, logs: readonly LastLog[]): unknown {
  if (!isProblem(error)) return error;
  const found = logs.flatMap(({container, where, lines}) =>
    lines === undefined ? [] : [{container, where, lines: foldLog(lines)}],
  );
  const shown = found.filter(
    ({lines}, index) => found.findIndex((one) => sameText(one.lines) === sameText(lines)) === index,
  );
  if (shown.length === 0) return error;
  const most = Math.floor(foldedLines / shown.length);
  return problem({
    code: error.code,
    what: error.message,
    fix: error.fix,
    exitCode: error.exitCode,
    details: [
      ...dedupe(error.details),
      ...shown.flatMap(({container, where, lines}) =>
        [`last lines of the log of ${container}${where}:`].concat(lines.slice(-most).map((line) => `  ${line}`)),
      ),
    ],
    cause: error,
  });
}

// Replicas of one release fail in the same words, but for numbers.
const sameText = (lines: readonly string[]): string => lines.join('\n').replaceAll(/[0-9a-f]{8,}|\d+/gi, '#');

// A loop that waits prints the same line many times.
function dedupe(lines: readonly string[]): string[] {
  return lines.filter((line, index) => lines.indexOf(line) === index);
}

import {dockerLogs} from '../commands/docker/index.ts';
import {isProblem, problem} from '../errors.ts';
import type {Runner} from '../shell/index.ts';

/**
 * Runs `body`. When it fails with a problem, adds the last 20 lines of the container's log, if it exists, to the details.
 * @param where text after the container's name in the message, such as ` on h1`
 * @example
 * await withLastLog(context.run, 'shop.local.1.1', () => awaitAnswer(url, 60, context.signal));
 */
export async function withLastLog<T>(run: Runner, container: string, body: () => Promise<T>, where = ''): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (!isProblem(error) || error.code === 'interrupted') throw error;
    const log = await run
      .read(['sh', '-c', `${dockerLogs(container, {tail: 20}).join(' ')} 2>&1`], {allow: [1]})
      .catch(() => undefined);
    const lines = (log?.stdout ?? '').trimEnd().split('\n');
    if (/no such container/i.test(lines.at(-1) ?? '')) throw error;
    throw problem({
      code: error.code,
      what: error.message,
      fix: error.fix,
      exitCode: error.exitCode,
      details: [
        ...dedupe(error.details),
        `last lines of the log of ${container}${where}:`,
        ...lines.map((line) => `  ${line}`),
      ],
      cause: error,
    });
  }
}

// A loop that waits prints the same line many times.
function dedupe(lines: readonly string[]): string[] {
  return lines.filter((line, index) => lines.indexOf(line) === index);
}

import {setTimeout as sleep} from 'node:timers/promises';
import {messageOf, problem} from '../errors.ts';

/**
 * Waits until a GET of `url` answers 200; asks ten times a second. Returns early when `signal` is aborted.
 * @throws Problem `no_answer` after `seconds`, with the last answer
 * @example
 * await awaitAnswer('http://127.0.0.1:3000/readyz', 60, context.signal);
 */
export async function awaitAnswer(url: string, seconds: number, signal: AbortSignal): Promise<void> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask(url, signal);
    if (answer === 'ok' || signal.aborted) return;
    if (Date.now() > end) {
      throw problem({
        code: 'no_answer',
        what: `no status 200 after ${seconds} s: ${url}`,
        details: [`last answer: ${answer}`],
        fix: 'see the log of the service',
      });
    }
    await sleep(100);
  }
}

async function ask(url: string, signal: AbortSignal): Promise<string> {
  try {
    const answer = await fetch(url, {signal: AbortSignal.any([signal, AbortSignal.timeout(5000)])});
    if (answer.status === 200) return 'ok';
    return `${answer.status} ${(await answer.text()).slice(0, 200)}`;
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return (cause as NodeJS.ErrnoException).code ?? messageOf(cause);
  }
}

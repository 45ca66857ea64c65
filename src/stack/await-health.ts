import {setTimeout as sleep} from 'node:timers/promises';
import {awaitHealthy} from '../commands/host.ts';
import {problem} from '../errors.ts';
import {commandText, goalText, type HealthCheck} from '../service/schema/health-check.ts';
import {wordsText} from '../shell/argv.ts';
import type {Context} from '../task.ts';
import {withLastLog} from './last-log.ts';
import {probeService, replyText} from './probe.ts';

/**
 * Waits until the service at the host and port of `url` passes its health check; asks ten times a second. Of a command
 * only the connection counts: see {@link awaitHealthCommand}. Returns early when `signal` is aborted.
 * @throws Problem `no_answer` after `seconds`, with the last answer
 * @example
 * const {deployFile} = await readService(context);
 * await awaitHealth('http://127.0.0.1:3000', serviceHealth(deployFile), 60, context.signal);
 */
export async function awaitHealth(
  url: string,
  check: HealthCheck,
  seconds: number,
  signal: AbortSignal,
): Promise<void> {
  const {hostname: host, port} = new URL(url);
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const reply = await probeService({host, port: Number(port), check, seconds: 0});
    if (reply.ok || signal.aborted) return;
    if (Date.now() > end)
      throw problem({
        code: 'no_answer',
        what: `not healthy after ${seconds} s: ${url}`,
        details: [`last answer: ${replyText(reply)}`],
        fix: `make ${goalText(check, Number(port))}; see the log of the service`,
      });
    await sleep(100);
  }
}

/**
 * Waits until the command of a health check succeeds in the container, at most `seconds`. A check of another kind is not
 * waited for.
 * @throws Problem `command_failed`, with the last answer and the last lines of the container's log
 * @example
 * await awaitHealthCommand(context, 'shop.local.1.1', {kind: 'command', words: ['is-ready']}, 60);
 */
export async function awaitHealthCommand(
  {run}: Pick<Context, 'run'>,
  container: string,
  check: HealthCheck,
  seconds: number,
): Promise<void> {
  if (check.kind !== 'command') return;
  const text = wordsText(check.words);
  await withLastLog(run, container, () =>
    run(awaitHealthy(container, ['sh', '-c', commandText(text)], seconds, text), {
      capture: true,
      purpose: 'the service did not become healthy',
      fix: `make \`${text}\` exit with 0 in its container within ${seconds} s`,
    }),
  );
}

import {isProblem} from '../../../errors.ts';
import {type Host, onDestination} from '../../../service/hosts.ts';
import {readLastLog, withLogLines} from '../../../stack/last-log.ts';
import type {Context} from '../../../task.ts';
import type {LogSource, Round} from '../plan/steps/step.ts';
import type {Survey} from '../survey.ts';

/** The dependencies of running rounds. */
export interface Executor {
  readonly context: Context;
  readonly connectionTo: Survey['connectionTo'];
  /** Hosts to work on at a time. */
  readonly parallel: number;
  /** Prefix of the names of the environment's containers. */
  readonly prefix: string;
  /** How long to wait for a command that was left running on a host, in seconds. */
  readonly graceSeconds: number;
  /** How long a step can take on another host, in seconds: an engine can hang while the connection is up. Default: forever. */
  readonly stepSeconds?: number | undefined;
  /** Pulls an image again that a prune has removed. Default: not at all. */
  readonly pull?: ((host: Host, image: string) => Round) | undefined;
  /** Called before each round; an error that it throws stops the run. */
  readonly beforeRound?: (() => Promise<void>) | undefined;
}

const mostLogs = 3;

/** Adds the last lines of at most three logs to a failure, twenty lines in all: of those whose pattern it contains, or else of the first. */
export async function withLogs(
  connectionTo: Executor['connectionTo'],
  error: unknown,
  logs: readonly LogSource[],
): Promise<unknown> {
  if (!isProblem(error) || error.code === 'interrupted') return error;
  const matching = logs.filter(
    ({pattern}) => pattern !== undefined && error.details.some((line) => line.includes(pattern)),
  );
  const sources = (matching.length > 0 ? matching : logs.slice(0, 1)).slice(0, mostLogs);
  const read = await Promise.all(
    sources.map(async ({host, container}) => ({
      container,
      where: onDestination(host),
      lines: await readLastLog(connectionTo(host).context.run, container).catch(() => undefined),
    })),
  );
  return withLogLines(error, read);
}

import {setTimeout as sleep} from 'node:timers/promises';
import {dockerInspect, dockerLogs} from '../../../commands/docker/index.ts';
import {exitCode, isProblem} from '../../../errors.ts';
import {isTransientText} from '../../../shell/retry.ts';
import type {HostConnection} from '../connection.ts';
import type {LogLine} from './line.ts';
import {resumableReader} from './resume.ts';

/** How the log of a replica is read. */
export interface ReplicaLog {
  readonly connection: HostConnection;
  readonly container: string;
  readonly follow: boolean;
  readonly since: string | undefined;
  /** Lines to begin with. Default: all. */
  readonly tail: number | undefined;
  readonly take: (line: LogLine) => void;
  /** Called when all earlier lines were read. With it, they are read before new ones are waited for. */
  readonly caughtUp: (() => void) | undefined;
  /** Says that the connection was lost, or is back. */
  readonly note: (text: string) => void;
}

/** The engine does not print the log although the container is there: not an outage. */
const mostFailures = 5;

/**
 * Reads the log of a replica. With `follow`, until the replica is gone: after a lost connection or a restart of the engine, it
 * goes on behind the last line.
 * @throws Problem those of the runner; without `follow`, also for a lost connection
 */
export async function readReplica(log: ReplicaLog): Promise<void> {
  const {connection, container, follow, since, tail, note, caughtUp} = log;
  const {run, signal} = connection.context;
  const reader = resumableReader();
  let failures = 0;
  let isLost = false;
  let isBehind = caughtUp !== undefined;
  for (;;) {
    const from = reader.begin();
    const words = dockerLogs(container, {
      follow: follow && !isBehind,
      timestamps: true,
      since: from ?? since,
      tail: from === undefined ? tail : undefined,
    });
    try {
      await run(words, {
        purpose: `cannot read the log of ${container}`,
        lines: (printed, stream) => {
          const line = reader.take(printed, stream);
          if (line === undefined) return;
          if (isLost) note(`${container}: reading on`);
          [failures, isLost] = [0, false];
          log.take(line);
        },
      });
      if (isBehind) caughtUp?.();
      if (!follow) return;
      if (isBehind) {
        isBehind = false;
        continue;
      }
      if ((await stateOf(connection, container)) !== 'running') return;
    } catch (error) {
      if (!follow || !isOutage(error) || signal.aborted) {
        failures += 1;
        if (!follow || failures >= mostFailures || signal.aborted || !isProblem(error) || error.code === 'interrupted')
          throw error;
      } else failures = Math.min(failures + 1, mostFailures - 1);
      if (!isLost) note(`${container}: lost the connection; trying again`);
      isLost = true;
    }
    await sleep(2 ** failures * 125, undefined, {signal});
  }
}

const isOutage = (error: unknown): boolean =>
  isProblem(error) &&
  (error.code === 'host_unreachable' ||
    error.exitCode === lostConnection ||
    isTransientText([error.message, ...error.details].join('\n')));

/** Of ssh. */
const lostConnection = 255;

/** `running`, or what else the engine says; `gone` without a container. A crashed one that restarts counts as running. */
async function stateOf({context: {run}}: HostConnection, container: string): Promise<string> {
  const {stdout, exitCode: code} = await run.read(dockerInspect(container, '{{.State.Status}}'), {
    allow: [exitCode.failed],
  });
  if (code !== 0) return 'gone';
  const state = stdout.trim();
  return state === 'restarting' ? 'running' : state;
}

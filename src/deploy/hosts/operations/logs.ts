import {isProblem, usageProblem} from '../../../errors.ts';
import {hostName} from '../../../service/hosts.ts';
import {mapEach} from '../../../shell/concurrency.ts';
import {isTerminal} from '../../../shell/output.ts';
import type {Context} from '../../../task.ts';
import {readableLine} from '../../../text/log/line.ts';
import {clock} from '../../../text/utc-time.ts';
import type {Target} from '../../target.ts';
import {driverOf, elsewhere} from '../logs/driver.ts';
import {filterOf, type LogFilter} from '../logs/filter.ts';
import {fieldsOf, type LogLine} from '../logs/line.ts';
import {merger} from '../logs/merge.ts';
import {readReplica} from '../logs/replica.ts';
import {survey} from '../survey.ts';
import {servingReplicas} from './operate.ts';

/** What {@link logs} prints. */
export interface LogOptions extends LogFilter {
  /** Keep printing new output. Default false. */
  readonly follow?: boolean | undefined;
  /** Lines of each replica to begin with. Default: all. */
  readonly tail?: number | undefined;
  /** Only lines from this time on: `10m`, `1d`, or a time in ISO 8601. Default: all. */
  readonly since?: string | undefined;
  /** The lines as they are, without the replica. Default false. */
  readonly raw?: boolean | undefined;
}

interface ShownLine extends LogLine {
  readonly label: string;
}

const flushMilliseconds = 500;

/**
 * Prints the logs of all serving replicas, merged in time, each line with its host and container.
 * @throws Problem `not_deployed`, `usage`
 */
export async function logs(context: Context, target: Target, options: LogOptions = {}): Promise<void> {
  const {follow = false, tail, raw = false} = options;
  const since = options.since === undefined ? undefined : sinceOf(options.since);
  const passes = filterOf(options);
  const {surveyed, connectionTo} = await survey(context, target);
  const replicas = servingReplicas(target, surveyed);
  const hosts = new Set(replicas.map(({host}) => host));
  const colour = isTerminal(1) && (context.env['NO_COLOR'] ?? '') === '' && context.env['TERM'] !== 'dumb';
  const merged = merger<ShownLine>(replicas.length, (line) =>
    context.say(raw ? line.text : `${line.label} | ${shownLine(line, colour)}`),
  );
  const timer = follow ? setInterval(merged.flush, flushMilliseconds) : undefined;
  try {
    await mapEach([...replicas.entries()], async ([source, {host, container}]) => {
      const connection = connectionTo(host);
      const label = hosts.size > 1 ? `${hostName(host)} ${container}` : container;
      const away = elsewhere(await driverOf(connection, container));
      if (away !== undefined) context.note(`${label}: ${away}`);
      const show = (line: LogLine): void => merged.add(source, {...line, label});
      // How many lines have to be read for so many that pass is not known.
      let earlier = passes === undefined || tail === undefined ? undefined : lastOf<LogLine>(tail);
      const caughtUp = (): void => {
        for (const line of earlier?.take() ?? []) show(line);
        earlier = undefined;
      };
      const take = (line: LogLine): void => {
        const fields = passes === undefined ? undefined : fieldsOf(line);
        if (passes !== undefined && (fields === undefined || !passes(fields))) return;
        if (earlier === undefined) show(line);
        else earlier.add(line);
      };
      try {
        await readReplica({
          connection,
          container,
          follow,
          since,
          tail: passes === undefined ? tail : undefined,
          take,
          caughtUp: earlier === undefined ? undefined : caughtUp,
          note: context.note,
        });
      } catch (error) {
        // The note has said where the lines are.
        if (away === undefined || !isUnreadable(error)) throw error;
      } finally {
        caughtUp();
        merged.end(source);
      }
    });
  } finally {
    clearInterval(timer);
    merged.flush();
  }
}

const isUnreadable = (error: unknown): boolean =>
  isProblem(error) && error.details.some((line) => /does not support reading/i.test(line));

function shownLine(line: LogLine, colour: boolean): string {
  const fields = fieldsOf(line);
  return fields === undefined ? `${clock(new Date(line.at))} ${line.text}` : readableLine(fields, colour).trimEnd();
}

/** The last lines of those added. */
function lastOf<Line>(most: number): {readonly add: (line: Line) => void; readonly take: () => readonly Line[]} {
  let lines: Line[] = [];
  return {
    add: (line) => {
      lines.push(line);
      if (lines.length > most * 2 + 1000) lines = lines.slice(-most);
    },
    take: () => {
      const taken = most === 0 ? [] : lines.slice(-most);
      lines = [];
      return taken;
    },
  };
}

/** A duration as docker takes it, which knows no days, or a time. @throws Problem `usage` */
function sinceOf(text: string): string {
  if (/^(?:\d+(?:ms|s|m|h|d))+$/.test(text))
    return text.replaceAll(/(\d+)d/g, (_, days: string) => `${Number(days) * 24}h`);
  const isTime = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)?)?$/.test(text);
  if (isTime && !Number.isNaN(Date.parse(text))) return text;
  throw usageProblem(
    `--since=${text} is neither a duration nor a time`,
    'use a duration such as 10m, 2h or 1d, or a time such as 2026-11-29T09:30:00Z',
  );
}

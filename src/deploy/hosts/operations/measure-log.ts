import {randomBytes} from 'node:crypto';
import {setTimeout as sleep} from 'node:timers/promises';
import {linePattern, type LogStream, sendStream, type StreamTimes} from '../../../commands/log-measure.ts';
import type {LogSettings} from '../../../service/log/check.ts';
import {bytesOf} from '../../../service/log/values.ts';
import {roleLabels} from '../../../stack/names.ts';
import type {Context} from '../../../task.ts';
import {logSettings, stackOf, type Target} from '../../target.ts';
import {type HostConnection, stepOn} from '../connection.ts';
import {bufferNeed, type Delivery, deliveryOf, numbersIn} from './log-counts.ts';

/** What a numbered stream through the driver of one host showed. */
export interface Measured extends StreamTimes {
  readonly lines: number;
  /** Bytes of all lines. */
  readonly bytes: number;
  /** Seconds of the same stream with a driver that drops all. */
  readonly free: number;
  /** What arrived; null: not known, since nothing reads it back. */
  readonly delivery: Delivery | null;
  /** Lines that the buffer has dropped, by the times that were measured; null in blocking mode. */
  readonly dropped: number | null;
  /** The max-buffer-size that holds such a stream in non-blocking mode. */
  readonly buffer: string;
}

/** Drivers that the engine can read: their lines have arrived when it has them. */
const readable: ReadonlySet<string> = new Set(['json-file', 'local', 'journald']);

/** As long as a usual line of a service. */
const lineBytes = 200;

/** Sends streams through a host's log driver: without it, with it, and in its own mode if that does not block. */
export async function measureLog(
  context: Context,
  target: Target,
  connection: HostConnection,
  {image, lines}: {readonly image: string; readonly lines: number},
): Promise<Measured> {
  const log = logSettings(target.settings);
  const {mode, 'max-buffer-size': buffer = '1m', ...others} = log?.options ?? {};
  const isDropping = mode === 'non-blocking';
  const labels = roleLabels(stackOf(target), 'task');
  const send = async (driver: LogSettings | undefined): Promise<StreamTimes & {text: string; token: string}> => {
    const stream: LogStream = {token: `entrypoint-${randomBytes(6).toString('hex')}`, lines, bytes: lineBytes};
    const command = sendStream(
      {image, log: driver, labels},
      stream,
      driver !== undefined && readable.has(driver.driver),
    );
    const title = `send ${lines} lines to the log driver ${driver?.driver ?? 'of the engine'}`;
    const {stdout} = await stepOn(connection, title, (inner) => inner.context.run(command, {capture: true}));
    const [first = '', ...rest] = stdout.split('\n');
    const times = first === '' ? {seconds: 0, blocked: 0, longest: 0} : (JSON.parse(first) as StreamTimes);
    return {...times, text: rest.join('\n'), token: stream.token};
  };
  const free = await send({driver: 'none'});
  const held = await send(log === undefined ? undefined : {...log, options: isDropping ? others : (log.options ?? {})});
  const own = isDropping ? await send(log) : held;
  const bytes = lines * lineBytes;
  const delivery = await deliveryTo(context, target, log, own, lines);
  const taken = own.seconds * (bytes / Math.max(held.seconds, 0.001)) + (bytesOf(buffer) ?? 0);
  return {
    lines,
    bytes,
    seconds: own.seconds,
    blocked: own.blocked,
    longest: own.longest,
    free: free.seconds,
    delivery,
    dropped: isDropping ? Math.max(0, Math.round((bytes - taken) / lineBytes)) : null,
    buffer: bufferNeed({bytes, free: free.seconds, held: held.seconds}).size,
  };
}

// A sink can take a while until it finds what it has: Splunk's driver alone waits for five seconds.
const [mostTries, stillTries, pauseSeconds] = [30, 8, 2];

async function deliveryTo(
  context: Context,
  target: Target,
  log: LogSettings | undefined,
  {text, token}: {readonly text: string; readonly token: string},
  lines: number,
): Promise<Delivery | null> {
  const pattern = linePattern(token);
  if (log !== undefined && readable.has(log.driver)) return deliveryOf(numbersIn(text, pattern), lines);
  const words = target.settings.log?.reader?.command;
  if (words === undefined) return null;
  let [arrived, still]: [readonly number[], number] = [[], 0];
  for (let tries = 0; tries < mostTries && still < stillTries; tries += 1) {
    const {stdout} = await context.run(
      {words, env: {ENTRYPOINT_LOG_TOKEN: token}, title: 'read the lines back'},
      {capture: true, purpose: 'cannot read the lines back: log.reader'},
    );
    const now = numbersIn(stdout, pattern);
    if (new Set(now).size === lines) return deliveryOf(now, lines);
    still = now.length === arrived.length ? still + 1 : 0;
    arrived = now;
    await sleep(pauseSeconds * 1000);
  }
  return deliveryOf(arrived, lines);
}

const seconds = (value: number): string => `${value.toFixed(2)} s`;

/** The result as lines for people. */
export function measuredLines({lines, bytes, delivery, dropped, buffer, ...times}: Measured): string[] {
  const gaps = delivery === null || delivery.lost.length === 0 ? '' : ` (${shortened(delivery.lost)})`;
  return [
    `sent ${lines} lines, ${bytes} bytes, in ${seconds(times.seconds)}; without a driver in ${seconds(times.free)}`,
    `blocked for ${seconds(times.blocked)}, at most ${seconds(times.longest)} at a time`,
    delivery === null
      ? `delivery unknown: ${dropped === null ? '' : `the buffer has dropped about ${dropped} lines, and `}log.reader names no command that reads the sink`
      : `delivered ${delivery.delivered}, lost ${delivery.lostLines}${gaps}, reordered ${delivery.reordered}, duplicated ${delivery.duplicated}`,
    `with mode: non-blocking, max-buffer-size: ${buffer} holds such a stream`,
  ];
}

const shownGaps = 10;

const shortened = (gaps: readonly string[]): string =>
  gaps.length <= shownGaps
    ? gaps.join(', ')
    : `${gaps.slice(0, shownGaps).join(', ')} and ${gaps.length - shownGaps} more gaps`;

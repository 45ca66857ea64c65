import {levels, thresholdOf} from '../../../text/log/levels.ts';

/** The output streams of a container. */
export type Stream = 'stdout' | 'stderr';

/** A line of a replica's log. */
export interface LogLine {
  /** When the engine read it, in ISO 8601 with nanoseconds: as text, times have their order. */
  readonly at: string;
  readonly text: string;
}

const stamped = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) (.*)$/s;

/** A line of `docker logs --timestamps`; undefined for what the client itself says. */
export function parseLine(printed: string): LogLine | undefined {
  const [, at, text = ''] = stamped.exec(printed) ?? [];
  return at === undefined ? undefined : {at, text};
}

/** The fields of an event, by the names of docs/logs.md. */
export type Fields = Readonly<Record<string, unknown>>;

/** The names of the Elastic Common Schema, and pino's. */
const plainNames: Readonly<Record<string, string>> = {
  '@timestamp': 'time',
  'log.level': 'level',
  'log.logger': 'logger',
  'event.action': 'event',
  'event.sequence': 'seq',
  'process.pid': 'pid',
  'process.entity_id': 'instance',
  'http.request.id': 'request_id',
  'trace.id': 'trace_id',
  'span.id': 'span_id',
  'labels.cut': 'cut',
  'http.request.method': 'method',
  'url.path': 'path',
  'http.response.status_code': 'status',
  'http.response.body.bytes': 'bytes',
  'client.address': 'client',
  error: 'err',
  msg: 'message',
};

/** What a line says if it is JSON; undefined for any other text. */
export function fieldsOf({at, text}: LogLine): Fields | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const given = JSON.parse(text) as Fields;
    const isEcs = '@timestamp' in given;
    const entries = Object.entries(given).map(([name, value]): [string, unknown] => {
      const plain =
        name === 'msg' ? (given['message'] === undefined ? 'message' : name) : isEcs ? plainNames[name] : name;
      return [plain ?? name, value];
    });
    const fields: Fields = Object.fromEntries(entries);
    return {...fields, time: timeOf(fields['time'], at), level: levelOf(fields['level'])};
  } catch {
    return undefined;
  }
}

function timeOf(given: unknown, at: string): string {
  const time = new Date(typeof given === 'number' || typeof given === 'string' ? given : Number.NaN);
  return Number.isNaN(time.getTime()) ? at : time.toISOString();
}

/** The name of a level, also of pino's numbers and of Python's words. */
function levelOf(given: unknown): string {
  if (typeof given === 'number')
    return Object.values(levels).findLast(({order}) => order <= given)?.level ?? levels.trace.level;
  const threshold = thresholdOf(String(given ?? ''));
  return threshold === undefined || threshold === 'silent' ? String(given ?? 'info') : levels[threshold].level;
}

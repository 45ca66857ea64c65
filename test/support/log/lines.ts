import {createLog, type LogFormat, type Logger} from '../../../src/log/index.ts';

type Line = Readonly<Record<string, unknown>>;

/** A logger whose lines are kept. */
export interface RecordedLog {
  readonly log: Logger;
  /** As they were written, each with its line break. */
  readonly texts: readonly string[];
  readonly lines: () => readonly Line[];
  /** The lines without what every line has: time, level, process, number. */
  readonly fields: () => readonly Line[];
}

/** @param level default: trace */
export function recordedLog(format: LogFormat = 'json', level = 'trace'): RecordedLog {
  const texts: string[] = [];
  const log = createLog({format, level, write: (line) => texts.push(line)});
  const lines = (): readonly Line[] => texts.map((text) => JSON.parse(text) as Line);
  return {
    log,
    texts,
    lines,
    fields: () =>
      lines().map(({time: _t, level: _l, severity_text: _s, pid: _p, instance: _i, seq: _n, ...rest}) => rest),
  };
}

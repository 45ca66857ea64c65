import {type LogLine, parseLine, type Stream} from './line.ts';

/** Reads the log of a container in several attempts, each line once. */
export interface Reader {
  /** Begins another attempt. Returns from which time on the engine has to print lines; undefined: as at first. */
  readonly begin: () => string | undefined;
  /** A printed line; undefined if it was read before, or if it is none of the log. */
  readonly take: (printed: string, stream: Stream) => LogLine | undefined;
}

interface Position {
  at: string;
  /** Lines of this very time that were read: times are not unique. */
  count: number;
}

/** The two streams of a container have their own order: each continues where it was. */
export function resumableReader(): Reader {
  const read = new Map<Stream, Position>();
  let before = new Map<Stream, Position>();
  return {
    begin: () => {
      before = new Map([...read].map(([stream, position]) => [stream, {...position}]));
      return [...before.values()].map(({at}) => at).toSorted()[0];
    },
    take: (printed, stream) => {
      const line = parseLine(printed);
      if (line === undefined) return undefined;
      const known = before.get(stream);
      if (known !== undefined) {
        if (line.at < known.at) return undefined;
        if (line.at === known.at && known.count > 0) {
          known.count -= 1;
          return undefined;
        }
      }
      const last = read.get(stream);
      if (last?.at === line.at) last.count += 1;
      else read.set(stream, {at: line.at, count: 1});
      return line;
    },
  };
}

import type {Cost, Memory} from './measures.ts';

/** What was measured of one contender; an empty list where it was not. */
export interface Findings {
  readonly what: string;
  /** A figure a round, kept connections and new ones: a round's figures of all contenders are of the same minute. */
  readonly kept: Cost[];
  readonly fresh: Cost[];
  /** Milliseconds that a health check waited, each. */
  readonly health: number[];
  /** The same of the arbiter's own listener. */
  readonly livez: number[];
  readonly startMs: number[];
  memory: Memory | undefined;
}

export function nothingYet(what: string): Findings {
  return {what, kept: [], fresh: [], health: [], livez: [], startMs: [], memory: undefined};
}

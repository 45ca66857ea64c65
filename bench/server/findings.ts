import type {Cost, Memory} from './measures.ts';

/** The measurements of one contender; empty lists if nothing was measured. */
export interface Findings {
  readonly what: string;
  /** One figure per round, on kept and on new connections. All contenders are measured in the same minute of a round. */
  readonly kept: Cost[];
  readonly fresh: Cost[];
  /** Latency of each health check in milliseconds. */
  readonly health: number[];
  /** The same for the arbiter's own listener. */
  readonly livez: number[];
  readonly startMs: number[];
  memory: Memory | undefined;
}

export function nothingYet(what: string): Findings {
  return {what, kept: [], fresh: [], health: [], livez: [], startMs: [], memory: undefined};
}

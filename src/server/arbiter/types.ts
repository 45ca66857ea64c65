import type {Member} from './workers.ts';

/** The server as its operator and its signals see it. */
export interface Arbiter {
  /** Starts the workers. Resolves with the exit code of the server, when it has ended. */
  readonly run: () => Promise<number>;
  /** TERM: every request that has begun is answered, within the graceful timeout. */
  readonly stop: (signal: string) => void;
  /** INT, QUIT: at once. */
  readonly quit: (signal: string) => void;
  /** HUP: a new worker for each, one after the other, the old one goes when the new one is ready. */
  readonly reload: (signal: string) => void;
  /** All at once, for a laptop: the old ones stop accepting, requests wait for the new ones. */
  readonly restart: () => void;
  /** TTIN, TTOU: one more, one fewer. */
  readonly scale: (by: 1 | -1) => void;
  /** WINCH: no workers; connections wait. */
  readonly rest: () => void;
  /** USR1. */
  readonly flush: () => void;
  readonly state: () => ArbiterState;
}

export interface ArbiterState {
  /** How many there should be. */
  readonly workers: number;
  /** Ready, and heard of in the last seconds. */
  readonly fresh: number;
  readonly draining: boolean;
  readonly members: readonly Member[];
}

import type {Server} from 'node:http';
import {Server as NetServer} from 'node:net';
import {listen} from '../load/listening.ts';
import type {Place} from '../load/listening.ts';
import {countConnections} from '../process/node-internals.ts';

/** Lets a worker leave connections to other workers, or in the backlog, for a while or for good. */
export interface Accepting {
  /** There may be several reasons: it accepts again when none is left. */
  readonly pause: (reason: string) => void;
  readonly resume: (reason: string) => void;
  /** Whatever the reasons. Resolves when it accepts. */
  readonly open: () => Promise<void>;
  /** For good. Resolves when the last connection is closed. */
  readonly stop: () => Promise<void>;
}

/**
 * node:net cannot pause. So this process closes its copy of the listening socket, and asks for another one when there
 * is room again: the socket itself belongs to the arbiter and stays.
 * @param reopen brings that copy
 */
export function accepting(server: Server, reopen: () => Promise<Place>): Accepting {
  const reasons = new Set<string>();
  let state: 'open' | 'paused' | 'opening' | 'stopped' = 'open';
  let opening = Promise.resolve();
  const isStopped = (): boolean => state === 'stopped';
  function settle(): void {
    if (reasons.size > 0 && state === 'open') {
      state = 'paused';
      countConnections(server, 1);
      NetServer.prototype.close.call(server);
    } else if (reasons.size === 0 && state === 'paused') {
      state = 'opening';
      opening = reopened();
    }
  }
  async function reopened(): Promise<void> {
    const place = await reopen();
    if (isStopped()) return void place.handle?.close();
    await listen(server, place);
    if (isStopped()) return;
    state = 'open';
    countConnections(server, -1);
    settle();
  }
  return {
    pause: (reason) => {
      reasons.add(reason);
      settle();
    },
    resume: (reason) => {
      if (reasons.delete(reason)) settle();
    },
    open: async () => {
      reasons.clear();
      settle();
      await opening;
    },
    stop: () => {
      if (state === 'paused' || state === 'opening') countConnections(server, -1);
      state = 'stopped';
      return new Promise((resolve) => void NetServer.prototype.close.call(server, () => resolve()));
    },
  };
}

import {setTimeout as sleep} from 'node:timers/promises';

const killAfterSeconds = 10;

/** The process group of a running child: what signals go to. */
export interface Group {
  /** Never throws: a group without processes needs no signal. */
  send(signal: NodeJS.Signals): void;
  /** Sends the signal, and SIGKILL to what is left 10 seconds later. */
  stop(signal: NodeJS.Signals): void;
  /** After `stop`: waits until no process of the group is left, grandchildren included. */
  ended(): Promise<void>;
  /** Forgets the pending kill. */
  forget(): void;
}

/** @param own false for a child that shares our process group, the terminal's foreground group */
export function processGroup(pid: number | undefined, own: boolean): Group {
  let timer: NodeJS.Timeout | undefined;
  let killed = false;
  const send = (signal: NodeJS.Signals | 0): boolean => {
    if (pid === undefined) return false;
    if (signal === 'SIGKILL') killed = true;
    try {
      process.kill(own ? -pid : pid, signal);
      return true;
    } catch (error) {
      // EPERM: a process of the group runs as another user (sudo), and exists.
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
  };
  return {
    send: (signal) => void send(signal),
    stop(signal) {
      send(signal);
      timer ??= setTimeout(() => send('SIGKILL'), killAfterSeconds * 1000);
    },
    async ended() {
      if (!own) return;
      // Half a second after the kill at most: where pid 1 reaps no orphans, zombies stay in the group forever.
      for (let tries = 25; tries > 0 && send(0); tries -= killed ? 1 : 0) await sleep(20);
    },
    forget: () => clearTimeout(timer),
  };
}

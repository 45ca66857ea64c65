import {setTimeout as sleep} from 'node:timers/promises';

const killAfterSeconds = 10;

/** The process group of a running child: what signals go to. */
export interface Group {
  /** Never throws: a group that is gone needs no signal. */
  send(signal: NodeJS.Signals): void;
  /** Asks the group to end, and kills what is left of it 10 seconds later. */
  stop(signal: NodeJS.Signals): void;
  /** Once `stop` was called: waits until nobody of the group is left, the child's own children included. */
  gone(): Promise<void>;
  /** Forgets the pending kill. */
  forget(): void;
}

/** `own` is false for a child that shares the terminal's foreground group with us. */
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
      // EPERM: somebody of the group belongs to another user (sudo), and is there.
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
  };
  return {
    send: (signal) => void send(signal),
    stop(signal) {
      send(signal);
      timer ??= setTimeout(() => send('SIGKILL'), killAfterSeconds * 1000);
    },
    async gone() {
      if (!own) return;
      // A little patience after the kill, and no more: where pid 1 reaps nobody, the dead stay for ever.
      for (let patience = 25; patience > 0 && send(0); patience -= killed ? 1 : 0) await sleep(20);
    },
    forget: () => clearTimeout(timer),
  };
}

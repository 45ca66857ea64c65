/** Stopping in three steps: ask, kill, give up. */
export interface Interrupt {
  /** Aborted by the first signal, with its name. */
  readonly signal: AbortSignal;
  /** Aborted by the second signal. */
  readonly kill: AbortSignal;
  readonly onBusy: (change: 1 | -1) => void;
  /** Resolves with the signal's name once nothing is left to wait for. */
  readonly gaveUp: Promise<string>;
  readonly close: () => void;
}

const graceMilliseconds = 10_000;

/**
 * The first signal goes to the running commands, and clean-up follows; the second one kills them; the third one,
 * or the second one when no command and no clean-up is running, ends everything. A task that runs no command and
 * ignores the signal gets ten seconds.
 */
export function makeInterrupt(onSignal: (listener: (name: string) => void) => () => void): Interrupt {
  const stop = new AbortController();
  const kill = new AbortController();
  const {promise: gaveUp, resolve: giveUp} = Promise.withResolvers<string>();
  let busy = 0;
  let timer: NodeJS.Timeout | undefined;

  const startGrace = (): void => {
    clearTimeout(timer);
    if (stop.signal.aborted && busy === 0)
      timer = setTimeout(() => giveUp(String(stop.signal.reason)), graceMilliseconds);
  };
  const unlisten = onSignal((name) => {
    const second = stop.signal.aborted;
    if (second && (kill.signal.aborted || busy === 0)) giveUp(name);
    if (second) kill.abort(name);
    stop.abort(name);
    startGrace();
  });
  return {
    signal: stop.signal,
    kill: kill.signal,
    onBusy: (change) => {
      busy += change;
      startGrace();
    },
    gaveUp,
    close: () => {
      clearTimeout(timer);
      unlisten();
    },
  };
}

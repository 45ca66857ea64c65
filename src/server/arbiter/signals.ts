import type {Log} from '../process/log.ts';
import {controllingTerminal, type Terminal} from '../process/terminal.ts';
import type {Arbiter} from './arbiter.ts';

/** A shell that exits can send SIGHUP before its terminal is closed. */
const closingMilliseconds = 500;

/**
 * Installs gunicorn's signals. CHLD is left to the runtime, which reaps workers.
 * @returns a function that removes the handlers
 */
export function handleSignals(
  arbiter: Pick<Arbiter, 'stop' | 'quit' | 'reload' | 'scale' | 'rest' | 'flush'>,
  log: Log,
  terminal: Terminal = controllingTerminal,
): () => void {
  const handlers: Readonly<Partial<Record<NodeJS.Signals, (signal: NodeJS.Signals) => void>>> = {
    SIGTERM: arbiter.stop,
    SIGINT: arbiter.quit,
    SIGQUIT: arbiter.quit,
    SIGHUP: hangUpHandler(arbiter, log, terminal),
    SIGTTIN: () => arbiter.scale(1),
    SIGTTOU: () => arbiter.scale(-1),
    SIGUSR1: arbiter.flush,
    SIGUSR2: (signal) =>
      log('warning', 'signal_ignored', {
        signal,
        message: 'USR2 re-exec is not supported; HUP reloads the code',
      }),
    SIGWINCH: () => {
      // A terminal sends it to all its processes when its window is resized; gunicorn handles it only as a daemon.
      if (!terminal.isOpen()) arbiter.rest();
    },
  };
  const all = Object.entries(handlers) as readonly (readonly [NodeJS.Signals, (signal: NodeJS.Signals) => void])[];
  for (const [signal, handler] of all) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of all) process.removeListener(signal, handler);
  };
}

/**
 * SIGHUP has two senders. An operator's reloads the service. A terminal that is closed sends it to the server that was
 * started in it, which ends, as every program does; under nohup(1), which leaves it no terminal to read or write, it stays.
 */
function hangUpHandler(
  {reload, stop}: Pick<Arbiter, 'reload' | 'stop'>,
  log: Log,
  terminal: Terminal,
): (signal: NodeJS.Signals) => void {
  let hasTerminal = terminal.isOpen();
  const stays = hasTerminal && !terminal.isUsed();
  let timer: NodeJS.Timeout | undefined;

  /** True once, when the terminal is gone. */
  function hasHungUp(): boolean {
    if (!hasTerminal || terminal.isOpen()) return false;
    hasTerminal = false;
    log('info', 'terminal_closed', {
      message: stays ? 'the terminal was closed; the server stays' : 'the terminal was closed; stopping',
    });
    return true;
  }
  return (signal) => {
    if (hasHungUp()) return stays ? undefined : stop(signal);
    void reload(signal);
    if (!hasTerminal) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (hasHungUp() && !stays) stop(signal);
    }, closingMilliseconds).unref();
  };
}

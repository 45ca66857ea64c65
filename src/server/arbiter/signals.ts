import {isTerminal} from '../../shell/output.ts';
import type {Log} from '../process/log.ts';
import type {Arbiter} from './arbiter.ts';

/**
 * Installs gunicorn's signals. CHLD is left to the runtime, which reaps workers.
 * @returns a function that removes the handlers
 */
export function handleSignals(arbiter: Arbiter, log: Log): () => void {
  const handlers: Readonly<Partial<Record<NodeJS.Signals, (signal: NodeJS.Signals) => void>>> = {
    SIGTERM: arbiter.stop,
    SIGINT: arbiter.quit,
    SIGQUIT: arbiter.quit,
    SIGHUP: (signal) => void arbiter.reload(signal),
    SIGTTIN: () => arbiter.scale(1),
    SIGTTOU: () => arbiter.scale(-1),
    SIGUSR1: arbiter.flush,
    SIGUSR2: (signal) =>
      log('warning', 'signal_ignored', {
        signal,
        message: 'USR2 re-exec is not supported; HUP reloads the code',
      }),
    SIGWINCH: () => {
      // A terminal sends it when its window is resized; gunicorn handles it only as a daemon.
      if (!isTerminal(1) && !isTerminal(2)) arbiter.rest();
    },
  };
  const all = Object.entries(handlers) as readonly (readonly [NodeJS.Signals, (signal: NodeJS.Signals) => void])[];
  for (const [signal, handler] of all) process.on(signal, handler);
  return () => {
    for (const [signal, handler] of all) process.removeListener(signal, handler);
  };
}

import {isTerminal} from '../../shell/output.ts';
import type {Log} from '../process/log.ts';
import type {Arbiter} from './types.ts';

/** gunicorn's signals. CHLD is the runtime's: workers are reaped as they end. */
export function heedSignals(arbiter: Arbiter, log: Log): void {
  process.on('SIGTERM', arbiter.stop);
  process.on('SIGINT', arbiter.quit);
  process.on('SIGQUIT', arbiter.quit);
  process.on('SIGHUP', arbiter.reload);
  process.on('SIGTTIN', () => arbiter.scale(1));
  process.on('SIGTTOU', () => arbiter.scale(-1));
  process.on('SIGUSR1', arbiter.flush);
  process.on('SIGUSR2', () =>
    log('warning', 'signal_ignored', {
      signal: 'SIGUSR2',
      message: 'a running server does not take another program',
      fix: 'HUP loads new code',
    }),
  );
  process.on('SIGWINCH', () => {
    // A terminal sends it when its window changes; gunicorn heeds it as a daemon only.
    if (!isTerminal(1) && !isTerminal(2)) arbiter.rest();
  });
}

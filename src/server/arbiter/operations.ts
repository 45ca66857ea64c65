import {messageOf} from '../../errors.ts';
import {startAdmin} from './admin.ts';
import type {ArbiterState} from './types.ts';
import {addressFailure} from '../load/listening.ts';
import type {Log} from '../process/log.ts';
import {serverMetrics} from './metrics.ts';
import type {MeasuredWorker} from './metrics.ts';
import type {Settings} from '../settings/settings.ts';

/** What an operator sees of the whole server. Loaded only where it is wanted. */
export interface Operations {
  readonly gone: (worker: MeasuredWorker, reason: string) => void;
  /** The same log, whose events are counted on their way. */
  readonly counting: (log: Log) => Log;
  /** False where the address cannot be had: that has been told. */
  readonly listen: (settings: Pick<Settings, 'adminBind'>, state: () => ArbiterState, log: Log) => Promise<boolean>;
}

export function operations(): Operations {
  const metrics = serverMetrics();
  const startTime = Math.round((Date.now() / 1000 - process.uptime()) * 1000) / 1000;
  return {
    gone: metrics.gone,
    counting: (log) => (level, event, facts) => {
      if (event === 'reloaded') metrics.reloaded();
      log(level, event, facts);
    },
    listen: async ({adminBind = ''}, state, log) => {
      try {
        const server = await startAdmin(adminBind, {
          ready: () => {
            const {workers, fresh, draining} = state();
            return {ready: fresh > 0 && !draining, facts: {workers, fresh, draining}};
          },
          metrics: () => {
            const {members, workers: wanted, draining} = state();
            return metrics.text({workers: members, wanted, draining, arbiterMemory: process.memoryUsage.rss(), startTime});
          },
        });
        const address = server.address();
        log('info', 'admin_listening', {bind: typeof address === 'object' && address !== null ? adminBind.replace(/:0$/, `:${address.port}`) : adminBind});
        return true;
      } catch (error) {
        const {message, fix} = addressFailure(adminBind, error) ?? {message: messageOf(error)};
        log('error', 'not_listening', {message: `the admin listener: ${message}`, fix: fix === undefined ? '--admin-bind takes another address' : `${fix} (--admin-bind)`});
        return false;
      }
    },
  };
}

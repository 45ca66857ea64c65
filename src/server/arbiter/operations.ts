import type {Server} from 'node:http';
import {exitCode, messageOf} from '../../errors.ts';
import {thresholdOf} from '../../text/log/levels.ts';
import {type AskedWorker, serviceMetrics} from '../metrics/service-metrics.ts';
import type {Log} from '../process/log.ts';
import {residentBytes} from '../process/memory.ts';
import type {BootFailure, FromWorker} from '../process/messages.ts';
import {parseAddress} from '../settings/address.ts';
import {addressFailure} from '../sockets/address-failure.ts';
import {bindUnixSocket, type Permissions, type UnixSocket} from '../sockets/unix-socket.ts';
import {type AdminSources, startAdmin} from './admin.ts';
import type {Arbiter, ArbiterStatus} from './arbiter.ts';
import {type MeasuredWorker, serverMetrics} from './metrics.ts';

/** Health and metrics of the whole server. Loaded only with `--admin-bind`. */
export interface Operations {
  readonly received: (worker: Pick<AskedWorker, 'id' | 'pid'>, message: FromWorker) => void;
  readonly exited: (worker: MeasuredWorker, reason: string) => void;
  /** Wraps a log, to count its events. */
  readonly counting: (log: Log) => Log;
  /** Starts the admin listener. Returns the failure if it cannot listen. */
  readonly listen: (
    bind: string,
    status: () => ArbiterStatus,
    log: Log,
    permissions: Permissions,
    setLogLevel: Arbiter['setLogLevel'],
  ) => Promise<BootFailure | undefined>;
  readonly close: () => void;
}

export function operations(): Operations {
  const metrics = serverMetrics();
  const service = serviceMetrics();
  const startTime = Math.round((Date.now() / 1000 - process.uptime()) * 1000) / 1000;
  let logLevel = thresholdOf(process.env['LOG_LEVEL'] ?? '') ?? 'info';
  let server: Server | undefined;
  let socket: UnixSocket | undefined;
  return {
    received: service.received,
    exited: (worker, reason) => {
      metrics.exited(worker, reason);
      service.exited(worker);
    },
    counting: (log) => (level, event, fields) => {
      if (event === 'reloaded') metrics.reloaded();
      log(level, event, fields);
    },
    listen: async (bind, status, log, permissions, setLogLevel) => {
      try {
        const given = parseAddress(bind);
        if (given !== undefined && 'path' in given) socket = await bindUnixSocket(given.path, permissions);
        const sources: AdminSources = {
          ready: () => {
            const {target: workers, fresh, held, draining} = status();
            return {ready: fresh > 0 && !draining, facts: {workers, fresh, held, draining}};
          },
          metrics: async () => {
            const {text, problems} = await service.scrape(status().workers);
            const {workers, target: wanted, draining} = status();
            const arbiterMemory = residentBytes();
            return metrics.text({workers, wanted, draining, arbiterMemory, startTime, problems}) + text;
          },
          logLevel: () => logLevel,
          setLogLevel: (level) => {
            logLevel = level;
            setLogLevel(level);
            log('info', 'log_level_changed', {to: level});
          },
        };
        server = await startAdmin(bind, sources, socket);
        const address = server.address();
        log('info', 'admin_listening', {
          bind: typeof address === 'object' && address !== null ? bind.replace(/:0$/, `:${address.port}`) : bind,
        });
        return undefined;
      } catch (error) {
        const {message, fix} = addressFailure(bind, error, '--admin-bind') ?? {message: messageOf(error)};
        return {message: `admin listener: ${message}`, fix, exitCode: exitCode.unavailable};
      }
    },
    close: () => {
      socket?.unlink();
      server?.close();
      server?.closeAllConnections();
    },
  };
}

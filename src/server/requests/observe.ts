import type {Server} from 'node:http';
import {isTerminal} from '../../shell/output.ts';
import type {RequestStats} from '../process/messages.ts';
import type {Settings} from '../settings/settings.ts';
import {accessLog} from './access-log.ts';
import {identifyRequests} from './request-id.ts';
import {observeRequests, type OnClosed} from './stats.ts';

/** What a worker knows of its requests besides serving them. */
export interface Watched {
  /** Undefined where nobody asks. */
  readonly snapshot: () => RequestStats | undefined;
  /** Writes out what the access log still holds. */
  readonly flush: () => void;
}

/** Ids, access log and counters of one server, each only where it is wanted. Before it listens. */
export function watchRequests(
  server: Server,
  {
    requestId,
    accessLog: logs,
    accessLogFormat,
    adminBind,
  }: Pick<Settings, 'requestId' | 'accessLog' | 'accessLogFormat' | 'adminBind'>,
  onClosed: OnClosed,
): Watched {
  // A tracer begins a trace itself, with a first span that it knows of.
  if (requestId) identifyRequests(server, {trace: !Object.keys(process.env).some((name) => name.startsWith('OTEL_'))});
  if (!logs && adminBind === undefined) return {snapshot: () => undefined, flush: () => {}};
  const log = logs ? accessLog(accessLogFormat, isTerminal(1)) : undefined;
  const {snapshot} = observeRequests(server, onClosed, log?.ended);
  if (log !== undefined) process.once('exit', log.flush);
  return {snapshot: () => ({...snapshot(), dropped: log?.dropped() ?? 0}), flush: () => log?.flush()};
}

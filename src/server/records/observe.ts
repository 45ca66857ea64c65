import type {IncomingMessage, Server} from 'node:http';
import type {Duplex} from 'node:stream';
import {logForm} from '../process/log.ts';
import type {RequestStats} from '../process/messages.ts';
import type {Settings} from '../settings/settings.ts';
import {accessLog} from './access-log.ts';
import {answerClientErrors, type EndConnection} from './client-errors.ts';
import {identifyRequests} from './request-id.ts';
import {countRequests, type OnClosed} from './stats.ts';

/** The records of a worker about its requests. */
export interface RequestObserver {
  /** Undefined if neither metrics nor the access log are on. */
  readonly snapshot: () => RequestStats | undefined;
  /** Writes out what the access log has buffered. */
  readonly flush: () => void;
  /** For each upgrade, before the service gets it: node:http announces requests only. */
  readonly upgraded: (request: IncomingMessage, stream: Duplex) => void;
}

/**
 * Sets up ids, access log and counters of one server before it listens, each only if it is turned on.
 * @param end @see answerClientErrors
 */
export function observeRequests(
  server: Server,
  {
    requestId,
    accessLog: logs,
    accessLogFormat,
    adminBind,
  }: Pick<Settings, 'requestId' | 'accessLog' | 'accessLogFormat' | 'adminBind'>,
  onClosed: OnClosed,
  end: EndConnection,
): RequestObserver {
  // A tracer starts its traces itself, with a root span that it knows.
  const trace = !Object.keys(process.env).some((name) => name.startsWith('OTEL_'));
  const identify = requestId ? identifyRequests(server, {trace}) : undefined;
  if (!logs && adminBind === undefined) {
    answerClientErrors(server, () => {}, end);
    return {snapshot: () => undefined, flush: () => {}, upgraded: (request) => identify?.(request)};
  }
  const log = logs ? accessLog(accessLogFormat, logForm()) : undefined;
  const {snapshot, refused, upgraded} = countRequests(server, onClosed, log?.onRequestEnd);
  answerClientErrors(server, refused, end);
  if (log !== undefined) process.once('exit', log.flush);
  return {
    snapshot: () => ({...snapshot(), dropped: log?.dropped() ?? 0}),
    flush: () => log?.flush(),
    upgraded: (request, stream) => {
      identify?.(request);
      upgraded(request, stream);
    },
  };
}

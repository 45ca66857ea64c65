import {inspect} from 'node:util';
import {messageOf} from '../../errors.ts';
import type {Log} from '../process/log.ts';

/** Errors that are logged; a timer that throws each time would fill the log. */
const maxLogged = 10;
const maxCauses = 5;

export interface UncaughtOptions {
  readonly log: Log;
  /** Whether the service is still loading: then an error is the reason why it does not boot. */
  readonly isBooting: () => boolean;
  readonly bootFailed: (error: unknown) => void;
  /** Called for the first error of a service that serves. The process must exit soon: its state is unknown. */
  readonly first: () => void;
  /** Called for each of them. */
  readonly each: () => void;
}

/**
 * Handles uncaught exceptions, and with them unhandled rejections as Node's flag `--unhandled-rejections` says. A service
 * that listens to `uncaughtException` handles its own. `uncaughtExceptionMonitor` and `unhandledRejection` are untouched.
 */
export function handleUncaught({log, isBooting, bootFailed, first, each}: UncaughtOptions): void {
  let count = 0;
  process.on('uncaughtException', (error: unknown, origin: string) => {
    if (process.listenerCount('uncaughtException') > 1) return;
    if (isBooting()) return bootFailed(error);
    count += 1;
    if (count <= maxLogged) log('error', 'uncaught_exception', {origin, ...errorFields(error), ...fixOf(count)});
    // --report-uncaught-exception: Node itself writes it only if nothing listens.
    if (process.report.reportOnUncaughtException && error instanceof Error) process.report.writeReport(error);
    each();
    if (count === 1) first();
  });
}

function fixOf(count: number): {readonly fix?: string} {
  if (count > 1) return {};
  return {fix: 'handle the error: this worker finishes its other requests, then exits and is replaced'};
}

function errorFields(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return {message: `thrown: ${inspect(error)}`};
  return {message: messageOf(error), stack: stackOf(error, maxCauses)};
}

function stackOf({stack, message, cause}: Error, causes: number): string {
  const own = stack ?? message;
  return cause instanceof Error && causes > 0 ? `${own}\ncaused by ${stackOf(cause, causes - 1)}` : own;
}

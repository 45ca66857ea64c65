// What a process does to a log from outside: errors that nothing catches, a level that changes while it runs.
import {subscribe} from 'node:diagnostics_channel';
import {eventChannel, type ServerEvent} from '../server/process/log.ts';
import {levelChannel} from '../text/log/levels.ts';
import type {Logger} from './logger.ts';

/**
 * Logs an error that nothing catches as one event, and ends the process with Node's exit code. Node itself would print it
 * in many lines. Not where something handles such errors, as the app server does: it listens before this does.
 */
export function logUncaught(log: Logger): void {
  process.on('uncaughtExceptionMonitor', (error: unknown, origin: string) => {
    if (process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()) return;
    const fields = {event: 'uncaught_exception', origin, err: error};
    if (Error.isError(error)) log.fatal(fields);
    else log.fatal(fields, 'thrown: not an error');
    // --report-uncaught-exception: Node writes it only when it ends the process itself.
    if (process.report.reportOnUncaughtException && Error.isError(error)) process.report.writeReport(error as Error);
    process.exit(1);
  });
}

/**
 * Changes the level as the channel says: `channel('entrypoint.log.level').publish({level: 'debug'})`. A wrong level is
 * logged: what a subscriber throws would end the process.
 */
export function followLevel(log: Logger): void {
  subscribe(levelChannel, (message) => {
    try {
      log.level = String((message as {readonly level?: unknown} | null)?.level);
    } catch (error) {
      log.warn({event: 'bad_log_setting'}, (error as Error).message.split('\n', 1)[0]);
    }
  });
}

const methodOf = {info: 'info', warning: 'warn', error: 'error'} as const;

/** Writes the events of the app server in this process, a worker, whatever the level of the service is. */
export function logServerEvents(log: Logger): void {
  const always = log.child({}, {level: 'trace'});
  subscribe(eventChannel, (message) => {
    const event = message as ServerEvent;
    always[methodOf[event.level]]({event: event.event, ...event.fields});
    event.logged = true;
  });
}

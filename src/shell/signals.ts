import {problem} from '../errors.ts';

const numbers: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

/** The exit code of a process that a signal ended, as a shell reports it: 128 and the signal's number. */
export const signalExitCode = (signal: string): number => 128 + (numbers[signal] ?? 0);

/**
 * Ends work that goes on after the user or the system has asked to stop.
 * @param signal aborted with a signal's name as its reason
 * @throws Problem `interrupted`
 */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  const name = String(signal.reason);
  throw problem({code: 'interrupted', what: `stopped by ${name}`, exitCode: signalExitCode(name)});
}

import {isProblem} from '../../errors.ts';
import {sourceLines, syntaxPlace} from '../../text/source-place.ts';
import {serviceStack} from '../process/frames.ts';
import type {BootFailure} from '../process/messages.ts';
import {addressFailure} from '../sockets/address-failure.ts';
import {NotServable} from './service.ts';

/** gunicorn's exit code for a worker that cannot boot. */
const exitCode = 3;

/** An error that was thrown while the service loaded: its message, and its location in the service's own files. */
export function bootFailure(error: unknown, module: string, binds: readonly string[] = []): BootFailure {
  if (error instanceof NotServable) return error.failure;
  const address = listenFailure(error, binds);
  if (address !== undefined) return address;
  if (!(error instanceof Error)) return {message: String(error), exitCode};
  const {message, stack = ''} = error;
  // Configuration that is not valid: a stack says nothing about a variable.
  if (isProblem(error)) return {message, fix: error.fix, exitCode: error.exitCode};
  if (error instanceof SyntaxError) {
    const place = syntaxPlace(error, module);
    if (place !== undefined)
      return {message, stack: [`${place.path}:${place.line}`, ...sourceLines(place)].join('\n'), exitCode};
  }
  return {message, stack: serviceStack(stack), exitCode};
}

/** An error of `listen`: of the address that it names, else of the main one. */
function listenFailure(error: unknown, [main, ...further]: readonly string[]): BootFailure | undefined {
  if (main === undefined || !(error instanceof Error)) return undefined;
  const {address, port} = error as Error & {readonly address?: string; readonly port?: number};
  const bind = further.find((one) => one === `unix:${address}` || (port !== undefined && one.endsWith(`:${port}`)));
  return addressFailure(bind ?? main, error);
}

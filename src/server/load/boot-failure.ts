import {sourceLines, syntaxPlace} from '../../text/source-place.ts';
import {serviceStack} from '../process/frames.ts';
import type {BootFailure} from '../process/messages.ts';
import {addressFailure} from './listening.ts';
import {NotServable} from './service.ts';

/** gunicorn's exit code for a worker that cannot boot. */
const exitCode = 3;

/** An error that was thrown while the service loaded: its message, and its location in the service's own files. */
export function bootFailure(error: unknown, module: string, bind?: string): BootFailure {
  if (error instanceof NotServable) return error.failure;
  const address = bind === undefined ? undefined : addressFailure(bind, error);
  if (address !== undefined) return address;
  if (!(error instanceof Error)) return {message: String(error), exitCode};
  const {message, stack = ''} = error;
  if (error instanceof SyntaxError) {
    const place = syntaxPlace(error, module);
    if (place !== undefined)
      return {message, stack: [`${place.path}:${place.line}`, ...sourceLines(place)].join('\n'), exitCode};
  }
  return {message, stack: serviceStack(stack), exitCode};
}

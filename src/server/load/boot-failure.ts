import {sourceLines, syntaxPlace} from '../../text/source-place.ts';
import {serviceStack} from '../process/frames.ts';
import type {BootFailure} from '../process/messages.ts';
import {addressFailure} from './listening.ts';
import {NotServable} from './service.ts';

/** gunicorn's code for a worker that cannot boot. */
const exitCode = 3;

/** What a user needs to know of an error of the service while it was loaded: where it is, in its own files. */
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

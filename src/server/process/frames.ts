import type {Debugger} from 'node:inspector';
import {serverDirectory} from './programs.ts';

/** Is a line of a stack neither Node's nor ours? */
export function isOfService(line: string): boolean {
  return !line.includes('(node:') && !/\bat (async )?node:/.test(line) && !line.includes(serverDirectory);
}

/** A stack without the frames of Node and of the server: what is left is the service's. */
export function serviceStack(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => !/^\s+at /.test(line) || isOfService(line))
    .join('\n');
}

/** The frames of a paused thread as a stack is written, without Node's and ours. */
export function stackText(frames: readonly Debugger.CallFrame[], urls: ReadonlyMap<string, string>): string {
  // Node's own scripts are not always told of.
  return frames
    .filter(({location}) => (urls.get(location.scriptId) ?? '') !== '')
    .map(
      ({functionName, location: {scriptId, lineNumber, columnNumber = 0}}) =>
        `at ${functionName || '<anonymous>'} (${urls.get(scriptId)}:${lineNumber + 1}:${columnNumber + 1})`,
    )
    .filter(isOfService)
    .join('\n');
}

import type {Debugger} from 'node:inspector';
import {serverDirectory} from './programs.ts';

/** Whether a line of a stack belongs to neither Node nor this server. */
export function isServiceFrame(line: string): boolean {
  return !line.includes('(node:') && !/\bat (async )?node:/.test(line) && !line.includes(serverDirectory);
}

/** A stack without the frames of Node and of the server: only those of the service and its dependencies. */
export function serviceStack(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => !/^\s+at /.test(line) || isServiceFrame(line))
    .join('\n');
}

/** The call frames of a paused thread, formatted as a stack, without those of Node and of the server. */
export function stackText(frames: readonly Debugger.CallFrame[], urls: ReadonlyMap<string, string>): string {
  // The inspector does not announce every script of Node's own.
  return frames
    .filter(({location}) => (urls.get(location.scriptId) ?? '') !== '')
    .map(
      ({functionName, location: {scriptId, lineNumber, columnNumber = 0}}) =>
        `at ${functionName || '<anonymous>'} (${urls.get(scriptId)}:${lineNumber + 1}:${columnNumber + 1})`,
    )
    .filter(isServiceFrame)
    .join('\n');
}

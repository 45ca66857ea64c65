import type {Debugger} from 'node:inspector';
import {isOfService} from './frames.ts';

/** The frames of a paused thread as a stack is written, without Node's and ours. */
export function stackText(frames: readonly Debugger.CallFrame[], urls: ReadonlyMap<string, string>): string {
  // Node's own scripts are not always told of.
  return frames.filter(({location}) => (urls.get(location.scriptId) ?? '') !== '')
    .map(({functionName, location: {scriptId, lineNumber, columnNumber = 0}}) => `at ${functionName || '<anonymous>'} (${urls.get(scriptId)}:${lineNumber + 1}:${columnNumber + 1})`)
    .filter(isOfService).join('\n');
}

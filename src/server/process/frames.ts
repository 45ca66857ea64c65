import {serverDirectory} from './programs.ts';

/** Is a line of a stack neither Node's nor ours? */
export function isOfService(line: string): boolean {
  return !line.includes('(node:') && !/\bat (async )?node:/.test(line) && !line.includes(serverDirectory);
}

/** A stack without the frames of Node and of the server: what is left is the service's. */
export function serviceStack(stack: string): string {
  return stack.split('\n').filter((line) => !/^\s+at /.test(line) || isOfService(line)).join('\n');
}

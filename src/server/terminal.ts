import {fstatSync} from 'node:fs';

/** Is this a terminal? Nothing but one and /dev/null is a character device: node:tty is loaded only for those. */
export function isTerminal(descriptor: 1 | 2): boolean {
  try {
    return fstatSync(descriptor).isCharacterDevice() && process.getBuiltinModule('node:tty').isatty(descriptor);
  } catch {
    return false;
  }
}

import {closeSync, constants, openSync} from 'node:fs';

/** The controlling terminal of this process. */
export interface Terminal {
  /**
   * Whether there is one, whatever input and outputs are: `run 2>&1 | tee log` has one. False from the moment on at which
   * it is closed.
   */
  readonly isOpen: () => boolean;
  /** Whether input or an output is a terminal. nohup(1) leaves none, and Node resets the signal that it has ignored. */
  readonly isUsed: () => boolean;
}

/** @see tty(4) */
export const controllingTerminal: Terminal = {
  isOpen: () => {
    try {
      closeSync(openSync('/dev/tty', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK));
      return true;
    } catch {
      return false;
    }
  },
  isUsed: () => [0, 1, 2].some((fd) => process.getBuiltinModule('node:tty').isatty(fd)),
};

import type {Words} from '../shell/argv.ts';
import type {OwnModules} from './load.ts';

/** Everything outside the process that the command line reads and changes; tests pass their own. */
export interface World {
  readonly argv: Words;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: (chunk: Uint8Array | string) => void;
  readonly stderr: (chunk: Uint8Array | string) => void;
  readonly isTerminal: (fd: 1 | 2) => boolean;
  /** Width of the terminal on the standard output; undefined if it is not a terminal. */
  readonly columns: () => number | undefined;
  /** Calls the listener for each signal that asks to stop; returns a function that removes it. */
  readonly onSignal: (listener: (name: string) => void) => () => void;
  readonly chdir: (directory: string) => void;
  readonly version: () => string;
  readonly own: OwnModules;
}

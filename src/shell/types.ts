import type {Command, Commands, Words} from './argv.ts';
import type {RetryOptions} from './retry.ts';

/** What a command left behind. */
export interface Result {
  readonly exitCode: number;
  /** Empty unless `capture` was asked for. */
  readonly stdout: string;
  /** The standard error, when it was captured or watched; at most its last 64 KiB. */
  readonly stderr: string;
  readonly seconds: number;
}

/** How a command runs, and what its failure says. */
export interface RunOptions {
  /** Keep the standard output in the result instead of showing it. Default: shown as it comes. */
  readonly capture?: boolean | undefined;
  /** Exit codes besides 0 that are an answer and not a failure. Default none. */
  readonly allow?: readonly number[] | undefined;
  /** Only for what is idempotent: try again while the failure is transient. `true` for the default pauses. */
  readonly retry?: boolean | RetryOptions | undefined;
  /** Kill the whole process group after this many seconds. Default: never. */
  readonly timeoutSeconds?: number | undefined;
  /** What failed, in words, for the message: `the image could not be pushed`. */
  readonly purpose?: string | undefined;
  /** How to fix it, where the caller knows. */
  readonly fix?: string | undefined;
  /** Gives the child the terminal itself: for programs that ask or draw. Default false. */
  readonly interactive?: boolean | undefined;
}

/**
 * Runs commands. A task gets it as an argument and never spawns by itself, so that the same task can be
 * carried out, printed as a script, or recorded in a test.
 */
export interface Runner {
  /** Runs a command that changes something. Throws a Problem `command_failed` with its exit code. */
  (command: Words | Command, options?: RunOptions): Promise<Result>;
  /** Runs a command that only looks: a dry run does it too, and it is echoed only with --verbose. */
  read(command: Words | Command, options?: RunOptions): Promise<Result>;
  /** Runs `body`; afterwards, whatever happened, what was registered on the scope, newest first. */
  scope<T>(body: (scope: Scope) => Promise<T>): Promise<T>;
  /** The same runner with a prefix before each line of output, for work that goes on side by side. */
  prefixed(prefix: string): Runner;
  /** Replaces this process by the command (same pid); returns only in a dry run. */
  become(command: Words | Command): Promise<void>;
  /** Does something that no external command does. `text` is shell text that does the same. */
  act<T>(text: string, body: () => Promise<T>): Promise<T | undefined>;
}

/** What is to be cleaned up. Each command runs even when another one failed, and none of them is retried. */
export interface Scope {
  /** At the end of the scope, however it ends. */
  always(command: Words | Command): void;
  /** Only when the scope ends by an error, an interrupt included. Several commands run side by side. */
  onFailure(...commands: Commands): void;
  /**
   * Again and again, side by side, each time so many seconds after the last, until the scope ends or the function that
   * it gives is called, which waits for those that are under way. A failure is told and changes nothing; `ended` hears
   * each time how many succeeded.
   */
  every(seconds: number, commands: Commands, ended?: (succeeded: number) => void): () => Promise<void>;
  /** What was done so far is to stay: forget the `onFailure` commands. */
  keep(): void;
}

import type {Command, Commands, Words} from './argv.ts';
import type {FoldedOutput} from './echo.ts';
import type {RetryOptions} from './retry.ts';

/** The result of a command. */
export interface Result {
  readonly exitCode: number;
  /** Empty without `capture`. */
  readonly stdout: string;
  /** Its last 64 KiB; empty without `capture` and `retry`. */
  readonly stderr: string;
  readonly seconds: number;
}

/** How a command runs, and how its failure is reported. */
export interface RunOptions {
  /** Return the output instead of showing it. Default false: shown as it comes. */
  readonly capture?: boolean | undefined;
  /** Keep the end of the standard error for the failure, although it is shown: the child has no terminal then. Default false. */
  readonly watch?: boolean | undefined;
  /**
   * On a terminal, show its output as one line that changes, and all of it only after a failure. Reads steps out of its
   * lines. Default: the output is shown as it comes.
   */
  readonly fold?: FoldedOutput | undefined;
  /** Gets each line of the output, without its line end, in place of showing it. Default: the output is shown. */
  readonly lines?: ((line: string, stream: 'stdout' | 'stderr') => void) | undefined;
  /** Exit codes besides 0 that are no failure. Default none. */
  readonly allow?: readonly number[] | undefined;
  /** Only for what is idempotent: retry transient failures. `true` for the default pauses. */
  readonly retry?: boolean | RetryOptions | undefined;
  /** Kill the whole process group after this many seconds. Default: never. */
  readonly timeoutSeconds?: number | undefined;
  /** Prefix of the failure message: `cannot push the image`. */
  readonly purpose?: string | undefined;
  /** How to fix a failure, if the caller knows. */
  readonly fix?: string | undefined;
  /** Give the child the terminal: for programs that prompt or draw. Default false. */
  readonly interactive?: boolean | undefined;
  /** Pass this process's standard input on: `entrypoint seed <products.csv`. Default false: the child's is empty. */
  readonly input?: boolean | undefined;
}

/**
 * Runs commands. A task receives it as an argument and never spawns a process itself, so that the same task can be
 * run, printed as a script, or recorded in a test.
 */
export interface Runner {
  /**
   * Runs a command that changes something.
   * @throws Problem `command_failed` with the command's exit code, `command_not_found`, `secret_missing`, `interrupted`
   */
  (command: Words | Command, options?: RunOptions): Promise<Result>;
  /** Runs a read-only command: in a dry run as well, and echoed only with --verbose. The output is captured. */
  read(command: Words | Command, options?: RunOptions): Promise<Result>;
  /** Runs `body`, and afterwards, even after a failure, the commands registered on the scope, newest first. */
  scope<T>(body: (scope: Scope) => Promise<T>): Promise<T>;
  /**
   * Reads the secrets of commands to come, so that none is missing in the middle of the work. In a scope, a secret that was
   * read is remembered until the outermost scope ends: a command that asks for a passphrase asks once.
   * @throws Problem `secret_missing`, `bad_secret`
   */
  readSecrets(commands: Commands): Promise<void>;
  /** The same runner with a prefix before each line of output, for concurrent work. */
  prefixed(prefix: string): Runner;
  /**
   * Runs the commands of `body` as one step with a title: one line on a terminal. Elsewhere they are printed as always.
   * @param host the machine that the step works on, if not this one
   */
  step<T>(title: string, body: (run: Runner) => Promise<T>, host?: string): Promise<T>;
  /** Replaces this process by the command (same pid); returns only in a dry run. */
  become(command: Words | Command): Promise<void>;
  /**
   * Does something without an external command. `text` is shell text that does the same; a dry run prints it.
   * @param shown what a run prints in its place, where `body` says the rest. Default: `text`
   */
  act<T>(text: string, body: () => Promise<T>, shown?: string): Promise<T | undefined>;
}

/** The outcome of commands that were repeated once more. */
export interface Repetition {
  /** When they began, in milliseconds since 1970. */
  readonly started: number;
  /** How many succeeded. */
  readonly succeeded: number;
  readonly errors: readonly unknown[];
}

/**
 * Clean-up. Each command runs even when another one fails. A command on another host is repeated for some seconds while
 * the host cannot be reached; no other is repeated.
 */
export interface Scope {
  /** At the end of the scope, however it ends. */
  always(command: Words | Command): void;
  /** Only when the scope ends by an error, an interrupt included. The commands of one call run concurrently. */
  onFailure(...commands: Commands): void;
  /**
   * Every `seconds`, concurrently, until the scope ends or the returned function is called, which waits for running
   * commands. A failure is only noted. `ended` receives the outcome each time.
   */
  every(seconds: number, commands: Commands, ended?: (outcome: Repetition) => void): () => Promise<void>;
  /** Commits what was done so far: forgets the `onFailure` commands. */
  keep(): void;
}

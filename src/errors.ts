/**
 * The exit codes of the command and of the app server, each with its meaning: `--help` and the manual print them from
 * here. After BSD's sysexits (64 to 70), gunicorn (3), timeout(1) (124) and the shell (128 + signal). A failed
 * command's own code passes through.
 * @see https://man.freebsd.org/cgi/man.cgi?query=sysexits
 */
export const exitCodes = [
  {code: 0, name: 'ok', meaning: 'success'},
  {code: 1, name: 'failed', meaning: 'a task failed; if a command failed, its own exit code is passed on'},
  {code: 3, name: 'notBooted', meaning: 'the service does not boot (run)'},
  {code: 64, name: 'usage', meaning: 'the command line is wrong; nothing was run'},
  {code: 65, name: 'badData', meaning: 'a file of the service is wrong: tasks.ts, deploy.yaml, ...'},
  {code: 69, name: 'unavailable', meaning: 'a program, host, registry or address is not available'},
  {code: 70, name: 'internal', meaning: 'a bug in the app server'},
  {code: 124, name: 'timedOut', meaning: 'a command timed out and was killed'},
  {code: 129, name: 'hungUp', meaning: 'stopped by SIGHUP'},
  {code: 130, name: 'interrupted', meaning: 'stopped by Ctrl-C (SIGINT)'},
  {code: 143, name: 'terminated', meaning: 'stopped by SIGTERM'},
] as const;

type ExitCode = (typeof exitCodes)[number];

/** Exit codes by their names. */
export const exitCode = Object.fromEntries(exitCodes.map(({name, code}) => [name, code])) as {
  readonly [E in ExitCode as E['name']]: E['code'];
};

/** Every code but 0: for commands whose failure is a finding. */
export const anyExitCode: readonly number[] = Array.from({length: 255}, (_, index) => index + 1);

const brand = Symbol.for('entrypoint.problem');

/** An error that a user can act on: printed as its text and its fix, without a stack trace. */
export interface Problem extends Error {
  readonly [brand]: true;
  /** Stable word for programs, such as `command_failed`. */
  readonly code: string;
  readonly exitCode: number;
  readonly fix: string | undefined;
  /** Further lines: the other problems found at once, or the last lines of an output. */
  readonly details: readonly string[];
}

/** The parts of an error that {@link problem} creates. */
export interface ProblemOptions {
  /** Stable word for programs, such as `command_failed`. */
  readonly code: string;
  /** One line: `what happened: the command`. */
  readonly what: string;
  /** What to do about it; printed after `fix: `. */
  readonly fix?: string | undefined;
  /** Evidence, one line each. */
  readonly details?: readonly string[] | undefined;
  /** Default 1. */
  readonly exitCode?: number | undefined;
  readonly cause?: unknown;
}

/**
 * Creates an error for the user; the caller throws it.
 * @example
 * throw problem({code: 'no_licence', what: 'no licence key found', fix: 'export LICENCE_KEY=...'});
 */
export function problem({
  code,
  what,
  fix,
  details = [],
  exitCode: exit = exitCode.failed,
  cause,
}: ProblemOptions): Problem {
  const error = new Error(what, cause === undefined ? undefined : {cause});
  return Object.assign(error, {[brand]: true as const, code, exitCode: exit, fix, details});
}

/**
 * Whether an error is a {@link Problem}, even one from another copy of this module.
 * @example
 * if (isProblem(error) && error.code === 'not_deployed') return undefined;
 */
export function isProblem(error: unknown): error is Problem {
  return error instanceof Error && brand in error;
}

/**
 * A usage error, with exit code 64: the command line is wrong and nothing was done.
 * @example
 * if (rows < 1) throw usageProblem(`--rows must be positive, not ${rows}`, '--rows=100');
 */
export function usageProblem(what: string, fix?: string, details?: readonly string[]): Problem {
  return problem({code: 'usage', what, fix, details, exitCode: exitCode.usage});
}

/**
 * A problem as text for the user: what happened, the details indented, then the fix.
 * @example
 * process.stderr.write(problemText(error)); // entrypoint: no licence key found\nfix: export LICENCE_KEY=...\n
 */
export function problemText(error: Problem): string {
  const details = error.details.map((line) => `  ${line}\n`).join('');
  const fix = error.fix === undefined ? '' : `fix: ${error.fix}\n`;
  return `entrypoint: ${error.message}\n${details}${fix}`;
}

/**
 * The message of any thrown value, for use inside another sentence.
 * @example
 * note(`cache not used: ${messageOf(error)}`);
 */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An error in a command line or a variable: all of them are reported at once. */
export interface UsageError {
  readonly what: string;
  /** The word that was most likely meant. */
  readonly meant?: string | undefined;
  readonly fix?: string | undefined;
}

/** All usage errors as one problem; `help` is the command that prints the right usage. */
export function usageErrorsProblem(errors: readonly UsageError[], help: string): Problem {
  const [first] = errors;
  if (first !== undefined && errors.length === 1) {
    const fix = first.meant === undefined ? first.fix : `did you mean ${first.meant}?`;
    return usageProblem(first.what, fix ?? `see ${help}`);
  }
  return usageProblem(
    `${errors.length} problems on the command line; nothing was run`,
    `see ${help}`,
    errors.map(usageErrorText),
  );
}

/** A usage error among others, in one line. */
export function usageErrorText({what, meant, fix}: UsageError): string {
  if (meant !== undefined) return `${what}; did you mean ${meant}?`;
  return fix === undefined ? what : `${what}; ${fix}`;
}

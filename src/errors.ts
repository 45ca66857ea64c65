/** Exit codes of the CLI, after BSD's sysexits where they fit. A wrapped command's own code passes through. */
export const exitCode = {
  ok: 0,
  failed: 1,
  usage: 64,
  badData: 65,
  unavailable: 69,
  interrupted: 130,
  terminated: 143,
} as const;

const brand = Symbol.for('entrypoint.problem');

/** An error that a user can act on: printed as its text and its fix, never as a stack. */
export interface Problem extends Error {
  readonly [brand]: true;
  /** Stable word for programs, such as `command_failed`. */
  readonly code: string;
  readonly exitCode: number;
  readonly fix: string | undefined;
  /** Further lines: the other problems found at once, or the last lines of an output. */
  readonly details: readonly string[];
}

export interface ProblemOptions {
  readonly code: string;
  /** `<what> is <wrong>, and <who> needs it`: one line. */
  readonly what: string;
  /** What to do about it, without the word "fix". */
  readonly fix?: string | undefined;
  readonly details?: readonly string[] | undefined;
  /** Default 1. */
  readonly exitCode?: number | undefined;
  readonly cause?: unknown;
}

/** The one way to make an error that is meant for a user. Throw what it returns. */
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

export function isProblem(error: unknown): error is Problem {
  return error instanceof Error && brand in error;
}

/** A usage error: nothing was done. */
export function usageProblem(what: string, fix?: string, details?: readonly string[]): Problem {
  return problem({code: 'usage', what, fix, details, exitCode: exitCode.usage});
}

/** The text that a user sees: what is wrong, details indented, then the fix. */
export function problemText(error: Problem): string {
  const details = error.details.map((line) => `  ${line}\n`).join('');
  const fix = error.fix === undefined ? '' : `fix: ${error.fix}\n`;
  return `entrypoint: ${error.message}\n${details}${fix}`;
}

/** The message of whatever was thrown, for use inside another sentence. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A mistake of the user's: all of them are told at once. */
export interface UsageError {
  readonly what: string;
  /** The word that was meant, most likely. */
  readonly meant?: string | undefined;
  readonly fix?: string | undefined;
}

/** All errors of a command line as one problem. */
export function usageErrorsProblem(errors: readonly UsageError[], help: string): Problem {
  const [first] = errors;
  if (first !== undefined && errors.length === 1) {
    const fix = first.meant === undefined ? first.fix : `did you mean ${first.meant}?`;
    return problem({code: 'usage', what: first.what, fix: fix ?? `see ${help}`, exitCode: exitCode.usage});
  }
  return problem({
    code: 'usage',
    what: `${errors.length} things are wrong in the command line, and nothing was run`,
    details: errors.map(
      ({what, meant, fix}) => `${what}${meant === undefined ? (fix && `; ${fix}`) || '' : `; did you mean ${meant}?`}`,
    ),
    fix: `see ${help}`,
    exitCode: exitCode.usage,
  });
}

import type {Host} from '../../../../service/hosts.ts';
import type {Commands} from '../../../../shell/argv.ts';

/** The purpose of a step, in the order of a deploy. */
export type Phase =
  | 'pull'
  | 'check'
  | 'lock'
  | 'prepare'
  | 'backing'
  | 'before'
  | 'start'
  | 'health'
  | 'switch'
  | 'stop'
  | 'after'
  | 'watch'
  | 'finish';

/** Commands on one host: one round trip, which can be printed as it is. */
export interface Step {
  readonly phase: Phase;
  readonly host: Host;
  /** For people: `start shop.prod.7.1, shop.prod.7.2`. */
  readonly what: string;
  /** In order; the first failure ends the step. */
  readonly commands: Commands;
  /** Undoes the step after any later failure, in this order. It runs even when the step did not. */
  readonly undo?: Commands | undefined;
  /** Ends a step that waits, when another step of its round has failed. */
  readonly cancel?: Commands | undefined;
  /** Prefix of the failure message. */
  readonly purpose: string;
  readonly fix?: string | undefined;
  /** Better messages for known failures: a step is several commands. */
  readonly causes?: readonly FailureCause[] | undefined;
  /** A better error for a failure of its commands. */
  readonly explain?: ((error: unknown) => unknown) | undefined;
  /** Retry transient failures: only for idempotent commands. */
  readonly retry?: boolean | undefined;
  /** Its output is for the user: a task of the service. */
  readonly shown?: boolean | undefined;
  /** Containers whose logs explain a failure. */
  readonly logs?: readonly LogSource[] | undefined;
}

/** A container whose log explains a failure. */
export interface LogSource {
  readonly host: Host;
  readonly container: string;
  /** Use this log only if the failed command's output contains this text. */
  readonly pattern?: string | undefined;
}

/** A better message for a known failure of a step. */
export interface FailureCause {
  /** Text in the failed command's output. */
  readonly pattern: string;
  readonly purpose: string;
  readonly fix?: string | undefined;
}

/** Commands to prepare a host, and the commands that undo them. */
export interface Prepared {
  readonly commands: Commands;
  readonly undo: Commands;
  readonly what: readonly string[];
  /** Commands that run after the containers have started. Default: none. */
  readonly verify?: Commands | undefined;
  readonly causes?: readonly FailureCause[] | undefined;
}

/** Steps that run concurrently. The next round begins when all of them have ended. */
export type Round = readonly Step[];

/** The release that a failure leaves. */
export interface Remaining {
  /** 0: none. */
  readonly previous: number;
  /** None of its replicas worked when the deploy began. Default false. */
  readonly isDown?: boolean | undefined;
}

/** For the message of a failure before the switch: which release serves now. */
export const keepsServing = (remaining: Remaining): string => outcome(remaining, 'keeps serving');

/** For the message of a failure after the switch, which is undone. */
export const servesAgain = (remaining: Remaining): string => outcome(remaining, 'serves again');

function outcome({previous, isDown = false}: Remaining, serves: string): string {
  if (previous === 0) return 'nothing was deployed before it';
  return isDown ? `release ${previous} was down before it, and nothing serves` : `release ${previous} ${serves}`;
}

import type {Host} from '../../../../service/hosts.ts';
import type {Commands} from '../../../../shell/argv.ts';

/** What a step is for, in the order in which a deploy goes through them. */
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

/** What is done on one host: one round trip, printable as it stands. */
export interface Step {
  readonly phase: Phase;
  readonly host: Host;
  /** In words: `start shop.prod.7.1, shop.prod.7.2`. */
  readonly what: string;
  /** In their order; the first that fails ends the step. */
  readonly commands: Commands;
  /** What puts the host back when anything fails later, in this order. Whether the step was carried out or not. */
  readonly undo?: Commands | undefined;
  /** What ends its wait, in vain once another step of its round has failed. */
  readonly cut?: Commands | undefined;
  /** What failed, in words, and what to do about it. */
  readonly purpose: string;
  readonly fix?: string | undefined;
  /** What it was rather, where what the command said has this text in it: a step is several commands. */
  readonly causes?: readonly Cause[] | undefined;
  /** Only for what is idempotent: again while the failure is transient. */
  readonly retry?: boolean | undefined;
  /** Its output is for the user: a task of the service. */
  readonly shown?: boolean | undefined;
  /** Whose log tells more when it fails. */
  readonly logs?: readonly LogPlace[] | undefined;
}

export interface LogPlace {
  readonly host: Host;
  readonly container: string;
  /** Only where what the command said has this in it. */
  readonly sign?: string | undefined;
}

export interface Cause {
  readonly sign: string;
  readonly purpose: string;
  readonly fix?: string | undefined;
}

/** Steps that are done side by side. The next round begins when all of them have ended. */
export type Round = readonly Step[];
